"""Input and output maps that are each other's transpose."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.tying.cases import plan
from tiedtts.errors import ConfigError
from tiedtts.tying import TiePlan, tie, tie_map, untie


def pair(first: nn.Module, second: nn.Module) -> nn.ModuleDict:
    return nn.ModuleDict({"first": first, "second": second})


def made(first: nn.Module, second: nn.Module, bias: str = "keep") -> nn.ModuleDict:
    tied, _ = tie(pair(first, second), plan("io", "first", bias, output="second"))
    assert isinstance(tied, nn.ModuleDict)
    return tied


PAIRS = [
    (lambda: nn.Embedding(7, 4), lambda: nn.Linear(4, 7), lambda w: w),
    (lambda: nn.Linear(5, 3), lambda: nn.Linear(3, 5), lambda w: w.T),
    (lambda: nn.Conv1d(3, 4, 5, 2), lambda: nn.ConvTranspose1d(4, 3, 5, 2), lambda w: w),
    (lambda: nn.ConvTranspose2d(3, 4, 3), lambda: nn.Conv2d(4, 3, 3), lambda w: w),
    (lambda: nn.Conv1d(3, 4, 3), lambda: nn.Conv1d(4, 3, 3), lambda w: w.transpose(0, 1).flip(2)),
    (
        lambda: nn.Conv2d(2, 3, (2, 3)),
        lambda: nn.Conv2d(3, 2, (2, 3)),
        lambda w: w.transpose(0, 1).flip(2, 3),
    ),
]


@pytest.mark.parametrize(("first", "second", "turn"), PAIRS)
@pytest.mark.parametrize("bias", ["keep", "share", "zero"])
def test_the_pair_has_one_weight(first, second, turn, bias) -> None:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    a, b = first(), second()
    tied = made(a, b, bias)
    torch.testing.assert_close(tied["first"].weight, (a.weight + turn(b.weight)) / 2)
    assert torch.equal(tied["second"].weight, turn(tied["first"].weight))
    assert [name for name, _ in tied.named_parameters() if "shared" in name] == ["first.shared"]
    assert tie_map(tied) == {"first": ["second"]}
    plain = untie(tied)
    for name, layer in (("first", a), ("second", b)):
        x = torch.randint(7, (2, 3)) if isinstance(layer, nn.Embedding) else None
        if x is None:
            channels = layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels
            axes = 0 if isinstance(layer, nn.Linear) else len(layer.kernel_size)
            x = torch.randn(2, channels, *(6,) * axes)
        torch.testing.assert_close(tied[name](x), plain[name](x))
    # What is one weight already stays as it is.
    again = made(plain["first"], plain["second"], bias)
    torch.testing.assert_close(again["first"].shared, tied["first"].shared)


def test_the_output_map_of_a_convolution_is_its_adjoint() -> None:
    torch.manual_seed(0)
    tied = made(nn.Conv1d(3, 4, 3, padding=1, bias=False), nn.Conv1d(4, 3, 3, padding=1, bias=False)).double()
    x, y = torch.randn(1, 3, 8).double(), torch.randn(1, 4, 8).double()
    torch.testing.assert_close((tied["first"](x) * y).sum(), (x * tied["second"](y)).sum())


class Speller(nn.Module):
    """A language model of one layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.emb = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5)

    def forward(self, ids: Tensor) -> Tensor:
        y: Tensor = self.head(self.emb(ids))
        return y


def test_both_maps_train_the_one_weight() -> None:
    net, _ = tie(Speller(), plan("io", "emb", output="head"))
    ids = torch.tensor([0, 1, 2])
    F.cross_entropy(net(ids), ids).backward()
    grad = net.emb.shared.grad
    plain = untie(net)
    F.cross_entropy(plain(ids), ids).backward()
    torch.testing.assert_close(grad, plain.emb.weight.grad + plain.head.weight.grad)  # type: ignore[union-attr]


def test_names_are_found_beside_the_layer() -> None:
    model = nn.ModuleDict({name: Speller() for name in "ab"})
    tied, report = tie(model, plan("io", "*.emb", output="head"))
    assert tie_map(tied) == {"a.emb": ["a.head"], "b.emb": ["b.head"]}
    assert [row.parameters_after for row in report.layers] == [15, 5, 15, 5]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (nn.Linear(3, 5), nn.Linear(3, 5), "Linear(3, 5) and Linear(3, 5) are not each other's transpose"),
        (nn.Linear(3, 5), nn.Conv1d(5, 3, 1), "Linear and Conv1d are no pair"),
        (nn.Linear(4, 7), nn.Embedding(7, 4), "Linear and Embedding are no pair"),
        (nn.Conv1d(3, 4, 3), nn.ConvTranspose1d(4, 3, 5), "not each other's transpose"),
        (nn.Conv1d(3, 4, 3), nn.Conv2d(4, 3, 3), "no pair"),
        (nn.Conv1d(4, 4, 3, groups=2), nn.Conv1d(4, 4, 3), "its channels are in groups"),
        (nn.LSTM(3, 4), nn.Linear(4, 3), "it has several matrices"),
    ],
)
def test_what_is_no_pair_is_refused(first: nn.Module, second: nn.Module, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(first, second)
    assert message in str(caught.value)


def test_an_output_map_has_one_rule() -> None:
    rules = (*plan("codebook", "second").rules, *plan("io", "first", output="second").rules)
    with pytest.raises(ConfigError, match="`second` is the output map of `first`, and tied by another rule"):
        tie(pair(nn.Linear(2, 3), nn.Linear(3, 2)), TiePlan(rules))
