"""Attention, fused encoders and turned matrices: tied like other layers, in every mode, and put back."""

import copy
import itertools
import sys
import types
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.tying.cases import plan
from tiedtts.measure import counting
from tiedtts.measure.macs import macs
from tiedtts.tying import TiedLayer, TiePlan, TieRule, tie, untie
from tiedtts.tying.attention import SplitAttention
from tiedtts.tying.description import describe, rebuild
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.suggestion import suggest

E, H = 12, 2


def close(a: Any, b: Any) -> None:
    torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_first": True},
        {"bias": False, "batch_first": True},
        {"kdim": 5, "vdim": 7, "batch_first": True},
        {"add_bias_kv": True, "add_zero_attn": True, "batch_first": True},
    ],
)
def test_split_attention_does_what_the_whole_does(options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    net = nn.ModuleDict({"a": nn.MultiheadAttention(E, H, **options)}).eval()
    whole = net["a"]
    tied, report = tie(net, plan("codebook", k=4))
    names = ["a.out_proj", "a.q_proj", "a.k_proj", "a.v_proj"]
    assert sorted(row.layer for row in report.layers) == sorted(names)
    assert report.parameters_before == counting.count(net).unique_parameters
    plain = untie(tied)["a"]  # type: ignore[index]
    assert type(plain) is nn.MultiheadAttention
    assert {k: v.shape for k, v in plain.state_dict().items()} == {
        k: v.shape for k, v in whole.state_dict().items()
    }
    assert list(plain.state_dict()) == list(whole.state_dict())
    q = torch.randn(2, 4, E)
    k, v = torch.randn(2, 5, options.get("kdim", E)), torch.randn(2, 5, options.get("vdim", E))
    if not options.get("batch_first"):
        q, k, v = (x.transpose(0, 1) for x in (q, k, v))
    pairs = torch.ones(4, 5).triu(2).bool()
    keys = torch.tensor([[False] * 5, [False, False, True, True, False]])
    each = torch.randn(2 * H, 4, 5)
    for masks, weights, mean in itertools.product(
        ({}, {"attn_mask": pairs}, {"key_padding_mask": keys, "attn_mask": pairs}, {"attn_mask": each}),
        (True, False),
        (True, False),
    ):
        given = {**masks, "need_weights": weights, "average_attn_weights": mean}
        found, wanted = tied["a"](q, k, v, **given), plain(q, k, v, **given)  # type: ignore[index]
        close(found[0], wanted[0])
        assert (found[1] is None) == (wanted[1] is None)
        if found[1] is not None:
            close(found[1], wanted[1])
    close(tied["a"](q[:, 0], k[:, 0], v[:, 0])[0], plain(q[:, 0], k[:, 0], v[:, 0])[0])  # type: ignore[index]


def encoder() -> nn.TransformerEncoder:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(E, H, 20, dropout=0.0, batch_first=True)
    net = nn.TransformerEncoder(layer, 2)
    for value in net.parameters():
        nn.init.normal_(value, std=0.3)
    return net.eval()


SCHEMES: list[tuple[str, str, dict[str, Any]]] = [
    ("codebook", "*", {"k": 5}),
    ("lowrank", "*", {"rank": 2}),
    ("lowrank", "layers.1.linear1", {"rank": 2}),
    ("share", "*", {}),
    ("cluster", "*.linear1", {"into": "linear2"}),
    ("codebook", "*.k_proj", {"k": 5}),
]


@pytest.mark.parametrize(("scheme", "layers", "options"), SCHEMES)
@pytest.mark.parametrize("training", [False, True])
def test_an_encoder_is_tied_and_counted_in_every_mode(
    scheme: str, layers: str, options: dict[str, Any], training: bool
) -> None:
    net = encoder().train(training)
    before = {key: value.clone() for key, value in net.state_dict().items()}
    tied, report = tie(net, plan(scheme, layers, **options))
    assert not report.passed_over
    plain = untie(tied)
    x = torch.randn(2, 6, E)
    mask = torch.zeros(2, 6, dtype=torch.bool)
    mask[1, 4:] = True
    close(tied(x), plain(x))
    # What the mask hides is nobody's.
    hidden = [net_(x, src_key_padding_mask=mask)[1, :4] for net_ in (tied, plain)]
    close(*hidden)
    close(copy.deepcopy(tied)(x), plain(x))
    again = rebuild(encoder().train(training), describe(tied), tied.state_dict())
    again.load_state_dict(tied.state_dict())
    close(again(x), plain(x))
    assert list(plain.state_dict()) == list(before)
    assert type(plain.layers[0].self_attn) is nn.MultiheadAttention  # type: ignore[union-attr, index]
    assert plain.use_nested_tensor == net.use_nested_tensor
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    # The work is that of the compact forms, also where torch's fused code would take the whole weights.
    work, full = (macs(each, lambda each=each: each(x))[0] for each in (tied, plain))
    attended = 2 * 2 * 2 * 6**2 * E
    assert full == 2 * 12 * (4 * E * E + 2 * E * 20) + attended
    if layers == "*" and scheme == "lowrank":
        assert work == 2 * 12 * 2 * (4 * 2 * E + 2 * (E + 20)) + attended
    elif scheme == "cluster":
        assert work == full - 2 * 12 * 2 * E * 10
    else:
        assert work == full - (12 * E * 20 - 12 * 2 * (E + 20) if scheme == "lowrank" else 0)


def test_attention_that_two_modules_share_stays_one() -> None:
    torch.manual_seed(0)
    net = nn.ModuleDict({"a": nn.MultiheadAttention(E, H), "b": nn.MultiheadAttention(E, H)})
    net["b"].in_proj_weight = net["a"].in_proj_weight  # type: ignore[assignment]
    tied, report = tie(net, plan("codebook", k=4))
    assert report.parameters_before == counting.count(net).unique_parameters
    plain: Any = untie(tied)
    assert plain["a"].in_proj_weight is plain["b"].in_proj_weight
    assert plain["a"].out_proj.weight is not plain["b"].out_proj.weight
    # Attention that no rule matches is as before.
    tied, _ = tie(encoder(), plan("share", "*.linear1"))
    assert not any(isinstance(module, SplitAttention) for module in tied.modules())


def test_gradients_reach_what_attention_stores() -> None:
    tied, _ = tie(encoder().train(), plan("codebook", k=4))
    tied(torch.randn(2, 6, E)).square().sum().backward()
    assert all(value.grad is not None for value in tied.parameters())


def test_attention_is_proposed() -> None:
    found = suggest({"net": encoder()})
    layers = {name for each in found.candidates for name in each.layers}
    assert {"net.layers.0.self_attn.q_proj", "net.layers.1.self_attn.out_proj"} <= layers


def test_attention_is_exported() -> None:
    tied, _ = tie(encoder(), plan("lowrank", rank=3))
    x = torch.randn(2, 6, E)
    close(torch.export.export(tied, (x,)).module()(x), tied(x))


class Conv1D(nn.Module):
    """A matrix laid out the other way, as transformers has it."""

    def __init__(self, nf: int, nx: int) -> None:
        super().__init__()
        self.nf, self.nx = nf, nx
        self.weight = nn.Parameter(torch.empty(nx, nf).normal_())
        self.bias = nn.Parameter(torch.zeros(nf))

    def forward(self, x: Tensor) -> Tensor:
        return torch.addmm(self.bias, x.reshape(-1, self.nx), self.weight).unflatten(0, x.shape[:-1])


@pytest.mark.parametrize(
    ("scheme", "options"), [("codebook", {"k": 4}), ("lowrank", {"rank": 2}), ("share", {})]
)
def test_turned_matrices(scheme: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("transformers.pytorch_utils")
    module.Conv1D = Conv1D  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "transformers.pytorch_utils", module)
    monkeypatch.setattr(Conv1D, "__module__", "transformers.pytorch_utils")
    torch.manual_seed(0)
    net = nn.Sequential(*(nn.Sequential(Conv1D(8, 5), Conv1D(5, 8)) for _ in range(2)))
    tied, report = tie(net, plan(scheme, **options))
    assert [row.layer for row in report.layers] == ["0.0", "0.1", "1.0", "1.1"]
    assert counting.count(tied).modules[0].type == "Conv1D"
    plain = untie(tied)
    x = torch.randn(2, 3, 5)
    close(plain(x), tied(x))
    assert {k: v.shape for k, v in plain.state_dict().items()} == {
        k: v.shape for k, v in net.state_dict().items()
    }
    again = rebuild(copy.deepcopy(net), describe(tied), tied.state_dict())
    close(again(x), tied(x))


def test_what_no_scheme_knows_is_told() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.matrix = nn.Parameter(torch.ones(3, 3))

    net = nn.ModuleDict(
        {"own": Own(), "two": nn.Bilinear(2, 3, 4), "a": nn.Linear(3, 3), "n": nn.LayerNorm((2, 2))}
    )
    tied, report = tie(net, plan("codebook", k=2))
    assert [text.split(", ")[0] for text in report.passed_over] == ["`own.matrix`", "`two.weight`"]
    assert isinstance(tied["a"], TiedLayer)  # type: ignore[index]


@pytest.mark.parametrize(
    "pattern", ["*in_proj*", "*.in_proj_weight", "*.in_proj", "layers.0.self_attn.in_proj_weight"]
)
def test_the_name_of_the_one_matrix_is_as_good(pattern: str) -> None:
    torch.manual_seed(0)
    net = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2).eval()
    rule = TieRule(pattern, "codebook", options={"k": 4})
    wanted = ["q_proj", "k_proj", "v_proj"]
    found = tie(net, TiePlan((rule,)))[1].layers
    assert [row.layer.rpartition(".")[2] for row in found] == wanted * (1 if "0" in pattern else 2)
    parts, plans, report = tie_parts({"encoder": net}, TiePlan((rule,)))
    assert len(report.layers) == len(found)
    # The rule that comes first counts, whichever name it uses.
    both = TiePlan((TieRule("*.q_proj", "lowrank"), rule))
    schemes = {row.layer: row.scheme for row in tie(net, both)[1].layers}
    assert schemes["layers.0.self_attn.q_proj"] == "lowrank"
    assert schemes["layers.0.self_attn.k_proj"] == "codebook"
    # A plan that was read from a file ties the layers of that file again.
    assert tie(net, TiePlan.from_toml(TiePlan((rule,)).to_toml()))[1].layers == found


def test_attention_by_itself_has_the_name_as_well() -> None:
    tied, report = tie(nn.MultiheadAttention(8, 2), TiePlan((TieRule("in_proj_weight", "codebook"),)))
    assert [row.layer for row in report.layers] == ["q_proj", "k_proj", "v_proj"]
