"""The things beside the weights in another program's file: all come back but the state of an optimizer."""

import math
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.checkpoints.foreign import plan, through_json
from tiedtts.checkpoints import layout, other_formats
from tiedtts.checkpoints.conversion import convert, revert
from tiedtts.errors import CheckpointError

NET = {"a.weight": torch.arange(12.0).reshape(4, 3), "a.bias": torch.ones(4)}
BESIDE: dict[str, Any] = {
    "args": {"lr": 1e-3, "sizes": [1, 2, (3, [4])], "optimizer": {"name": "adam"}, "none": None, "on": True},
    "epoch": 3,
    "names": ("a", "b"),
    "inf": [math.inf, -math.inf],
    "order": OrderedDict([("z", 1), ("a", {"b": {"c": {"d": ["e"]}}})]),
    "of": {torch.float16, torch.int64},
    "size": torch.Size([2, 3]),
    "device": torch.device("cpu"),
    "complex": 1 + 2j,
    "best": torch.tensor(0.25),
    "history": [torch.ones(2), {"loss": torch.zeros(3)}],
    "ema": {"a.weight": torch.full((4, 3), 2.0)},
    7: "seven",
    (1, 2): "pair",
}
OPTIMIZERS: dict[str, Any] = {
    "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": [{"lr": 1.0}]},
    "optimizer_states": [{"state": {}, "param_groups": []}],
    "adam": {"state": {}, "param_groups": [{"lr": 1.0}]},
}


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


@pytest.mark.parametrize("container", ["model_state_dict", "model.state_dict", ""])
def test_everything_but_the_optimizer_comes_back(container: str, tmp_path: Path) -> None:
    value: dict[Any, Any] = dict(NET)
    for key in reversed(container.split(".") if container else []):
        value = {key: value, "version": "1.2"}
    beside = BESIDE if container else {k: v for k, v in BESIDE.items() if k != "best"}
    torch.save({**value, **beside, **OPTIMIZERS}, tmp_path / "a.pt")
    made = convert(tmp_path / "a.pt", tmp_path / "tied.safetensors", plan("a", "codebook", k=64))
    assert "left out: optimizer, optimizer_states, adam" in made.notes
    assert made.report.parameters_before == 16
    revert(tmp_path / "tied.safetensors", tmp_path / "back.pt")
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert same({**value, **beside}, back)


def test_an_older_origin_is_still_written(tmp_path: Path) -> None:
    torch.save({"model": NET}, tmp_path / "a.pt")
    found = other_formats.read(tmp_path / "a.pt")
    origin = through_json(found.origin)
    for key in ("layout", "views", "metadata"):
        del origin[key]
    other_formats.write_plain(tmp_path / "b.pt", found.net, {**origin, "beside": {"epoch": 3}})
    assert same(torch.load(tmp_path / "b.pt", weights_only=True), {"model": NET, "epoch": 3})


@pytest.mark.parametrize(
    "text", ["[", '["dict"]', '["tensor","x"]', '["who",1]', '["dict",[[["list",[]],1]]]']
)
def test_a_damaged_layout(text: str) -> None:
    with pytest.raises(CheckpointError, match=r"^the layout of the first file is damaged$"):
        layout.put_together(text, {}, {})


def test_nested_without_end(tmp_path: Path) -> None:
    value: dict[str, Any] = {}
    value["again"] = value
    torch.save({"model": NET, "x": value}, tmp_path / "a.pt")
    with pytest.raises(CheckpointError, match="nested too deeply"):
        other_formats.read(tmp_path / "a.pt")


def test_several_nets_are_tied_as_one(tmp_path: Path) -> None:
    value = {
        "step": 3,
        "mpd": {"a.weight": torch.arange(12.0).reshape(4, 3), "net": 1},
        "msd": OrderedDict([("inner", {"a.weight": torch.arange(8.0).reshape(4, 2)}), ("names", ["x"])]),
        "optim_d": OPTIMIZERS["optimizer"],
    }
    torch.save(value, tmp_path / "a.pt")
    made = convert(tmp_path / "a.pt", tmp_path / "tied.safetensors", plan("*", "codebook", k=64))
    assert "2 nets are taken as one: mpd, msd.inner" in made.notes
    assert [row.layer for row in made.report.layers] == ["model.mpd.a", "model.msd.inner.a"]
    revert(tmp_path / "tied.safetensors", tmp_path / "back.pt")
    back = torch.load(tmp_path / "back.pt", weights_only=True)
    assert same({key: of for key, of in value.items() if key != "optim_d"}, back)
