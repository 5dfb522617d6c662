"""Structural ties do less work: torch's own counter agrees with counts by hand."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from tests.tying.cases import plan
from tiedtts.tying import tie, untie

LENGTH = 10


def macs(model: nn.Module, x: Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        model(x)
    return counter.get_total_flops() // 2


CONV: tuple[type[nn.Module], dict[str, Any]] = (nn.Conv1d, {"kernel_size": 3, "padding": 1})
UP: tuple[type[nn.Module], dict[str, Any]] = (
    nn.ConvTranspose1d,
    {"kernel_size": 4, "stride": 2, "padding": 1},
)
FULL = 8 * 8


@pytest.mark.parametrize(
    ("layer", "scheme", "options", "expected"),
    [
        (CONV, "identity", {}, 8 * 3 * LENGTH),
        (CONV, "diagonal", {}, 8 * 3 * LENGTH),
        (CONV, "separable", {}, (FULL + 8 * 3) * LENGTH),
        (CONV, "separable", {"rank": 2}, 2 * (FULL + 8 * 3) * LENGTH),
        (CONV, "separable", {"order": "depthwise-first"}, (FULL + 8 * 3) * LENGTH),
        (CONV, "lowrank", {"rank": 2}, (2 * 8 * 3 + 8 * 2) * LENGTH),
        (CONV, "cluster", {"k": 3}, 3 * 8 * 3 * LENGTH),
        # Of a transposed convolution, torch counts a multiplication for each input and tap.
        (UP, "identity", {}, 8 * 4 * LENGTH),
        (UP, "separable", {}, (FULL + 8 * 4) * LENGTH),
        (UP, "lowrank", {"rank": 2}, (8 * 2 + 2 * 8 * 4) * LENGTH),
        (UP, "cluster", {"k": 3}, 8 * 3 * 4 * LENGTH),
        (CONV, "codebook", {"k": 4}, FULL * 3 * LENGTH),
    ],
)
def test_convolutions(
    layer: tuple[type[nn.Module], dict[str, Any]], scheme: str, options: dict[str, Any], expected: int
) -> None:
    make, arguments = layer
    tied, _ = tie(make(8, 8, **arguments), plan(scheme, **options))
    x = torch.randn(1, 8, LENGTH)
    assert macs(tied, x) == expected
    assert macs(untie(tied), x) == FULL * (3 if make is nn.Conv1d else 4) * LENGTH


@pytest.mark.parametrize(
    ("scheme", "options", "expected"),
    [("identity", {}, 0), ("diagonal", {}, 0), ("lowrank", {"rank": 2}, 32), ("cluster", {"k": 3}, 24), ("codebook", {}, 64)],
)  # fmt: skip
def test_matrices(scheme: str, options: dict[str, Any], expected: int) -> None:
    # The counter sees products of matrices only: to scale channels counts for nothing.
    tied, _ = tie(nn.Linear(8, 8), plan(scheme, **options))
    assert macs(tied, torch.randn(LENGTH, 8)) == expected * LENGTH


def test_folding_halves_both_layers() -> None:
    block = nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.Linear(8, 4))
    tied, _ = tie(block, plan("cluster", "0", into="2"))
    x = torch.randn(LENGTH, 4)
    assert macs(block, x) == 64 * LENGTH
    assert macs(tied, x) == 32 * LENGTH


def test_no_matrix_is_made_for_the_identity() -> None:
    tied, _ = tie(nn.Conv1d(512, 512, 3), plan("identity", bias="share"))
    assert sum(value.numel() for value in tied.parameters()) == 4
    assert max(value.numel() for value in tied.state_dict().values()) == 3


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_recurrent_layers(kind: type[nn.Module]) -> None:
    gates = 4 if kind is nn.LSTM else 3
    tied, _ = tie(kind(8, 8), plan("lowrank", rank=2))
    # Into the middle and out of it, for inputs and for states.
    assert macs(tied, torch.randn(LENGTH, 1, 8)) == 2 * (8 * 2 + 2 * gates * 8) * LENGTH
