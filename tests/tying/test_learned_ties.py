"""Learned ties: weights that are pulled become equal, and what is merged is the tie that was meant."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tests.tying.cases import FITS, RECURRENT, assert_alike, input_for, layers
from tiedtts.errors import ConfigError, TiedTTSError
from tiedtts.tying import LearnedTies, TiedLayer, TiePlan, count_parameters, tie, untie
from tiedtts.tying.description import describe, rebuild
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.learn import Learn
from tiedtts.tying.schemes import SCHEMES

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "cluster": [{}, {"k": 1}, {"ratio": 0.6, "repair": False}, {"scales": "rows"}],
    "share": [{}, {"rank": 1}, {"rank": 2, "scales": "rows"}, {"scales": "rows"}],
}
KINDS = [(scheme, kind) for scheme in OPTIONS for kind in FITS[scheme]]


def plan(scheme: str, pattern: str = "*", bias: str = "keep", **options: Any) -> TiePlan:
    rule = {"layers": pattern, "scheme": scheme, "bias": bias, "options": options, "learn": True}
    return TiePlan.from_dict({"tie": [rule]})


def drift(model: nn.Module, seed: int) -> None:
    """Move all weights, as a step of an optimiser does."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in model.parameters():
            value += 0.05 * torch.randn(value.shape, generator=generator)


@pytest.mark.parametrize(("scheme", "kind"), KINDS)
def test_what_is_merged_computes_what_was_pulled_together(scheme: str, kind: str) -> None:
    @settings(
        max_examples=2 if kind in RECURRENT else 4, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(
        layers(kind),
        st.sampled_from(OPTIONS[scheme]),
        st.sampled_from(["keep", "share", "zero"]),
        st.booleans(),
        st.sampled_from([0.0, 0.5]),
    )
    def check(
        make: Callable[[], nn.Module], options: dict[str, Any], bias: str, regroups: bool, soft: float
    ) -> None:
        cls = SCHEMES[scheme]
        torch.manual_seed(3)
        model = nn.ModuleList(make() for _ in range(3))
        if cls.refusal(LayerSpec.of(model[0]), cls.options_type(**options)) is not None:
            return
        ties = LearnedTies(model, plan(scheme, bias=bias, **options))
        for step in range(4):
            drift(model, step)
            if regroups:
                ties.regroup(model)
            ties.pull(model, (step + 1) / 4, soft * (3 - step) / 4)
        assert ties.distance(model) < 1e-5
        before, size = copy.deepcopy(model), count_parameters(model)
        merged = ties.merge(model)
        assert merged is model
        for layer, plain in zip(model, before, strict=True):
            assert isinstance(layer, TiedLayer)
            assert layer.scheme == scheme
            x = input_for(plain)
            assert_alike(layer(x), plain(x), 1e-4)
            assert_alike(layer(x), layer.untie()(x), 1e-4)
        if not options and scheme == "share":
            assert count_parameters(model) < size
        # A description and the tensors make the same again.
        again = rebuild(copy.deepcopy(before), describe(model), model.state_dict())
        for layer, other in zip(model, again, strict=True):  # type: ignore[call-overload]
            assert_alike(layer(input_for(before[0])), other(input_for(before[0])), 1e9)
        assert {name: value.shape for name, value in again.state_dict().items()} == {
            name: value.shape for name, value in model.state_dict().items()
        }

    check()


class Block(nn.Module):
    """Expansion, activation, projection."""

    def __init__(self) -> None:
        super().__init__()
        self.expand, self.act, self.project = nn.Linear(5, 12), nn.GELU(), nn.Linear(12, 5)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.project(self.act(self.expand(x)))


def net() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(*(Block() for _ in range(3)))


X = torch.linspace(-1, 1, 20).reshape(4, 5)


@pytest.mark.parametrize("bias", ["keep", "share", "zero"])
def test_rows_that_the_next_layer_reads_once(bias: str) -> None:
    model = net()
    ties = LearnedTies(model, plan("cluster", "*.expand", bias, k=4, into="project"))
    before = model[0].project.weight.clone()
    ties.pull(model, 1.0)
    # What reads the rows need not change.
    assert torch.equal(model[0].project.weight, before)
    expected = model(X)
    ties.merge(model)
    assert_alike(model(X), expected)
    assert_alike(untie(model)(X), expected)
    assert model[0].project.columns.shape == (5, 4)


def test_training_brings_equal_rows_and_keeps_other_parameters() -> None:
    model = net()
    rule = plan("cluster", "*.expand", ratio=0.5, into="project")
    ties, learn = LearnedTies(model, rule), Learn(steps=30, pull=1e-3)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    distances = []
    for step in range(30):
        optimizer.zero_grad()
        (model(X) - X.flip(0)).square().mean().backward()
        optimizer.step()
        distances.append(ties.distance(model))
        ties.pull(model, learn.strength(step, 30))
    assert distances[-1] < 0.1 * distances[0]
    kept = model[1].project.bias
    x = model(X)
    ties.merge(model)
    assert_alike(model(X), x)
    assert all(value.requires_grad for value in model.parameters())
    # Merged layers bring parameters of their own, all others are the same objects.
    assert not any(value is kept for value in model.parameters())
    assert count_parameters(model) < count_parameters(net())


def test_layers_of_one_weight_stay_one() -> None:
    model = net()
    model[1].expand.weight = model[0].expand.weight
    ties = LearnedTies(model, plan("cluster", "[01].expand", k=4))
    ties.pull(model, 1.0)
    expected = model(X)
    ties.merge(model)
    assert_alike(model(X), expected)
    assert model[1].expand.shared_with.layer is model[0].expand


def test_the_last_step_makes_them_equal() -> None:
    learn = Learn(pull=0.01)
    strengths = [learn.strength(step, 8) for step in range(8)]
    assert strengths == sorted(strengths)
    assert strengths[-1] == 1.0
    assert strengths[0] > 0.01
    assert learn.end(100) == 50
    assert Learn(begin=40).end(100) == 70
    assert Learn(begin=10, steps=90).end(100) == 100
    with pytest.raises(ConfigError, match="learnt until step 101, and there are 100 steps"):
        Learn(begin=11, steps=90).end(100)


def test_rows_go_over_to_other_groups() -> None:
    model = nn.ModuleList([nn.Linear(1, 4, bias=False)])
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[0.0], [0.1], [1.0], [1.1]]))
    ties = LearnedTies(model, plan("cluster", k=2, repair=False))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[0.0], [1.2], [1.0], [0.1]]))
    ties.regroup(model)
    ties.pull(model, 1.0)
    torch.testing.assert_close(model[0].weight[:, 0], torch.tensor([0.05, 1.1, 1.1, 0.05]))


def test_earlier_rules_keep_their_layers() -> None:
    rules = [
        {"layers": "0.*", "scheme": "codebook", "options": {"k": 3}},
        {"layers": "*.expand", "scheme": "cluster", "learn": True},
    ]
    model = net()
    whole = TiePlan.from_dict({"tie": rules})
    with pytest.raises(ConfigError, match="rule 2 of the plan has `learn`"):
        tie(model, whole)
    ties = LearnedTies(model, whole)
    assert set(ties.names) == {"1.expand", "2.expand"}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(3, 4))), "computed from others"),
        (nn.ModuleList([nn.MultiheadAttention(4, 2)]), "part of one that is tied as a whole"),
    ],
)
def test_what_cannot_be_pulled_is_told(model: nn.Module, message: str) -> None:
    with pytest.raises(TiedTTSError, match=message):
        LearnedTies(model, plan("cluster"))


def test_a_folded_norm_is_not_learnt() -> None:
    model = nn.Sequential(nn.Conv1d(4, 8, 1), nn.BatchNorm1d(8), nn.ReLU(), nn.Conv1d(8, 4, 1))
    with pytest.raises(ConfigError, match="folds the norm `1` cannot be learnt"):
        LearnedTies(model, plan("cluster", "0", into="3"))


def test_a_plan_says_it_again() -> None:
    rules = [
        {"layers": "a", "scheme": "cluster", "bias": "keep", "options": {}, "learn": True},
        {"layers": "b", "scheme": "share", "bias": "keep", "options": {"rank": 2}, "learn": {"steps": 5}},
        {"layers": "c", "scheme": "share", "bias": "keep", "options": {}},
    ]
    made = TiePlan.from_dict({"tie": rules})
    assert made.to_dict() == {"tie": rules}
    assert TiePlan.from_toml(made.to_toml()) == made
    with pytest.raises(ConfigError, match="no rule with `learn`"):
        LearnedTies(net(), TiePlan.from_dict({"tie": rules[2:]}))
