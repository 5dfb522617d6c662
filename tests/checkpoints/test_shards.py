"""Checkpoints in several files: read through their index, written back as one."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.checkpoints.foreign import assert_same, generator, plan
from tiedtts.checkpoints import checkpoint, other_formats, shard_writer, shards, weight_files
from tiedtts.checkpoints.conversion import convert, revert
from tiedtts.errors import CheckpointError, ConfigError
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
    assert made.notes == ("read from 2 files",)
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


def large(path: Path, suffix: str = ".safetensors", count: int = 6) -> dict[str, torch.Tensor]:
    """Write a net with layers of several kinds as three files and an index; return its tensors."""
    seeded = torch.Generator().manual_seed(0)
    given: dict[str, torch.Tensor] = {"emb.weight": torch.randn(30, 16, generator=seeded)}
    for at in range(count):
        given |= {
            f"h.{at}.q.weight": torch.randn(16, 16, generator=seeded),
            f"h.{at}.q.bias": torch.randn(16, generator=seeded),
            f"h.{at}.norm.weight": torch.randn(16, generator=seeded),
            f"h.{at}.conv.weight": torch.randn(8, 16, 3, generator=seeded).half(),
            f"h.{at}.rnn.weight_ih": torch.randn(12, 16, generator=seeded),
            f"h.{at}.steps": torch.tensor(at),
        }
    where = {key: f"model-0000{1 + at % 3}-of-00003{suffix}" for at, key in enumerate(given)}
    for shard in set(where.values()):
        part = {key: value for key, value in given.items() if where[key] == shard}
        torch.save(part, path / shard) if suffix == ".bin" else save_file(
            part, path / shard, {"format": "pt"}
        )
    (path / f"model{suffix}.index.json").write_text(json.dumps({"weight_map": where}))
    return given


WAYS: list[tuple[str, str, dict[str, Any]]] = [
    ("*", "codebook", {"k": 8}),
    ("*.q", "lowrank", {"rank": 2}),
    ("h.*", "lowrank", {"rank": 2, "shared": True}),
    ("*", "share", {"groups": 2}),
    ("*", "share", {"rank": 2}),
    ("*.conv", "cluster", {"ratio": 0.5}),
]


@pytest.mark.parametrize(
    ("way", "suffix"), [*((way, ".safetensors") for way in WAYS), *((way, ".bin") for way in WAYS[1:4:2])]
)
def test_piece_by_piece_is_as_a_whole(
    way: tuple[str, str, dict[str, Any]], suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_writer, "_MOST_WAITING", 700)
    given = large(tmp_path, suffix)
    index = tmp_path / f"model{suffix}.index.json"
    ties = plan(way[0], way[1], **way[2])
    one, several = tmp_path / "one.safetensors", tmp_path / "several.safetensors.index.json"
    torch.save(given, tmp_path / "whole.pt")
    whole = convert(tmp_path / "whole.pt", tmp_path / "whole.safetensors", ties).report
    for target in (one, several):
        assert dataclasses.replace(
            convert(index, target, ties, largest=1500).report, passed_over=()
        ) == dataclasses.replace(whole, passed_over=())
    assert len(shards.read(several).files) > 2
    wanted = checkpoint.load(tmp_path / "whole.safetensors")
    for target in (one, several):
        found = checkpoint.load(target)
        state = found.parts["model"].state_dict()
        assert {key: value.tolist() for key, value in state.items()} == {
            key: value.tolist() for key, value in wanted.parts["model"].state_dict().items()
        }
        assert found.plans == wanted.plans
        assert statistics(target).total.unique_parameters == whole.parameters_after
    revert(tmp_path / "whole.safetensors", tmp_path / "plain.pt")
    plain = torch.load(tmp_path / "plain.pt")
    for target in ("back.safetensors.index.json", "back.bin.index.json", "back.safetensors", "back.pt"):
        assert revert(several, tmp_path / target, largest=4000) == sum(
            v.numel() for v in plain.values() if v.is_floating_point()
        )
        back = weight_files.read(tmp_path / target).tensors
        assert back.keys() == plain.keys()
        for key, value in plain.items():
            assert back[key].dtype == value.dtype
            assert torch.equal(back[key], value), key
    assert len(shards.read(tmp_path / "back.safetensors.index.json").files) > 2
    assert not list(tmp_path.glob(".unfinished*"))


def test_passed_over_and_refused(tmp_path: Path) -> None:
    large(tmp_path)
    out = tmp_path / "out.safetensors.index.json"
    made = convert(tmp_path, out, plan("*", "lowrank", rank=12))
    assert any(
        "`model.h.0.conv`" in line and "a rank of 12 is above its own, 8" in line
        for line in made.report.passed_over
    )
    for ties, message in (
        (plan("*.conv", "lowrank", rank=12), "a rank of 12 is above its own"),
        (plan("emb", "share"), "has no other layer to share with"),
        (plan("none", "codebook"), "no layer matches `none`"),
        (plan("*", "io", output="emb"), "needs the layers"),
    ):
        with pytest.raises(ConfigError, match=message):
            convert(tmp_path, tmp_path / "no.safetensors.index.json", ties)
    assert not list(tmp_path.glob("no*"))
    assert not list(tmp_path.glob(".unfinished*"))


def test_files_of_an_older_checkpoint_go(tmp_path: Path) -> None:
    (tmp_path / "from").mkdir()
    large(tmp_path / "from")
    out = tmp_path / "out.safetensors.index.json"
    convert(tmp_path / "from", out, plan("*", "codebook"), largest=2000)
    many = {file.name for file in shards.read(out).files}
    convert(tmp_path / "from", out, plan("*", "codebook"), largest=10**6)
    (one,) = (file.name for file in shards.read(out).files)
    assert {each.name for each in tmp_path.glob("out-*")} == {one}
    assert one not in many


def test_its_own_files_are_not_written_over(tmp_path: Path) -> None:
    large(tmp_path)
    (tmp_path / "model.safetensors.index.json").rename(tmp_path / "other.safetensors.index.json")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    size = max(map(len, before.values())) // 5
    with pytest.raises(CheckpointError, match="is a file of the checkpoint itself"):
        convert(
            tmp_path / "other.safetensors.index.json",
            tmp_path / "model.safetensors.index.json",
            plan("*", "codebook"),
            largest=size,
        )
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_nets_known_here_are_written_into_several_files(tmp_path: Path) -> None:
    torch.save({"generator": generator().state_dict()}, tmp_path / "g")
    out = tmp_path / "out.safetensors.index.json"
    convert(tmp_path / "g", out, plan("*", "codebook"), largest=10_000)
    assert len(shards.read(out).files) > 1
    assert checkpoint.load(out).parts["vocoder"] is not None
    with pytest.raises(CheckpointError, match="cannot be in several files"):
        revert(out, tmp_path / "back.bin.index.json")
    revert(out, tmp_path / "back.pt")
    assert torch.load(tmp_path / "back.pt").keys() == {"generator"}


def test_a_lost_file_of_a_tied_checkpoint(tmp_path: Path) -> None:
    large(tmp_path)
    out = tmp_path / "out.safetensors.index.json"
    convert(tmp_path, out, plan("*", "codebook"), largest=3000)
    lost = shards.read(out).files[1]
    data = load_file(lost)
    save_file(dict(list(data.items())[1:]), lost)
    for read in (lambda: checkpoint.load(out), lambda: revert(out, tmp_path / "b.safetensors.index.json")):
        with pytest.raises(CheckpointError, match="lacks `"):
            read()
    lost.unlink()
    with pytest.raises(CheckpointError, match="is missing, one of"):
        checkpoint.load(out)
