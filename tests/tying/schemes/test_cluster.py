"""Similar neurons: found, merged, repaired, and folded into the next layer where that is right."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.tying.cases import assert_alike, plan
from tiedtts.errors import ConfigError
from tiedtts.nets.blocks import ConvNeXtBlock
from tiedtts.tying import TiePlan, kmeans, tie, untie
from tiedtts.tying.schemes.cluster import Cluster
from tiedtts.tying.schemes.folded_cluster import FoldedCluster, FoldedInput


def doubled(layer: nn.Module) -> None:
    """Make the second half of a layer's outputs equal to the first."""
    for value in layer.parameters():
        half = len(value) // 2
        with torch.no_grad():
            value[half:] = value[:half]


class Block(nn.Module):
    """Two layers and what a test puts between."""

    def __init__(self, between: Callable[[Any], Any] = torch.tanh, axes: int = 0) -> None:
        super().__init__()
        torch.manual_seed(6)
        if axes:
            self.wide: nn.Module = nn.Conv1d(3, 8, 3)
            self.narrow: nn.Module = nn.ConvTranspose1d(8, 2, 3)
        else:
            self.wide, self.narrow = nn.Linear(3, 8), nn.Linear(8, 2)
        self.between = between
        self.norm = nn.LayerNorm(8)
        doubled(self.wide)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.narrow(self.between(self.wide(x)))
        return y


def fold(block: nn.Module, **options: Any) -> tuple[nn.Module, str]:
    tied, report = tie(block, plan("cluster", "wide", into="narrow", **options))
    return tied, report.layers[0].note


@pytest.mark.parametrize("axes", [0, 1])
@pytest.mark.parametrize("bias", ["keep", "zero", "share"])
def test_equal_neurons_are_folded_without_loss(axes: int, bias: str) -> None:
    block = Block(axes=axes)
    tied, report = tie(block, plan("cluster", "wide", bias, into="narrow"))
    assert isinstance(tied.wide, FoldedCluster)
    assert isinstance(tied.narrow, FoldedInput)
    x = torch.randn(2, 3, 7) if axes else torch.randn(2, 3)
    assert tied.wide(x).shape[1] == 4
    if bias == "keep":
        torch.testing.assert_close(tied(x), block(x))
        assert [row.error for row in report.layers] == pytest.approx([0.0, 0.0], abs=1e-6)
    torch.testing.assert_close(untie(tied)(x), tied(x))
    assert [row.note for row in report.layers] == ["outputs summed in `narrow`", "reads `wide`"]
    assert report.parameters_after < report.parameters_before


def test_a_folded_model_is_loaded_again() -> None:
    tied, _ = fold(Block(), k=3)
    other, _ = fold(Block(F.relu), k=3)
    other.between = tied.between
    other.load_state_dict({name: value.clone() for name, value in tied.state_dict().items()}, assign=True)
    x = torch.randn(4, 3)
    assert torch.equal(other(x), tied(x))
    assert torch.equal(untie(other)(x), untie(tied)(x))


def test_projecting_what_was_folded_changes_nothing() -> None:
    tied, _ = fold(Block(), k=3)
    plain = untie(tied)
    again, report = tie(plain, plan("cluster", "wide", into="narrow", k=3))
    x = torch.randn(4, 3)
    torch.testing.assert_close(again(x), tied(x))
    assert report.layers[0].error < 1e-6


@pytest.mark.parametrize(
    ("between", "reason"),
    [
        (lambda x: x.softmax(-1), "`softmax` lies between, which may mix channels"),
        (lambda x: F.layer_norm(x, (8,)), "`layer_norm` lies between"),
        (lambda x: x.transpose(0, 1).transpose(0, 1), "lies between"),
        (lambda x: torch.tanh(x) + x, "`add` lies between, which may mix channels"),
        (lambda x: x * torch.arange(8.0), "reads more than `wide`"),
        (lambda x: x[..., :8], "lies between"),
        (lambda x: x if x.sum() > 0 else -x, "what lies between cannot be followed"),
    ],
)
def test_what_may_mix_channels_is_not_folded(between: Callable[[Any], Any], reason: str) -> None:
    block = Block(between)
    tied, note = fold(block)
    assert note.startswith("`narrow` left as it is: ")
    assert reason in note
    assert type(tied.wide) is Cluster
    assert type(tied.narrow) is nn.Linear
    assert set(vars(tied)) == set(vars(block))


@pytest.mark.parametrize(
    "between", [F.gelu, F.relu, nn.LeakyReLU(0.1), lambda x: 0.5 * torch.sin(x), lambda x: x]
)
def test_pointwise_maps_are_folded_through(between: Callable[[Any], Any]) -> None:
    block = Block(between)
    tied, note = fold(block)
    assert note == "outputs summed in `narrow`"
    x = torch.randn(2, 3)
    torch.testing.assert_close(tied(x), block(x))


class TwoReaders(Block):
    def forward(self, x: Tensor) -> Tensor:
        y = self.wide(x)
        z: Tensor = self.narrow(torch.relu(y)) + y.sum()
        return z


class Twice(Block):
    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.narrow(self.wide(x)) + self.narrow(self.wide(-x))
        return y


def test_what_is_read_elsewhere_is_not_folded() -> None:
    assert "`wide` is read elsewhere, too" in fold(TwoReaders())[1]
    assert "`wide` is called 2 times" in fold(Twice())[1]


def test_layers_that_do_not_fit_are_not_folded() -> None:
    block = Block()
    block.narrow = nn.Conv1d(8, 2, 1)
    assert "a Conv1d(8, 2, kernel 1) does not read the channels of a Linear(3, 8)" in fold(block)[1]
    block.narrow = nn.LSTM(8, 2)
    assert "it has no columns to sum" in fold(block)[1]
    _, report = tie(Block(), plan("cluster", "*", into="norm"))
    assert {row.note for row in report.layers} == {
        "`norm` left as it is: only a layer of channels without groups can be folded into another"
    }


def test_a_layer_with_a_rule_of_its_own_is_not_folded() -> None:
    rules = (*plan("cluster", "wide", into="narrow").rules, *plan("codebook", "narrow").rules)
    _, report = tie(Block(), TiePlan(rules))
    assert [row.note for row in report.layers] == [
        "`narrow` left as it is: it is tied by a rule of its own",
        "",
    ]


def test_a_layer_is_not_folded_across_another() -> None:
    chain = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    _, report = tie(chain, plan("cluster", "[02]", into="4"))
    assert [row.note for row in report.layers] == [
        "`4` left as it is: `2` lies between, which may mix channels",
        "outputs summed in `4`",
        "reads `2`",
    ]


def test_a_block_of_this_project_is_folded() -> None:
    torch.manual_seed(0)
    block = ConvNeXtBlock(4, 3, 2, 0.5)
    doubled(block.expand)
    tied, report = tie(block, plan("cluster", "expand", into="project"))
    x = torch.randn(2, 4, 9)
    torch.testing.assert_close(tied(x), block(x))
    assert [row.parameters_after for row in report.layers] == [4 * 4 + 4, 4 * 4 + 4]


def test_repair_keeps_the_energy_of_rows() -> None:
    torch.manual_seed(1)
    layer = nn.Linear(16, 12, bias=False)
    rows = {
        repair: tie(layer, plan("cluster", k=3, repair=repair))[0].rows[0, :, :, 0]
        for repair in (True, False)
    }
    index = tie(layer, plan("cluster", k=3))[0].assignment[0].long()
    for at in range(3):
        energy = layer.weight[index == at].square().sum(1).mean()
        torch.testing.assert_close(rows[True][at].square().sum(), energy)
        torch.testing.assert_close(rows[False][at], layer.weight[index == at].mean(0))


def test_unlike_padding_is_not_trained() -> None:
    torch.manual_seed(0)
    tied, _ = tie(nn.Embedding(6, 3, padding_idx=2), plan("cluster", k=2))
    tied(torch.tensor([2, 2])).sum().backward()
    assert torch.equal(tied.rows.grad, torch.zeros(1, 2, 3, 1))


def test_groups_keep_their_own_rows() -> None:
    torch.manual_seed(0)
    layer = nn.Conv1d(4, 8, 3, groups=2)
    doubled(layer)
    tied, _ = tie(layer, plan("cluster", k=2))
    assert tied.rows.shape == (2, 2, 2, 3)
    assert tied.assignment.dtype == torch.uint8
    depthwise = nn.Conv1d(4, 4, 3, groups=4)
    with pytest.raises(ConfigError, match="each of its channels sees an input of its own"):
        tie(depthwise, plan("cluster"))


def test_points_of_few_values_are_found_exactly() -> None:
    points = torch.tensor([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [0.0, 0.0]])
    centres, index = kmeans.cluster(points, 3)
    assert torch.equal(centres[index], points)
    centres, index = kmeans.cluster(points[:, :1], 4)
    assert torch.equal(centres[index], points[:, :1])
    assert centres.shape == (4, 1)


def test_means_on_a_line_cannot_be_bettered_by_a_move() -> None:
    torch.manual_seed(2)
    values = torch.randn(500, 1)
    centres, index = kmeans.cluster(values, 8)
    assert torch.equal(index, (values - centres.T).abs().argmin(1))
    for at in range(8):
        torch.testing.assert_close(centres[at], values[index == at].mean(0))
    # Eight values of the best kind hold a Gaussian to a distortion of 0.0345 (Max, 1960).
    assert float((centres[index] - values).square().mean()) < 0.037


def test_clusters_that_are_apart_are_found() -> None:
    torch.manual_seed(3)
    middles = torch.tensor([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0]])
    points = middles.repeat(20, 1) + 0.1 * torch.randn(80, 2)
    centres, index = kmeans.cluster(points, 4)
    torch.testing.assert_close(centres[index], middles.repeat(20, 1), atol=0.2, rtol=0.0)
    again, _ = kmeans.cluster(points, 4)
    assert torch.equal(again, centres)


@pytest.mark.parametrize(("k", "kind"), [(256, torch.uint8), (257, torch.int16), (40_000, torch.int32)])
def test_indices_are_small(k: int, kind: torch.dtype) -> None:
    assert kmeans.index_type(k) == kind


def test_the_reader_may_be_further_up() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wide = nn.ModuleList([nn.Linear(3, 8)])
            self.narrow = nn.ModuleList([nn.Linear(8, 3)])

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.narrow[0](torch.relu(self.wide[0](x)))
            return out

    net = nn.Sequential(Pair(), Pair())
    tied, report = tie(net, plan("cluster", "*.wide.0", ratio=0.5, into="narrow.0"))
    assert [row.layer for row in report.layers] == ["0.wide.0", "0.narrow.0", "1.wide.0", "1.narrow.0"]
    x = torch.randn(4, 3)
    assert_alike(tied(x), untie(tied)(x))
