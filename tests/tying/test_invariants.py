"""Promises of every scheme, on every kind of layer it ties."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from tests.tying.cases import PAIRS, RECURRENT, assert_alike, input_for, last, layers, outputs, tied
from tiedtts.tying import SCHEMES, TiedLayer, untie
from tiedtts.tying.layers import LayerSpec

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "identity": [{}],
    "diagonal": [{}],
    "separable": [{}, {"rank": 2}, {"order": "depthwise-first"}, {"rank": 2, "order": "depthwise-first"}],
    "lowrank": [{}, {"rank": 2}, {"ratio": 1.0}, {"shared": True}, {"shared": True, "rank": 2}],
    "cluster": [{}, {"k": 1}, {"ratio": 0.6, "repair": False}, {"scales": "rows"}],
    "share": [
        *({}, {"groups": 2, "order": "cycle"}, {"rank": 1}, {"scales": "rows"}),
        {"rank": 2, "scales": "rows"},
    ],
    "codebook": [
        *({"k": 3}, {"k": 300}, {"k": 3, "scales": "none"}),
        *({"k": 2, "group": 2}, {"k": 5, "group": 9}, {"k": 2, "dim": 2, "group": 4}),
    ],
}
BIASES = ("keep", "share", "zero")
Made = tuple[Callable[[], nn.Module], nn.Module]


@st.composite
def made(draw: st.DrawFn, scheme: str, kind: str) -> Made:
    """Draw a plain layer and the same tied."""
    make = draw(layers(kind, square=scheme in ("identity", "diagonal")))
    spec = LayerSpec.of(make())
    cls = SCHEMES[scheme]
    fitting = [of for of in OPTIONS[scheme] if cls.refusal(spec, cls.options_type(**of)) is None]
    torch.manual_seed(draw(st.integers(0, 99)))
    return make, tied(scheme, make, draw(st.sampled_from(BIASES)), **draw(st.sampled_from(fitting)))


def all_pairs(test: Callable[[nn.Module, Callable[[], nn.Module]], None]) -> Any:
    """Run a test with a few layers of every kind for every scheme."""

    @pytest.mark.parametrize(("scheme", "kind"), PAIRS)
    def run(scheme: str, kind: str) -> None:
        examples = 2 if kind in RECURRENT else 4

        @settings(
            max_examples=examples, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(made(scheme, kind))
        def check(case: Made) -> None:
            test(case[1], case[0])

        check()

    return run


@all_pairs
def test_a_tied_layer_computes_what_the_plain_one_does(
    model: nn.Module, make: Callable[[], nn.Module]
) -> None:
    plain = untie(model)[-1]  # type: ignore[index]
    assert type(plain) is type(make())
    x = input_for(plain)
    assert_alike(last(model)(x), plain(x))


@all_pairs
def test_gradients_are_those_of_the_free_values(model: nn.Module, make: Callable[[], nn.Module]) -> None:
    # Without the compact way: the same through the full weight.
    layer = last(model.double())
    x = input_for(make())
    x = x.double() if x.is_floating_point() else x
    layer.eval()
    gradients = []
    for forward in (layer.forward, lambda x: TiedLayer.forward(layer, x)):
        model.zero_grad()
        sum(of.square().sum() for of in outputs(forward(x))).backward()
        gradients.append([p.grad for p in model.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) > 0
    assert_alike(gradients[0], gradients[1], 1e-6)


@all_pairs
def test_projecting_an_expanded_weight_gives_its_free_values(
    model: nn.Module, make: Callable[[], nn.Module]
) -> None:
    layer = last(model.double())
    for name in layer.weight_values:
        spec = layer.spec if name == "weight" else LayerSpec.linear(*reversed(layer._shapes[name]))
        values = layer.values(name)
        if "scales" in values or {"up", "shared"} <= values.keys():
            # Two parts, of which one takes what the other gives: they come near, and not back.
            continue
        full = layer.expand(spec, values, layer.options).detach()
        again = layer.project(spec, full, layer.options)
        torch.testing.assert_close(layer.expand(spec, again, layer.options), full, rtol=1e-6, atol=1e-6)
        if layer.scheme in ("identity", "diagonal", "share"):
            assert_alike(list(again.values()), [of.detach() for of in values.values()], 0.0)
        # Free values that came from a weight are the same when they come from it once more.
        third = layer.project(spec, layer.expand(spec, again, layer.options), layer.options)
        if layer.scheme in ("separable", "lowrank"):
            assert_alike(list(third.values()), list(again.values()), 1e-4)
        else:
            assert_alike(list(third.values()), list(again.values()), 1e-6)


@all_pairs
def test_a_state_comes_back_bit_for_bit(model: nn.Module, make: Callable[[], nn.Module]) -> None:
    saved = {name: value.clone() for name, value in model.state_dict().items()}
    fresh = copy.deepcopy(model)
    for value in fresh.state_dict().values():
        value.zero_()
    fresh.load_state_dict(saved)
    again = fresh.state_dict()
    assert list(again) == list(saved)
    assert all(torch.equal(again[name], value) for name, value in saved.items())
    x = input_for(make())
    assert_alike(last(fresh)(x), last(model)(x), 0.0)


@all_pairs
def test_what_is_stored_is_stored_once(model: nn.Module, make: Callable[[], nn.Module]) -> None:
    names = [name for name, _ in model.named_parameters()]
    state = model.state_dict()
    assert set(names) <= set(state)
    places = [value.data_ptr() for value in state.values() if value.numel()]
    assert len(set(places)) == len(places)
