"""Files that are something else than was asked for: one line that says what, and the way out."""

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tiedtts import Voice, file_kinds
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint, other_formats
from tiedtts.checkpoints.conversion import convert
from tiedtts.errors import CheckpointError, TiedTTSError, VoiceError
from tiedtts.measure.statistics import statistics
from tiedtts.nets.hifigan import Hifigan, HifiganConfig
from tiedtts.speech import library, vocoders
from tiedtts.training import start
from tiedtts.tying import TiePlan, TieRule

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 3758167\n"


def tar(path: Path) -> None:
    with tarfile.open(path, "w") as archive:
        archive.addfile(tarfile.TarInfo("a"), io.BytesIO())


def written(save: Callable[..., object], *given: object, **named: object) -> bytes:
    file = io.BytesIO()
    save(file, *given, **named)
    return file.getvalue()


def packed(path: Path, name: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"{}")


KINDS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "lfs": (lambda p: p.write_text(POINTER), "a Git LFS pointer, which stands for a file of 3,758,167 bytes", "git lfs pull"),
    "lfs dos": (lambda p: p.write_bytes(POINTER.replace("\n", "\r\n").encode()), "a Git LFS pointer", "git lfs pull"),
    "page": (lambda p: p.write_text("\n<!DOCTYPE html><html></html>"), "a web page", "downloads the file itself"),
    "bzip2": (lambda p: p.write_bytes(b"BZh91AY"), "a file packed by bzip2", "unpack it"),
    "npy": (lambda p: p.write_bytes(written(np.save, np.ones(3))), "one array of NumPy", ".safetensors"),
    "gguf": (lambda p: p.write_bytes(b"GGUF" + bytes(30)), "a GGUF file", ".safetensors"),
    "tflite": (lambda p: p.write_bytes(struct.pack("<I", 28) + b"TFL3" + bytes(30)), "a TensorFlow Lite model", ".safetensors"),
    "keras": (lambda p: p.write_bytes(b"\x89HDF\r\n\x1a\n"), "an HDF5 file", ".safetensors"),
    "gzip": (lambda p: p.write_bytes(gzip.compress(b"x")), "a file packed by gzip", "unpack it"),
    "tar": (tar, "a tar archive", "unpack it"),
    "zip": (lambda p: packed(p, "weights/a.txt"), "a zip archive", "unpack it"),
    "pt2": (lambda p: packed(p, "model/archive_format"), "a program of `torch.export`", "state_dict()"),
    "jit": (lambda p: packed(p, "a/constants.pkl"), "TorchScript", "state_dict()"),
    "sound": (lambda p: p.write_bytes(b"RIFF\0\0\0\0WAVE"), "a sound file", ""),
    "json": (lambda p: p.write_text(json.dumps({"a": 1})), "a JSON file", ""),
    "folder": (lambda p: p.mkdir(), "a folder", "name a"),
}  # fmt: skip


@pytest.mark.parametrize("at", range(len(KINDS)))
def test_each_reader_says_what_a_file_is(at: int, tmp_path: Path) -> None:
    make, what, hint = list(KINDS.values())[at]
    suffix = ["", ".pt", ".safetensors", ".onnx"][at % 4]
    path = tmp_path / f"given{suffix}"
    make(path)
    plan = TiePlan((TieRule("*", "codebook"),))
    readers: list[Callable[[], object]] = [
        lambda: checkpoint.load(path),
        lambda: other_formats.read(path),
        lambda: convert(path, tmp_path / "out.safetensors", plan),
        lambda: statistics(path),
        lambda: library.read(path),
        lambda: vocoders.choose(str(path), AudioSettings(), None, "a voice"),
    ]
    for read in readers:
        with pytest.raises(TiedTTSError) as caught:
            read()
        assert what in str(caught.value)
        assert hint in (caught.value.hint or "")
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize("kind", ["archive", "old", "safetensors"])
def test_a_hifigan_is_no_voice(kind: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = Hifigan(HifiganConfig(n_mels=4, channels=16)).state_dict()
    path = tmp_path / ("g.safetensors" if kind == "safetensors" else "g")
    if kind == "safetensors":
        save_file(state, path)
    else:
        torch.save({"generator": state}, path, _use_new_zipfile_serialization=kind == "archive")
    assert file_kinds.is_checkpoint(path)
    with pytest.raises(TiedTTSError, match="a HiFi-GAN generator"):
        Voice.load(path)
    with pytest.raises(VoiceError, match="is a HiFi-GAN generator, not a voice") as caught:
        library.find(path)
    assert "`tiedtts tie` and `stats` read g" in (caught.value.hint or "")
    with pytest.raises(TiedTTSError, match="HiFi-GAN generator"):
        Voice.load("kathleen", vocoder=path)
    with pytest.raises(CheckpointError, match="a HiFi-GAN generator") as refused:
        checkpoint.load(path)
    assert refused.value.hint == caught.value.hint
    with pytest.raises(CheckpointError, match="a HiFi-GAN generator"):
        start.load(path)


def test_a_folder_names_what_is_in_it(tmp_path: Path) -> None:
    for name in ("a.pt", "b.pt"):
        torch.save({"a.weight": torch.ones(2, 2)}, tmp_path / name)
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(CheckpointError, match=r"is a folder$") as caught:
        statistics(tmp_path)
    assert caught.value.hint == "name a file in it: a.pt, b.pt"
    (tmp_path / "b.pt").unlink()
    assert statistics(tmp_path).total.unique_parameters == 4


def test_nothing_is_known_of_what_is_not_there(tmp_path: Path) -> None:
    assert file_kinds.kind(tmp_path / "none") is None
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "cut").write_bytes(b"PK\x03\x04")
    assert file_kinds.kind(tmp_path / "empty") is None
    assert file_kinds.kind(tmp_path / "cut") is None
