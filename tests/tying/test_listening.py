"""Ties that look at data: what layers read and write is told right, and outputs change less for it."""

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.tying.cases import FITS, assert_alike, input_for, layers, plan
from tiedtts.errors import ConfigError
from tiedtts.tying import stand_ins, tie, untie
from tiedtts.tying.listening import listen


class Net(nn.Module):
    """Layers of every kind, one after the other."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table = nn.Embedding(11, 6)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.conv = nn.Conv1d(6, 8, 3, padding=1, groups=2)
        self.up = nn.ConvTranspose1d(8, 5, 4, 2)
        self.rnn = nn.LSTM(5, 7, batch_first=True)
        self.out = nn.Linear(7, 6)

    def forward(self, entries: Tensor) -> Tensor:
        x = self.table(entries)
        x = self.attention(x, x, x)[0]
        x = self.up(self.conv(x.mT).relu())
        return self.out(self.rnn(x.mT)[0])


def skewed(count: int, size: int) -> Tensor:
    """Return inputs that are far larger along some directions than along others, and not zero in the mean."""
    generator = torch.Generator().manual_seed(1)
    turn = torch.linalg.qr(torch.randn(size, size, generator=generator)).Q
    x = torch.randn(count, size, generator=generator) * 0.6 ** torch.arange(size)
    return x @ turn + 0.5


def harm(model: nn.Module, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return float((model(x) - y).square().sum() / y.square().sum())


def test_every_kind_of_layer_is_heard() -> None:
    net = Net().eval()
    x = torch.randint(11, (4, 30), generator=torch.Generator().manual_seed(0))
    inputs: dict[str, Tensor] = {}
    for name in ("conv", "out"):
        net.get_submodule(name).register_forward_hook(lambda _, x, y, name=name: inputs.update({name: x[0]}))
    net(x)
    seen, outputs = listen({"net": Net().eval()}, lambda: net(x))
    assert outputs.shape == (4, 62, 6)
    expected = {f"rnn.weight_{of}_l0" for of in ("ih", "hh")}
    expected |= {f"{of}.weight" for of in ("table", "conv", "up", "out", "attention.out_proj")}
    assert {f"net.{of}" for of in expected} == seen.keys()
    flat = inputs["out"].flatten(0, 1).double()
    of = seen["net.out.weight"]
    torch.testing.assert_close(of.sums["inner"][0], flat.T @ flat, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(of.mean[0], flat.mean(0), rtol=1e-4, atol=1e-5)
    grouped = inputs["conv"].mT.flatten(0, 1).double().unflatten(1, (2, 3)).square().mean(0)
    conv = seen["net.conv.weight"]
    torch.testing.assert_close(conv.sums["xx"] / conv.count, grouped, rtol=1e-4, atol=1e-5)
    assert float(seen["net.table.weight"].sums["xx"].sum()) == x.numel()
    # Of attention, its maps are heard as the layers that they are while it is tied.
    view = stand_ins.view(Net())
    assert {f"net.attention.{of}_proj.weight" for of in "qkv"} <= listen({"net": view}, lambda: net(x))[
        0
    ].keys()


def test_weights_are_known_by_their_numbers() -> None:
    own = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3))
    other = nn.utils.parametrizations.weight_norm(nn.Linear(6, 8))
    other.load_state_dict(nn.utils.parametrizations.weight_norm(own[0]).state_dict())  # type: ignore[arg-type]
    plain = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3))
    with torch.no_grad():
        plain[0].weight.copy_(other.weight)
    # A program that holds the first layer's rows in a larger matrix, and never uses the second.
    whole = torch.cat([torch.ones(2, 6), plain[0].weight.detach(), torch.zeros(3, 6)])
    for run in (lambda: other(torch.randn(20, 6)), lambda: torch.randn(20, 6) @ whole.T):
        seen, _ = listen({"a": plain}, run)
        assert list(seen) == ["a.0.weight"]
        assert seen["a.0.weight"].count == 20


def test_what_is_seen_too_seldom_is_left_out() -> None:
    net = nn.Sequential(nn.Linear(6, 8))
    assert listen({"a": net}, lambda: net(torch.randn(3, 6)))[0] == {}


@pytest.mark.parametrize(
    ("scheme", "options"),
    [("lowrank", {"rank": 3}), ("codebook", {"k": 4}), ("cluster", {"k": 8, "by": "activations"})],
)
def test_outputs_change_less_with_data(scheme: str, options: dict[str, Any]) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(12, 16))
    seen, y = listen({"": net}, lambda: net(skewed(400, 12)))
    x = skewed(500, 12)[400:]
    blind, _ = tie(net, plan(scheme, "0", **{**options, **({"by": "weights"} if "by" in options else {})}))
    looked, _ = tie(net, plan(scheme, "0", **options), seen={k.lstrip("."): v for k, v in seen.items()})
    assert harm(looked, x, net(x).detach()) < 0.8 * harm(blind, x, net(x).detach())
    assert_alike(looked(x), untie(looked)(x))


def test_a_rank_that_the_data_need_is_enough() -> None:
    torch.manual_seed(0)
    for net, shape in ((nn.Conv1d(8, 10, 3), (6, 8, 40)), (nn.ConvTranspose1d(8, 10, 4, 2), (6, 8, 40))):
        # Inputs of two directions: outputs of two for each tap.
        x = torch.einsum("bdt,dc->bct", torch.randn(6, 2, 40), torch.randn(2, 8))
        assert x.shape == shape
        model = nn.Sequential(net)
        seen, y = listen({"a": model}, lambda model=model, x=x: model(x))
        rank = 6 if isinstance(net, nn.Conv1d) else 2
        made, _ = tie(model, plan("lowrank", "0", rank=rank), seen={"0.weight": seen["a.0.weight"]})
        assert harm(made, x, y) < 1e-4 < harm(tie(model, plan("lowrank", "0", rank=rank))[0], x, y)


def test_a_bias_takes_up_what_changes_in_the_mean() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(6, 9, 1))
    x = torch.randn(3, 6, 50) + torch.randn(6, 1)
    seen, y = listen({"a": net}, lambda: net(x))
    made, _ = tie(net, plan("codebook", "0", k=2), seen={"0.weight": seen["a.0.weight"]})
    with torch.no_grad():
        torch.testing.assert_close(made(x).mean((0, 2)), y.mean((0, 2)), rtol=1e-3, atol=1e-4)


def test_neurons_that_say_the_same_on_data_are_one() -> None:
    torch.manual_seed(0)
    x = torch.randn(60, 2) @ torch.randn(2, 5)
    null = torch.linalg.svd(x).Vh[3]
    layer = nn.Linear(5, 6)
    with torch.no_grad():
        # Three neurons that differ where the data have nothing, and three that are multiples of one.
        layer.weight[1:3] = layer.weight[0] + torch.tensor([[1.0], [2.0]]) * null
        layer.weight[4:] = layer.weight[3] * torch.tensor([[2.0], [0.5]])
    net = nn.Sequential(layer)
    seen, y = listen({"a": net}, lambda: net(x))
    known = {"0.weight": seen["a.0.weight"]}
    options = {"k": 2, "by": "activations", "scales": "rows"}
    made, report = tie(net, plan("cluster", "0", **options), seen=known)
    blind, _ = tie(net, plan("cluster", "0", k=2, scales="rows"))
    assert harm(made, x, y) < 0.005 < 0.03 < harm(blind, x, y)
    assert report.layers[0].error > 0.1
    with pytest.raises(ConfigError, match="no data went through it"):
        tie(net, plan("cluster", "0", **options))
    with pytest.raises(ConfigError, match="do not go together"):
        plan("cluster", "0", scales="rows", into="1")


OPTIONS: dict[str, dict[str, Any]] = {
    "lowrank": {"ratio": 0.6},
    "codebook": {"k": 3},
    "cluster": {"ratio": 0.6, "by": "activations"},
}


@pytest.mark.parametrize(
    ("scheme", "kind"),
    [
        (scheme, kind)
        for scheme in OPTIONS
        for kind in FITS[scheme]
        if (scheme, kind) != ("cluster", "embedding")
    ],
)
def test_what_data_made_computes_what_the_plain_one_does(scheme: str, kind: str) -> None:
    @settings(
        max_examples=3,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(layers(kind), st.sampled_from(("keep", "share", "zero")))
    def check(make: Any, bias: str) -> None:
        torch.manual_seed(0)
        net = nn.ModuleList([make()])
        seen, _ = listen({"a": net}, lambda: [net[0](input_for(net[0])) for _ in range(9)])
        known = {name.removeprefix("a."): of for name, of in seen.items()}
        assert known
        options = OPTIONS[scheme] | ({"scales": "rows"} if bias == "share" and scheme == "cluster" else {})
        made, _ = tie(net, plan(scheme, bias=bias, **options), seen=known)
        x = input_for(net[0])
        assert_alike(made[0](x), untie(made)[0](x))  # type: ignore[index]

    check()
