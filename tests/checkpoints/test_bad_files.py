"""Weight files that are no good: each is one clear error, and nothing in it is run."""

import json
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch

from tiedtts.checkpoints import other_formats
from tiedtts.errors import CheckpointError, ConfigError


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("ran",)


def save_evil(path: Path) -> None:
    torch.save({"a": torch.ones(2), "b": Evil()}, path)


def save_evil_of_old(path: Path) -> None:
    torch.save({"b": Evil()}, path, _use_new_zipfile_serialization=False)


def save_truncated(path: Path) -> None:
    torch.save({"a": torch.ones(1000)}, path)
    path.write_bytes(path.read_bytes()[:2000])


def save_truncated_of_old(path: Path) -> None:
    torch.save({"a": torch.ones(1000)}, path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:2000])


def save_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, 2))
        archive.writestr("archive/data/0", bytes(1_000_000))


def save_huge_header(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 1 << 42) + b'{"a":1}')


def save_huge_tensor(path: Path) -> None:
    header = json.dumps({"a": {"dtype": "F32", "shape": [1 << 40], "data_offsets": [0, 1 << 42]}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)


def save_spread(path: Path) -> None:
    torch.save({"a": torch.ones(1).expand(1 << 20, 1 << 20)}, path)


@pytest.mark.parametrize(
    ("save", "message"),
    [
        (save_evil, "holds code (print), not only tensors"),
        (save_evil_of_old, "holds code (print), not only tensors"),
        (save_truncated, "is truncated: the end of the archive is missing"),
        (save_truncated_of_old, "is damaged, or not a checkpoint: "),
        (save_bomb, "is a compressed archive, not what `torch.save` writes"),
        (save_huge_header, "is not a readable safetensors file: "),
        (save_huge_tensor, "is not a readable safetensors file: "),
        (save_spread, "claims 4,398,046,511,104 bytes, but the file has 4 for it"),
        (lambda path: path.write_text("hello"), "is not a checkpoint"),
        (lambda path: path.write_bytes(b""), "is not a checkpoint"),
        (lambda path: path.write_bytes(b"\x80\x02"), "is damaged, or not a checkpoint: "),
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: None, "is no file"),
        (lambda path: torch.save({}, path), "holds no tensors by name"),
        (lambda path: torch.save({"a": {"b": {"c": 1}}}, path), "holds no tensors by name"),
        (lambda path: torch.save({"optimizer": {"x": torch.ones(1)}}, path), "holds no tensors by name"),
        (lambda path: torch.save(torch.ones(2), path), "holds one tensor, no tensors by name"),
        (lambda path: torch.save([1], path), "holds a list, no tensors by name"),
        (lambda path: torch.save({1: torch.ones(2)}, path), "holds no tensors by name"),
        (
            lambda path: torch.save({"mpd": {"x.a": torch.ones(1)}, "mpd.x": {"a": torch.ones(1)}}, path),
            "holds tensors of 2 nets with names inside each other: mpd, mpd.x",
        ),
        (lambda path: torch.save({"a": torch.ones(2, 2).to_sparse()}, path), "not plain numbers"),
        (lambda path: torch.save({"a": torch.ones(2, dtype=torch.complex64)}, path), "not plain numbers"),
        (lambda path: torch.save({"a": torch.tensor(float("nan"))}, path), "holds NaN"),
        (
            lambda path: torch.save({"a.weight_g": torch.ones(2, 1), "a.weight_v": torch.ones(3, 4)}, path),
            "`a.weight_g` is (2, 1), which does not fit `a.weight_v`, (3, 4)",
        ),
    ],
)
def test_files_that_are_no_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], save: Any, message: str
) -> None:
    path = tmp_path / "bad.pt"
    save(path)
    with pytest.raises(CheckpointError) as caught:
        other_formats.read(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert capsys.readouterr().out == ""


def test_architectures_that_do_not_fit(tmp_path: Path) -> None:
    torch.save({"a.weight": torch.ones(2, 2)}, tmp_path / "a.pt")
    for arch, key in (("hifigan", "conv_pre.weight"), ("tacotron2", "embedding.weight")):
        with pytest.raises(CheckpointError, match=f"`{key}` is missing$"):
            other_formats.read(tmp_path / "a.pt", arch)
    with pytest.raises(ConfigError, match=r"^there is no architecture `vits`$"):
        other_formats.read(tmp_path / "a.pt", "vits")
