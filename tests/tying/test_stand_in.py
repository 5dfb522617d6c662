"""A tied layer in the place of the plain one: what code around it asks of it, and what cannot be tied."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, prune

from tests.tying.cases import plan
from tiedtts.errors import ConfigError, TiedTTSError
from tiedtts.tying import TiedLayer, TiePlan, TieRule, tie, untie
from tiedtts.tying.parts import tie_parts

TRANSPOSED = {
    "share": plan("share", "*", by="shape"),
    "lowrank": plan("lowrank", "*", rank=2),
    "cluster": plan("cluster", "*", k=2),
    "separable": plan("separable", "*"),
    "diagonal": plan("diagonal", "*"),
    "identity": plan("identity", "*"),
    "codebook": plan("codebook", "*", k=4),
}


@pytest.mark.parametrize("scheme", TRANSPOSED)
def test_the_size_asked_for_is_written(scheme: str) -> None:
    torch.manual_seed(1)
    layers = [nn.ConvTranspose1d(4, 4, 4, stride=3) for _ in range(2)]
    tied, _ = tie(nn.Sequential(*layers), TRANSPOSED[scheme])
    x = torch.randn(2, 4, 5)
    for layer, plain in zip(tied, untie(tied), strict=True):  # type: ignore[arg-type]
        assert isinstance(layer, TiedLayer)
        for size in (16, 17, 18):
            wanted = plain(x, output_size=(size,))
            assert wanted.shape[-1] == size
            assert torch.allclose(layer(x, output_size=(size,)), wanted, atol=1e-5)
            assert torch.allclose(layer(x, (size,)), wanted, atol=1e-5)
        with pytest.raises(ValueError, match=r"output.size"):
            layer(x, output_size=(40,))


def test_a_layer_with_one_input_takes_one() -> None:
    tied, _ = tie(nn.Sequential(nn.Linear(3, 3)), plan("lowrank", "*", rank=1))
    with pytest.raises(TypeError, match="Linear takes nothing beside its input"):
        tied[0](torch.randn(2, 3), output_size=(3,))  # type: ignore[index]


def test_sizes_are_those_of_the_plain_layer() -> None:
    model = nn.ModuleDict(
        {"line": nn.Linear(4, 6), "conv": nn.Conv2d(4, 6, (3, 5), bias=False), "rnn": nn.LSTM(4, 5, 2)}
    )
    tied, _ = tie(model, plan("lowrank", "*", rank=2))
    line, conv, rnn = tied["line"], tied["conv"], tied["rnn"]  # type: ignore[index]
    assert (line.in_features, line.out_features) == (4, 6)
    assert (conv.in_channels, conv.out_channels, conv.kernel_size) == (4, 6, (3, 5))
    assert (rnn.hidden_size, rnn.num_layers, rnn.bidirectional) == (5, 2, False)
    assert line.bias.shape == (6,)
    assert conv.bias is None
    assert rnn.weight_hh_l1.shape == (20, 5)
    rnn.flatten_parameters()
    with pytest.raises(AttributeError, match="out_channels"):
        line.out_channels  # noqa: B018


def test_a_zero_bias_reads_as_zeros() -> None:
    tied, _ = tie(nn.Sequential(nn.Linear(3, 4)), TiePlan((TieRule("*", "codebook", "zero", {"k": 2}),)))
    assert tied[0].bias.tolist() == [0, 0, 0, 0]  # type: ignore[index]


def test_what_is_frozen_stays_so_and_nothing_else() -> None:
    layers = [nn.Linear(4, 4) for _ in range(2)]
    layers[0].bias.requires_grad_(False)
    tied, _ = tie(nn.Sequential(*layers), plan("lowrank", "*", rank=2))
    frozen = [name for name, value in tied.named_parameters() if not value.requires_grad]
    assert frozen == ["0.bias_values"]
    back = untie(tied)
    assert [name for name, value in back.named_parameters() if not value.requires_grad] == ["0.bias"]


def test_weights_shared_with_a_layer_that_is_trained_are_trained() -> None:
    layers = [nn.Linear(4, 4) for _ in range(2)]
    layers[1].requires_grad_(False)
    tied, _ = tie(nn.Sequential(*layers), plan("share", "*"))
    names = [name for name, value in tied.named_parameters() if value.requires_grad]
    assert names
    assert names == [name for name, _ in tied.named_parameters() if name.startswith("0.")]


def _with_hook(layer: nn.Linear) -> nn.Linear:
    layer.register_forward_hook(lambda *_: None)
    return layer


def _pruned(layer: nn.Linear) -> nn.Linear:
    prune.l1_unstructured(layer, "weight", 0.5)
    return layer


def _broken(layer: nn.Linear) -> nn.Linear:
    nn.init.constant_(layer.weight, float("nan"))
    return layer


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated:FutureWarning")
def test_weights_that_are_computed_are_not_tied() -> None:
    layer = nn.utils.weight_norm(nn.Linear(4, 4))
    layer.weight = layer.weight.detach()
    message = "`0` cannot be tied: its weights are computed from `weight_g`, `weight_v`"
    with pytest.raises(ConfigError, match=message) as caught:
        tie(nn.Sequential(layer), plan("lowrank", "*", rank=1))
    assert "`remove_weight_norm`" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("make", "message", "hint"),
    [
        (_with_hook, "`0` cannot be tied: it has hooks, which would be lost", "set them on the tied model"),
        (_pruned, "the model cannot be copied: Only Tensors", "`prune.remove`"),
        (_broken, "`weight` of `0` holds numbers that are not finite", "an earlier checkpoint"),
        (lambda layer: layer.to("meta"), "`weight` of `0` has no values", "load the weights first"),
    ],
)
def test_what_cannot_be_tied(make: Callable[[nn.Linear], nn.Module], message: str, hint: str) -> None:
    model = nn.Sequential(make(nn.Linear(4, 4)))
    with pytest.raises(TiedTTSError, match=message) as caught:
        tie(model, plan("lowrank", "*", rank=1))
    assert hint in (caught.value.hint or "")


def test_a_layer_without_a_size_yet() -> None:
    model = nn.Sequential(nn.LazyLinear(4), nn.Linear(4, 4))
    with pytest.raises(TiedTTSError, match=r"`0.weight` has no size yet") as caught:
        tie(model, plan("lowrank", "*", rank=1))
    assert caught.value.hint == "run the model once, on any input that fits it"


def test_spectral_norm_is_folded_in() -> None:
    torch.manual_seed(1)
    layer = parametrizations.spectral_norm(nn.Linear(4, 4)).eval()
    tied, _ = tie(nn.Sequential(layer), plan("lowrank", "*", rank=4))
    x = torch.randn(3, 4)
    assert torch.allclose(tied.eval()(x), layer(x), atol=1e-5)


def test_the_model_may_be_one_layer() -> None:
    layer = nn.Linear(4, 4)
    tied, report = tie(layer, plan("lowrank", "*", rank=4))
    x = torch.randn(2, 4)
    assert isinstance(tied, TiedLayer)
    assert torch.allclose(tied(x), layer(x), atol=1e-5)
    with pytest.raises(ConfigError, match="the model itself, a Linear"):
        tie(layer, plan("separable", "*"))
    assert len(report.layers) == 1


def test_the_output_of_io_is_not_left_to_later_rules() -> None:
    model = nn.ModuleDict({"emb": nn.Embedding(7, 4), "mid": nn.Linear(4, 4), "head": nn.Linear(4, 7)})
    rules = TiePlan((TieRule("emb", "io", options={"output": "head"}), *plan("lowrank", "*", rank=2).rules))
    tied, report = tie(model, rules)
    assert {row.layer: row.scheme for row in report.layers} == {
        "emb": "io",
        "head": "io",
        "mid": "lowrank",
    }
    assert torch.equal(tied["head"].weight, tied["emb"].weight)  # type: ignore[index]


def test_a_rule_of_no_use_in_any_part_is_an_error() -> None:
    parts = {
        "first": nn.ModuleDict({"line": nn.Linear(4, 4)}),
        "second": nn.ModuleDict({"line": nn.Linear(4, 4)}),
    }
    rules = plan("lowrank", "*", rank=1).rules
    with pytest.raises(ConfigError, match=r"rule 2 of .* is never used: rule 1"):
        tie_parts(parts, TiePlan((*rules, TieRule("first.line", "diagonal"))))
    # Hidden in one part, and used in the other.
    first = TieRule("first.line", "diagonal")
    tied, _, _ = tie_parts(parts, TiePlan((first, TieRule("line", "lowrank", options={"rank": 1}))))
    assert [type(net["line"]).__name__ for net in tied.values()] == ["Diagonal", "LowRank"]  # type: ignore[index]


def test_a_row_for_padding_stays_alone() -> None:
    torch.manual_seed(2)
    table = nn.Embedding(9, 3, padding_idx=2)
    tied, _ = tie(nn.Sequential(table), plan("cluster", "*", k=3))
    y = tied(torch.arange(9))
    assert torch.equal(y[2], torch.zeros(3))
    assert all(row.abs().sum() > 0 for at, row in enumerate(y) if at != 2)


class Outer(nn.Module):
    """Calls a layer of its block by itself."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.block = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4))

    def forward(self, x: Tensor) -> Tensor:
        """Run the block, and its first layer once more."""
        y: Tensor = self.block(x).sum() + self.block[0](x)
        return y


def test_what_is_called_from_outside_is_not_folded() -> None:
    tied, report = tie(Outer(), plan("cluster", "block.0", k=4, into="2"))
    assert "called from outside" in report.layers[0].note
    assert tied(torch.randn(2, 4)).shape == (2, 8)


def test_a_tie_that_stores_more_says_so() -> None:
    _, report = tie(nn.Sequential(nn.Linear(4, 4)), plan("lowrank", "*", rank=4))
    assert "stores more than the plain layer" in report.layers[0].note
