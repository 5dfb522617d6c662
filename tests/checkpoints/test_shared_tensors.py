"""Ties that a checkpoint of another program has: counted once, kept, and given back."""

import random
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from tests.checkpoints.foreign import plan, through_json
from tiedtts.checkpoints import other_formats
from tiedtts.checkpoints.conversion import convert, revert
from tiedtts.measure.statistics import statistics
from tiedtts.nets.state_dict import StateDictNet


def whole(*shape: int) -> Tensor:
    return torch.randn(shape)


def language_model() -> dict[str, Any]:
    table = whole(100, 16)
    return {"emb.weight": table, "x.weight": whole(64, 16), "head.weight": table, "head.bias": whole(100)}


def turned() -> dict[str, Any]:
    table = whole(30, 16)
    return {"model": OrderedDict([("emb.weight", table), ("head.weight", table.t())])}


def slices() -> dict[str, Any]:
    matrix = whole(24, 20)
    return {"a.weight": matrix, "b.weight": matrix[:12], "c.weight": matrix[:, 5:], "d": matrix[3]}


def overlapping() -> dict[str, Any]:
    matrix = whole(25, 20)
    return {"x.weight": whole(9, 9), "a.weight": matrix[:15], "b.weight": matrix[10:]}


def one_number() -> dict[str, Any]:
    return {"x.weight": whole(9, 9), "bias": torch.ones(1).expand(64)}


def beside_each_other() -> dict[str, Any]:
    matrix = whole(12, 20)
    return {
        "x.weight": whole(9, 9),
        "a.weight": matrix[:, :10],
        "b.weight": matrix[:, 10:],
        "c.weight": matrix[2:4].t(),
    }


def weight_norm() -> dict[str, Any]:
    g, v = whole(8, 1, 1).abs(), whole(8, 4, 3)
    return {
        "a.weight_g": g,
        "a.weight_v": v,
        "b.weight_g": g,
        "b.weight_v": v,
        "c.weight_g": whole(8, 1),
        "c.weight_v": whole(8, 4),
    }


def eight_bits() -> dict[str, Any]:
    scaled = whole(20, 20).to(torch.float8_e4m3fn)
    return {
        "x.weight": whole(9, 9),
        "a.weight": scaled,
        "b.weight": scaled,
        "c": whole(3).to(torch.float8_e5m2),
    }


MADE = [language_model, turned, slices, overlapping, one_number, beside_each_other, weight_norm, eight_bits]


def generated(seed: int) -> dict[str, Any]:
    """Tensors that look at a few pieces of memory in many ways."""
    draw = random.Random(seed)
    pieces = [whole(12, 18).to(draw.choice([torch.float32, torch.float16])) for _ in range(2)]
    made: dict[str, Any] = {"plain.weight": whole(10, 10)}
    for at in range(6):
        seen = draw.choice(pieces)
        for _ in range(draw.randrange(3)):
            first, step = draw.randrange(4), draw.randrange(1, 3)
            seen = draw.choice([seen.t(), seen[first:], seen[:, first:], seen[:, ::step], seen])
        made[f"l{at}.weight"] = seen
    return {"state_dict": made} if seed % 2 else made


def memory(tensors: dict[str, Tensor]) -> dict[str, set[int]]:
    """The places in memory that each tensor looks at, in bytes from the first one of its memory."""
    found = {}
    for key, value in tensors.items():
        index = torch.tensor(0)
        for size, step in zip(value.shape, value.stride(), strict=True):
            index = index[..., None] + torch.arange(size) * step
        start = value.untyped_storage().data_ptr() + value.storage_offset() * value.itemsize
        found[key] = {start + each * value.itemsize for each in index.flatten().tolist()}
    return found


def shared(tensors: dict[str, Tensor]) -> dict[tuple[str, str], int]:
    """How many numbers each two tensors have in common."""
    places = memory(tensors)
    return {(a, b): len(places[a] & places[b]) for a in places for b in places if a < b}


def net_of(contents: dict[str, Any]) -> dict[str, Tensor]:
    return next((contents[key] for key in ("model", "state_dict") if key in contents), contents)


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(path, weights_only=True)
    return found


@pytest.mark.parametrize("make", [*MADE, *range(6)])
def test_shared_tensors_are_counted_once_and_come_back_shared(make: Any, tmp_path: Path) -> None:
    torch.manual_seed(make if isinstance(make, int) else 0)
    given = generated(make) if isinstance(make, int) else make()
    path = tmp_path / "given.pt"
    torch.save(given, path)
    tensors = net_of(given)
    if make is not weight_norm:
        counted = statistics(path)
        assert counted.total.unique_parameters == sum(map(len, [set().union(*memory(tensors).values())]))
        assert counted.total.named_parameters == sum(value.numel() for value in tensors.values())
    # What is not tied comes back bit by bit.
    layers = "plain*" if isinstance(make, int) else "*"
    if make in (beside_each_other, eight_bits):
        layers = "x*"
    made = convert(path, tmp_path / "tied.safetensors", plan(layers, "codebook", k=8))
    if make is language_model:
        assert made.report.parameters_before == 1600 + 64 * 16 + 100
        assert (tmp_path / "tied.safetensors").stat().st_size < path.stat().st_size
    revert(tmp_path / "tied.safetensors", tmp_path / "back.pt")
    back = net_of(load(tmp_path / "back.pt"))
    wanted = net_of(load(path))
    assert list(back) == list(wanted)
    assert shared(back) == shared(wanted)
    for key, value in wanted.items():
        assert (back[key].dtype, back[key].shape) == (value.dtype, value.shape)
        if isinstance(make, int) and key != "plain.weight":
            assert torch.equal(back[key], value)


def test_a_file_keeps_its_size(tmp_path: Path) -> None:
    torch.save(language_model(), tmp_path / "a.pt")
    found = other_formats.read(tmp_path / "a.pt")
    assert found.notes == ("stored once, and given back so: head.weight with emb.weight",)
    other_formats.write_plain(tmp_path / "b.pt", found.net, through_json(found.origin))
    assert (tmp_path / "b.pt").stat().st_size < (tmp_path / "a.pt").stat().st_size * 1.1


def test_a_tensor_that_another_one_sees_is_not_changed_with_it(tmp_path: Path) -> None:
    torch.save(language_model(), tmp_path / "a.pt")
    net = other_formats.read(tmp_path / "a.pt").net
    assert isinstance(net, StateDictNet)
    given = load(tmp_path / "a.pt")
    with torch.no_grad():
        for value in net.parameters():
            value.zero_()
    assert given["emb.weight"].any()


def test_safetensors_name_what_is_one(tmp_path: Path) -> None:
    """Its own library writes shared tensors so: one is there, the text names the other."""
    table = whole(100, 16)
    texts = {"format": "pt", "head.weight": "emb.weight"}
    save_file({"emb.weight": table, "x.weight": whole(3, 4)}, tmp_path / "a.safetensors", texts)
    counted = statistics(tmp_path / "a.safetensors").total
    assert (counted.unique_parameters, counted.named_parameters) == (1612, 3212)
    convert(tmp_path / "a.safetensors", tmp_path / "t.safetensors", plan("emb", "codebook", k=4))
    revert(tmp_path / "t.safetensors", tmp_path / "b.safetensors")
    assert set(load_file(tmp_path / "b.safetensors")) == {"emb.weight", "x.weight"}
    again = statistics(tmp_path / "b.safetensors").total
    assert (again.unique_parameters, again.named_parameters) == (1612, 3212)
    revert(tmp_path / "t.safetensors", tmp_path / "b.pt")
    back = load(tmp_path / "b.pt")
    assert back["head.weight"].data_ptr() == back["emb.weight"].data_ptr()
    torch.save(language_model(), tmp_path / "l.pt")
    found = other_formats.read(tmp_path / "l.pt")
    other_formats.write_plain(tmp_path / "l.safetensors", found.net, found.origin)
    assert statistics(tmp_path / "l.safetensors").total.named_parameters == 1600 * 2 + 1024 + 100
