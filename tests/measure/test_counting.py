"""Counts by storage, where usual counters are wrong."""

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

from tests.tying.cases import plan
from tiedtts.measure.counting import count, stored, stored_bytes
from tiedtts.tying import count_parameters, tie


class Wrapper(nn.Module):
    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer


def linear() -> nn.Linear:
    return nn.Linear(100, 100)


def test_untied() -> None:
    found = count(nn.Sequential(linear(), linear(), linear()))
    assert (found.unique_parameters, found.named_parameters, found.tying_ratio) == (30_300, 30_300, 1.0)
    assert found.unique_bytes == 4 * 30_300
    assert [row.shared_with for row in found.modules] == ["", "", ""]


def test_shared_module() -> None:
    layer = linear()
    found = count(nn.Sequential(Wrapper(layer), Wrapper(layer), Wrapper(layer)))
    assert (found.unique_parameters, found.named_parameters) == (10_100, 30_300)
    assert [(row.name, row.unique_parameters, row.shared_with) for row in found.modules] == [
        ("0.layer", 10_100, ""),
        ("1.layer", 0, "0.layer"),
        ("2.layer", 0, "0.layer"),
    ]


def test_shared_parameters() -> None:
    net = nn.Sequential(linear(), linear(), linear())
    for layer in net[1:]:
        layer.weight, layer.bias = net[0].weight, net[0].bias  # type: ignore[assignment]
    found = count(net)
    assert (found.unique_parameters, found.named_parameters, found.tying_ratio) == (10_100, 30_300, 3.0)
    assert [row.shared_with for row in found.modules] == ["", "0", "0"]


def test_a_looped_layer_is_one() -> None:
    found = count(Wrapper(linear()))
    assert (found.unique_parameters, found.named_parameters) == (10_100, 10_100)


def test_weight_norm() -> None:
    found = count(parametrizations.weight_norm(nn.Conv1d(64, 64, 3)))
    # A norm a channel is stored beside the directions, which no tie would spare.
    assert found.unique_parameters == found.named_parameters == 64 * 64 * 3 + 64 + 64


def test_views_of_a_bank() -> None:
    net = nn.Module()
    net.bank = nn.Parameter(torch.zeros(300, 100))
    net.rows = nn.Parameter(net.bank.data[:100])
    found = count(net)
    assert (found.unique_parameters, found.named_parameters) == (30_000, 40_000)
    assert found.unique_bytes == 120_000


def test_views_that_overlap_in_part() -> None:
    bank = torch.zeros(10, 10)
    assert stored([bank[:6], bank[4:]]) == 100
    assert stored([bank[:, :3], bank[:, 2:5]]) == 50
    assert stored([bank[0].expand(7, 10)]) == 10
    assert stored([bank[2:4].T, bank[3]]) == 20
    assert stored_bytes([bank.half(), bank]) == 200 + 400
    assert stored([torch.empty(0)]) == 0


def test_buffers_apart() -> None:
    found = count(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    assert found.unique_parameters == 15 + 6
    assert found.buffers == 3 + 3 + 1
    assert found.unique_bytes == 4 * 27 + 8


@pytest.mark.parametrize(
    ("scheme", "options"),
    [
        ("share", {}),
        ("codebook", {"k": 4}),
        ("lowrank", {"rank": 2}),
        ("lowrank", {"rank": 2, "shared": True}),
        ("cluster", {"k": 3}),
        ("identity", {}),
        ("diagonal", {}),
    ],
)
@pytest.mark.parametrize("bias", ["keep", "share", "zero"])
def test_tied_layers(scheme: str, options: dict[str, Any], bias: str) -> None:
    tied, report = tie(
        nn.Sequential(*(nn.Linear(6, 6) for _ in range(3))), plan(scheme, "*", bias, **options)
    )
    found = count(tied)
    assert found.unique_parameters == report.parameters_after == count_parameters(tied)
    assert found.named_parameters == 3 * (36 + (0 if bias == "zero" else 6))
    assert sum(row.unique_parameters for row in found.modules) == found.unique_parameters
    assert sum(row.unique_bytes for row in found.modules) == found.unique_bytes
    assert {row.scheme for row in found.modules} == {scheme}
    owned = [row.shared_with for row in found.modules]
    assert owned == (["", "0", "0"] if scheme == "share" or options.get("shared") else ["", "", ""])


def test_a_shared_bank_of_a_tied_embedding() -> None:
    net = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 9))
    tied, _ = tie(net, plan("io", "0", output="1"))
    found = count(tied)
    assert found.unique_parameters == 36 + 9
    assert found.named_parameters == 72 + 9
    assert found.modules[1].shared_with == "0"
