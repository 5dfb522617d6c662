"""Checkpoints in several files: read through their index, written back as one."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.checkpoints.foreign import assert_same, plan
from tiedtts.checkpoints import other_formats
from tiedtts.checkpoints.conversion import convert, revert
from tiedtts.errors import CheckpointError
from tiedtts.measure.statistics import statistics

GIVEN = {"a.weight": torch.arange(12.0).reshape(4, 3), "b.weight": torch.ones(5, 6), "b.bias": torch.ones(5)}


def folder(path: Path, suffix: str = ".safetensors") -> Path:
    """Write the tensors as two files and an index."""
    name = "model" if suffix == ".safetensors" else "pytorch_model"
    shards = [f"{name}-0000{at}-of-00002{suffix}" for at in (1, 2)]
    where = {"a.weight": shards[0], "b.weight": shards[1], "b.bias": shards[0]}
    for shard in shards:
        part = {key: value for key, value in GIVEN.items() if where[key] == shard}
        if suffix == ".safetensors":
            save_file(part, path / shard, {"format": "pt"})
        else:
            torch.save(part, path / shard)
    index = path / f"{name}{suffix}.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": where}))
    return index


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
def test_all_files_are_one_checkpoint(suffix: str, tmp_path: Path) -> None:
    index = folder(tmp_path, suffix)
    (tmp_path / "config.json").write_text("{}")
    for given in (index, tmp_path):
        counted = statistics(given)
        assert counted.total.unique_parameters == 12 + 30 + 5
        assert counted.file_bytes == sum(each.stat().st_size for each in tmp_path.glob("*model*"))
    made = convert(tmp_path, tmp_path / "tied.safetensors", plan("b", "codebook", k=4))
    assert "read from 2 files; written back, it is one" in made.notes
    revert(tmp_path / "tied.safetensors", tmp_path / "back.safetensors")
    assert_same(load_file(tmp_path / "back.safetensors"), dict(sorted(GIVEN.items())))


def test_one_of_several_says_so(tmp_path: Path) -> None:
    folder(tmp_path)
    found = other_formats.read(tmp_path / "model-00001-of-00002.safetensors")
    assert found.notes == ("this is file 1 of 2: model.safetensors.index.json has all of them",)


def test_a_file_of_several_is_not_written_over(tmp_path: Path) -> None:
    index = folder(tmp_path)
    target = tmp_path / "model-00002-of-00002.safetensors"
    with pytest.raises(CheckpointError, match="is the checkpoint itself"):
        convert(index, target, plan("*", "codebook"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda v: v["weight_map"].update({"a.weight": "gone.safetensors"}), "gone.safetensors is missing, one of 3"),
        (lambda v: v["weight_map"].update({"a.weight": "../x"}), r"`\.\./x` is no file beside it"),
        (lambda v: v["weight_map"].update({"c": "model-00001-of-00002.safetensors"}), "lacks `c`, which"),
        (lambda v: v.update({"weight_map": {}}), "must be a table of file names"),
        (lambda v: v.update({"weight_map": [1]}), "is not the index of a checkpoint"),
        (lambda v: v.pop("weight_map"), "is not the index of a checkpoint"),
    ],
)  # fmt: skip
def test_damaged_indices(change: Any, message: str, tmp_path: Path) -> None:
    index = folder(tmp_path)
    values = json.loads(index.read_text())
    change(values)
    index.write_text(json.dumps(values))
    with pytest.raises(CheckpointError, match=message):
        other_formats.read(index)


def test_a_pointer_among_the_files(tmp_path: Path) -> None:
    index = folder(tmp_path)
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
    (tmp_path / "model-00002-of-00002.safetensors").write_text(pointer)
    with pytest.raises(CheckpointError, match=r"model-00002-of-00002\.safetensors is a Git LFS pointer"):
        other_formats.read(index)
