"""The pieces of the proof: what is pruned, rounded, counted and told."""

import copy
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.benchmarks import tying_report
from tests.benchmarks.tying import macs, own_count
from tests.benchmarks.tying_variants import SCRATCH, TRAINED, Variant, prune, quantise, stored_bytes
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.tying import TiePlan, tie


def net(part: str) -> nn.Module:
    torch.manual_seed(0)
    return AcousticNet(AcousticConfig()) if part == "acoustic" else HarmonicVocoder(VocoderConfig())


@pytest.mark.parametrize("part", ["acoustic", "vocoder"])
def test_every_plan_fits(part: str) -> None:
    plain = net(part)
    work = macs(plain, part)
    for name in {v.name: v for v in (*SCRATCH, *TRAINED) if v.rules is not None and "codebook" not in v.name}:
        variant = next(v for v in (*SCRATCH, *TRAINED) if v.name == name)
        assert variant.rules is not None
        tied, report = tie(plain, TiePlan.from_dict({"tie": variant.rules(part)}))
        assert own_count(tied) < own_count(plain)
        if name.startswith(("lowrank", "cluster")):
            assert macs(tied, part) < work
        else:
            assert macs(tied, part) == work
        assert not any(row.layer.startswith("variance") for row in report.layers)
        assert not any("left as it is" in row.note for row in report.layers)


def test_pruning_takes_the_smallest() -> None:
    made = net("vocoder")
    before = copy.deepcopy(made).state_dict()
    masks = prune(made, "vocoder", 0.75)
    assert all("blocks" in name for name in masks)
    for name, mask in masks.items():
        assert mask.mean().item() == pytest.approx(0.25, abs=0.01)
        gone, kept = before[name][mask == 0].abs(), before[name][mask == 1].abs()
        assert gone.max() <= kept.min()
        assert torch.equal(made.state_dict()[name], before[name] * mask)


@pytest.mark.parametrize(("store", "error"), [("fp16", 1e-3), ("int8", 0.02)])
def test_rounding(store: str, error: float) -> None:
    made = net("vocoder")
    rounded = copy.deepcopy(made)
    quantise(rounded, store)
    first, second = made.body.blocks[0].expand.weight, rounded.body.blocks[0].expand.weight  # type: ignore[union-attr, index]
    assert 0 < ((first - second).norm() / first.norm()).item() < error
    if store == "int8":
        assert all(len(row.unique()) <= 255 for row in second)


def test_bytes_by_hand() -> None:
    layer = nn.ModuleDict({"blocks": nn.ModuleList([nn.Linear(16, 8)])})
    assert stored_bytes(layer, "vocoder", Variant("a")) == 4 * 136
    assert stored_bytes(layer, "vocoder", Variant("a", store="fp16")) == 2 * 136
    assert stored_bytes(layer, "vocoder", Variant("a", store="int8")) == 128 + 2 * 8 + 2 * 8
    prune(layer, "vocoder", 0.5)
    assert stored_bytes(layer, "vocoder", Variant("a", prune=0.5)) == 128 // 8 + 4 * 64 + 4 * 8


def test_report_and_picture(tmp_path: Path) -> None:
    row = {
        "part": "vocoder",
        "study": "trained",
        "name": "lowrank",
        "seed": 1,
        "steps": 9,
        "parameters": 1234,
        "macs_per_second": 5e6,
        "before": 2.0,
        "after": 1.0,
        "bytes": 4000,
    }
    rows = [row, {**row, "seed": 2, "after": 1.1}]
    text = tying_report.report(rows)
    assert "| lowrank | 1,234 | 4 | 5.0 | 2.0000 | 1.0500 ± 0.0500 | 2 |" in text
    tying_report.picture(rows, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
