"""Safetensors packed by xz: as good as unpacked ones wherever a checkpoint is read, and smaller."""

import lzma
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save, save_file

from tests.checkpoints.foreign import plan
from tiedtts import file_kinds
from tiedtts.checkpoints import checkpoint, packed_files
from tiedtts.checkpoints.conversion import convert, propose, revert
from tiedtts.errors import CheckpointError
from tiedtts.measure.statistics import statistics


def weights(path: Path) -> Path:
    torch.manual_seed(0)
    # Trained weights are mostly small: their indices have less entropy than bits.
    tensors = {f"{at}.weight": torch.randn(64, 80) ** 3 for at in range(3)}
    save_file(tensors, path, {"by": "somebody"})
    return path


def test_a_packed_checkpoint_is_one(tmp_path: Path) -> None:
    source = weights(tmp_path / "a.safetensors")
    made = convert(source, tmp_path / "t.safetensors", plan("*", "codebook", k=64))
    packed = convert(source, tmp_path / "t.safetensors.xz", plan("*", "codebook", k=64))
    assert packed.file_bytes_after < 0.9 * made.file_bytes_after
    assert packed.file_bytes_after == (tmp_path / "t.safetensors.xz").stat().st_size
    # What xz unpacks is the very file.
    assert (
        lzma.decompress((tmp_path / "t.safetensors.xz").read_bytes())
        == (tmp_path / "t.safetensors").read_bytes()
    )
    assert checkpoint.is_checkpoint(tmp_path / "t.safetensors.xz")
    assert file_kinds.is_checkpoint(tmp_path / "t.safetensors.xz")
    counts = [statistics(tmp_path / f"t.safetensors{end}").total for end in ("", ".xz")]
    assert counts[0] == counts[1]
    for end in ("", ".xz"):
        revert(tmp_path / f"t.safetensors{end}", tmp_path / f"back{end[1:]}.safetensors")
    first, second = (load_file(tmp_path / f"back{end}.safetensors") for end in ("", "xz"))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_those_of_others_are_read_and_written(tmp_path: Path) -> None:
    source = weights(tmp_path / "a.safetensors")
    (tmp_path / "b.xz").write_bytes(lzma.compress(source.read_bytes()))
    assert propose(tmp_path / "b.xz").candidates
    convert(tmp_path / "b.xz", tmp_path / "t.safetensors", plan("*", "codebook", k=1 << 14))
    revert(tmp_path / "t.safetensors", tmp_path / "back.safetensors.xz")
    found, texts = packed_files.read(tmp_path / "back.safetensors.xz")
    wanted = load_file(source)
    assert all(torch.equal(found[key], wanted[key]) for key in wanted)
    assert texts == {"by": "somebody"}


def test_packed_files_that_are_no_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors.xz"
    data = packed_files.pack(save({"a": torch.zeros(1 << 20)}))
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(CheckpointError, match="is damaged"):
        statistics(path)
    path.write_bytes(data)
    assert statistics(path).total.unique_bytes == 1 << 22
    monkeypatch.setattr(packed_files, "_SMALL", 1)
    with pytest.raises(CheckpointError, match="unpacks to more than"):
        statistics(path)
    path.write_bytes(lzma.compress(b"something else"))
    with pytest.raises(CheckpointError, match="packed"):
        statistics(path)
