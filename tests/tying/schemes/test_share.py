"""`share` with differences: what the common weight leaves, layer by layer."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from tests.tying.cases import plan
from tiedtts.errors import ConfigError
from tiedtts.tying import tie, tie_map

LAYERS: list[Callable[[], nn.Module]] = [
    lambda: nn.Linear(24, 16),
    lambda: nn.Conv1d(8, 12, 3, groups=2),
    lambda: nn.ConvTranspose1d(8, 12, 4, groups=2),
    lambda: nn.Embedding(20, 16),
    lambda: nn.GRU(10, 12),
]


def error(net: nn.Module, **options: Any) -> float:
    return sum(row.error for row in tie(net, plan("share", **options))[1].layers)


@pytest.mark.parametrize("at", range(len(LAYERS)))
def test_each_difference_brings_layers_nearer(at: int) -> None:
    torch.manual_seed(0)
    net = nn.ModuleList([LAYERS[at]() for _ in range(3)])
    ranks = [error(net, rank=rank) for rank in (1, 2, 4)]
    assert error(net) > ranks[0] > ranks[1] > ranks[2]
    assert error(net, scales="rows") < error(net)
    # Both together come to rest elsewhere, about as near.
    assert error(net, rank=2, scales="rows") < 1.1 * ranks[1]


def related(scaled: bool) -> nn.ModuleList:
    """Return layers that differ by what can be stored."""
    torch.manual_seed(1)
    common, net = torch.randn(40, 30), nn.ModuleList([nn.Linear(30, 40) for _ in range(4)])
    with torch.no_grad():
        for layer in net:
            weight = common + torch.randn(40, 2) @ torch.randn(2, 30)
            if scaled:
                weight = common * (torch.rand(40, 1) + 0.5)
            layer.weight.copy_(weight)  # type: ignore[operator]
    return net


def test_differences_of_the_kind_that_is_stored_are_found() -> None:
    assert error(related(True), scales="rows") < 0.01 < error(related(True))
    assert error(related(False), rank=2) < 0.2 * error(related(False))
    assert error(related(False), rank=8) < 1e-3


def test_fewer_numbers_than_layers_of_their_own() -> None:
    net = related(False)
    tied, report = tie(net, plan("share", rank=2))
    assert tie_map(tied) == {"0": ["1", "2", "3"]}
    assert report.parameters_after == 40 * 30 + 4 * (2 * (40 + 30) + 40)
    assert [row.parameters_after for row in report.layers] == [1200 + 180, 180, 180, 180]


def test_a_difference_that_is_none_can_learn() -> None:
    net = nn.ModuleList([nn.Linear(6, 6) for _ in range(2)])
    net[1].load_state_dict(net[0].state_dict())
    tied, report = tie(net, plan("share", rank=2))
    assert max(row.error for row in report.layers) < 1e-6
    tied[1](torch.randn(3, 6)).square().sum().backward()
    assert tied[1].up.grad.abs().sum() > 0  # type: ignore[union-attr, operator]


def test_fresh_nets_keep_the_size_of_their_weights() -> None:
    torch.manual_seed(0)
    net = nn.ModuleList([nn.Linear(64, 64) for _ in range(4)])
    tied, _ = tie(net, plan("share", rank=4, scales="rows"), rescale=True)
    for layer, plain in zip(tied, net, strict=True):
        assert 0.7 < float(layer.weight.detach().norm() / plain.weight.detach().norm()) < 1.4  # type: ignore[operator, union-attr]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rank": 0}, "`rank` must be at least 1, got: 0"),
        ({"scales": "columns"}, "`scales` must be one of none, rows, got: columns"),
        ({"rank": 7}, "a rank of 7 is above its own, 6"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        tie(nn.ModuleList([nn.Linear(6, 6), nn.Linear(6, 6)]), plan("share", **options))
    assert message in str(caught.value)
