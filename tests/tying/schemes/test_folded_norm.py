"""Clusters that are folded through batch norm: one channel for each row, with the statistics of that row."""

import copy
import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.tying.cases import plan
from tiedtts.tying import costs, tie, untie
from tiedtts.tying.description import describe, rebuild
from tiedtts.tying.listening import listen
from tiedtts.tying.schemes.cluster import Cluster
from tiedtts.tying.schemes.folded_cluster import FoldedCluster, FoldedInput
from tiedtts.tying.schemes.folded_norm import FoldedNorm

KINDS = {
    "linear": (nn.Linear(6, 12), nn.BatchNorm1d, nn.Linear(12, 4), (40, 6)),
    "1d": (nn.Conv1d(5, 12, 3, padding=1), nn.BatchNorm1d, nn.Conv1d(12, 4, 3), (6, 5, 14)),
    "2d": (nn.Conv2d(3, 12, 3, bias=False), nn.BatchNorm2d, nn.Conv2d(12, 4, 1), (6, 3, 8, 8)),
    "up": (nn.ConvTranspose1d(5, 12, 4, 2), nn.BatchNorm1d, nn.Conv1d(12, 4, 1), (6, 5, 9)),
    "3d": (nn.Conv3d(2, 12, 2), nn.BatchNorm3d, nn.Conv3d(12, 4, 1), (3, 2, 4, 4, 4)),
}


def net(kind: str, *, affine: bool = True, bias: bool | None = None, seed: int = 0) -> nn.Sequential:
    """Return a net of two layers with a norm between them, whose statistics are those of some inputs."""
    torch.manual_seed(seed)
    first, norm, second, _ = copy.deepcopy(KINDS[kind])
    between = [nn.MaxPool2d(2)] if kind == "2d" else [nn.Dropout(0.1)]
    made = nn.Sequential(first, norm(12, affine=affine), nn.ReLU(), *between, second)
    for value in made.parameters():
        nn.init.normal_(value, std=0.5)
    made.train()
    for at in range(20):
        made(inputs(kind, at))
    return made.eval()


def inputs(kind: str, seed: int = 0) -> Tensor:
    shape = KINDS[kind][3]
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) + 0.3


def folded(made: nn.Module, **options: Any) -> tuple[nn.Module, list[Any]]:
    seen = None
    if "look" in options:
        x = options.pop("look")
        seen = {
            name.removeprefix("net."): of for name, of in listen({"net": made}, lambda: made(x))[0].items()
        }
    tied, report = tie(made, plan("cluster", "0", into="4", **options), seen=seen)
    return tied, list(report.layers)


@pytest.mark.parametrize(
    ("kind", "affine", "by"),
    [
        *itertools.product(KINDS, (True, False), ("weights",)),
        *itertools.product(("linear", "1d"), (True,), ("activations",)),
    ],
)
def test_compact_is_expanded(kind: str, affine: bool, by: str) -> None:
    made = net(kind, affine=affine)
    x = inputs(kind, 99)
    look = {"look": x} if by == "activations" else {}
    tied, rows = folded(made, k=5, by=by, **look)
    assert [type(tied[at]) for at in (0, 1, 4)] == [FoldedCluster, FoldedNorm, FoldedInput]
    assert [row.note for row in rows] == ["outputs summed in `4`", "norms the rows of `0`", "reads `0`"]
    assert tied[0](x).shape[1] == 5
    plain = untie(tied)
    torch.testing.assert_close(plain(x), tied(x), rtol=1e-4, atol=1e-4)
    assert {name: of.shape for name, of in plain.state_dict().items()} == {
        name: of.shape for name, of in made.state_dict().items()
    }
    # In training, too, where statistics are those of the batch.
    tied[3].eval(), plain[3].eval()
    for of in (tied, plain):
        of[1].train()
    torch.testing.assert_close(plain(x), tied(x), rtol=1e-3, atol=1e-3)
    for of in (tied, plain):
        of[1].eval()
    torch.testing.assert_close(plain(x), tied(x), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("affine", [True, False])
def test_as_many_rows_as_channels_change_nothing(kind: str, affine: bool) -> None:
    made, x = net(kind, affine=affine), inputs(kind, 99)
    for repair in (True, False):
        tied, rows = folded(made, k=12, repair=repair)
        torch.testing.assert_close(tied(x), made(x), rtol=1e-3, atol=1e-3)
        assert rows[0].error == pytest.approx(0.0, abs=1e-5)


def test_channels_that_are_one_become_one_whatever_their_norms_make_of_them() -> None:
    made, x = net("1d"), inputs("1d", 99)
    with torch.no_grad():
        # The norm of the second is that of the first, in other numbers.
        for at in range(0, 12, 2):
            made[0].weight[at + 1], made[0].bias[at + 1] = -3 * made[0].weight[at], 0.7
            made[1].weight[at + 1], made[1].bias[at + 1] = -made[1].weight[at], made[1].bias[at]
            made[1].running_var[at + 1] = 9 * made[1].running_var[at] + 8 * made[1].eps
            made[1].running_mean[at + 1] = -3 * (made[1].running_mean[at] - made[0].bias[at]) + 0.7
    tied, _ = folded(made, k=6)
    torch.testing.assert_close(tied(x), made(x), rtol=1e-3, atol=1e-3)
    assert costs.products(tied[0]) == 6 * 5 * 3
    assert costs.products(tied[1]) == 0


def variances(made: nn.Module, x: Tensor) -> Tensor:
    y: Tensor = made[:2](x)  # type: ignore[index]
    return y.transpose(0, 1).flatten(1).var(1)


def test_statistics_are_those_of_the_merged_rows() -> None:
    made = net("1d", seed=3)
    x = torch.cat([inputs("1d", at) for at in range(50, 80)])
    wanted = variances(made, x)
    errors = {}
    for name, options in {
        "none": {"repair": False},
        "no data": {},
        "data": {"look": x},
    }.items():
        tied, _ = folded(made, k=4, **options)
        index = tied[1].assignment.long()
        means = torch.zeros(4).index_add_(0, index, wanted) / torch.bincount(index)
        errors[name] = float((variances(tied, x) / means).log().abs().mean().detach())
        # Nothing is left for the data of a training to correct.
        if name == "data":
            own = tied[0](x).transpose(0, 1).flatten(1)
            torch.testing.assert_close(tied[1].variances, own.var(1), rtol=0.1, atol=0.02)
            torch.testing.assert_close(tied[1].means, own.mean(1), rtol=0.2, atol=0.1)
    assert errors["data"] < 0.1
    assert errors["data"] < errors["no data"] < errors["none"]


def test_ties_survive_a_description_and_plain_weights_are_given_back() -> None:
    tied, _ = folded(net("1d"), k=5)
    x = inputs("1d", 99)
    tensors = {name: value.clone() for name, value in tied.state_dict().items()}
    again = rebuild(net("1d", seed=7), describe(tied), tensors)
    assert torch.equal(again(x), tied(x))
    assert torch.equal(copy.deepcopy(tied)(x), tied(x))
    exported = torch.export.export(tied, (x,)).module()
    torch.testing.assert_close(exported(x), tied(x))
    half = tied.to(torch.bfloat16)
    assert half(x.bfloat16()).dtype == torch.bfloat16


def test_what_is_tied_learns() -> None:
    tied, _ = folded(net("1d"), k=5)
    tied.train()
    x, before = inputs("1d", 99), tied[1].means.clone()
    tied(x).square().mean().backward()
    assert all(value.grad is not None for value in tied[1].parameters())
    assert not torch.equal(tied[1].means, before)


@pytest.mark.parametrize(
    ("norm", "reason"),
    [
        (nn.BatchNorm1d(12, track_running_stats=False), "it has no statistics of its own"),
        (nn.InstanceNorm1d(12), "lies between, which may mix channels"),
        (nn.LayerNorm(14), "lies between, which may mix channels"),
    ],
)
def test_what_is_not_folded_through(norm: nn.Module, reason: str) -> None:
    made = nn.Sequential(*net("1d"))
    made[1] = norm
    tied, rows = folded(made, k=5)
    assert reason in rows[0].note
    assert type(tied[0]) is Cluster
    assert type(tied[4]) is nn.Conv1d


def test_a_norm_after_something_else_is_left_alone() -> None:
    made = net("1d")
    made[1], made[2] = made[2], made[1]
    assert "`1` lies between" not in folded(made, k=5)[1][0].note
    assert "`2` lies between, which may mix channels" in folded(made, k=5)[1][0].note
