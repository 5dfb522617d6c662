"""The planner: plans keep their budgets, and spend them where a net bears least."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tiedtts.errors import ConfigError
from tiedtts.tying import costs
from tiedtts.tying.listening import listen
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.plan import TieRule
from tiedtts.tying.planning import objective
from tiedtts.tying.planning.nets import Nets, as_plan
from tiedtts.tying.planning.planner import Planner
from tiedtts.tying.planning.points import Point, undominated
from tiedtts.tying.planning.ways import Budget


def net() -> nn.Sequential:
    """Return a net of which one layer has small outputs, and one large ones that are cut."""
    torch.manual_seed(0)
    made = nn.Sequential(nn.Linear(24, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 8))
    with torch.no_grad():
        made[0].weight *= 0.05
        made[2].weight *= 3
    return made


def inputs(seed: int) -> Tensor:
    return torch.randn(200, 24, generator=torch.Generator().manual_seed(seed)) * 0.8 ** torch.arange(24)


def planner(
    made: nn.Module,
    *,
    schemes: Sequence[str] = ("codebook", "lowrank", "cluster"),
    look: bool = False,
    **more: Any,
) -> Planner:
    parts: Mapping[str, nn.Module] = {"net": made}
    x = inputs(1)
    with torch.no_grad():
        first = made(x)
        measured = objective.by_outputs(lambda tied: tied["net"](x), first)
    seen = listen(parts, lambda: made(x))[0] if look else {}
    work = {f"net.{name}": of for name, of in costs.each_layer_once(made).items() if name}
    return Planner(Nets(parts, costs.as_stored, work, seen), measured, schemes, **more)


def harm(made: nn.Module, tied: nn.Module) -> float:
    """Return the change of outputs on inputs that nothing was chosen by."""
    with torch.no_grad():
        x = inputs(2)
        return objective.difference(objective.leaves(tied(x)), objective.leaves(made(x)))


@pytest.mark.parametrize("look", [False, True])
def test_a_plan_of_so_many_bytes_beats_what_ties_all_alike(look: bool) -> None:
    made = net()
    found = planner(made, look=look, trials=20, schemes=("codebook", "lowrank")).plan(
        Budget(bytes=3000), front=4
    )
    assert found.plan is not None
    tied, _, report = tie_parts({"net": made}, found.plan, seen=found.nets.seen)
    size = costs.total_bytes(tied.values(), costs.as_stored)
    assert size == found.best.bytes <= 3000
    assert not found.best.is_uniform
    for k in (2, 4, 8, 16):
        alike, _, _ = tie_parts({"net": made}, _alike("codebook", k=k), seen=found.nets.seen)
        if costs.total_bytes(alike.values(), costs.as_stored) <= 3000:
            assert harm(made, tied["net"]) < harm(made, alike["net"])
    assert len({8 * row.bytes_after / row.parameters_before for row in report.layers}) > 1


def _alike(scheme: str, **options: Any) -> Any:
    from tests.tying.cases import plan

    return plan(scheme, **options)


def test_work_is_a_budget_too() -> None:
    made = net()
    whole = sum(of for name, of in costs.each_layer_once(made).items() if name)
    found = planner(made, look=True, trials=12, schemes=("lowrank", "cluster")).plan(
        Budget(macs=whole / 2), front=2
    )
    assert {rule.scheme for rule in found.best.rules} <= {"lowrank", "cluster"}
    tied, _, _ = tie_parts({"net": made}, found.plan, seen=found.nets.seen)  # type: ignore[arg-type]
    assert costs.each_layer_once(tied["net"])[""] == pytest.approx(found.best.macs)
    assert found.best.macs <= whole / 2
    both = planner(made, trials=12, schemes=("codebook", "lowrank")).plan(
        Budget(macs=0.7 * whole, bytes=11000), front=1
    )
    assert both.best.macs <= 0.7 * whole
    assert both.best.bytes <= 11000


def test_the_smallest_plan_within_a_bound_of_harm() -> None:
    made = net()
    sizes = []
    for share in (0.01, 0.1):
        made_planner = planner(made, trials=15, schemes=("codebook",))
        bound = made_planner.objective.bound(share)  # type: ignore[union-attr]
        found = made_planner.plan(Budget(harm=bound))
        assert found.share(found.best.harm) <= share
        sizes.append(found.best.bytes)
        # Whatever is smaller does more harm.
        assert all(point.harm > bound for point in found.front if point.bytes < found.best.bytes)
    assert sizes[1] < sizes[0] < costs.total_bytes([made], costs.as_stored)


def test_nothing_on_the_front_beats_anything_there() -> None:
    found = planner(net(), trials=20, schemes=("codebook", "lowrank")).plan(Budget(bytes=3000), front=4)
    assert found.front[0].rules == ()
    assert found.best in found.front
    assert list(undominated(found.front)) == list(found.front)
    sizes = [point.bytes for point in found.front]
    assert sizes == sorted(sizes, reverse=True)
    told = found.to_dict()
    assert told["plan"] == found.plan.to_dict()  # type: ignore[union-attr]
    assert told["after"]["bytes"] == found.best.bytes
    assert set(told["layers"]) == {"net.0", "net.2", "net.4"}


def test_measurements_are_about_as_many_as_asked_for() -> None:
    torch.manual_seed(0)
    many = nn.Sequential(*(nn.Linear(16, 16) for _ in range(12)), nn.Linear(16, 24))
    parts = {"net": many}
    asked: list[int] = []

    def measure(tied: Mapping[str, nn.Module]) -> tuple[float, ...]:
        asked.append(1)
        return (1.0 + 0.01 * len(asked),)

    made = Planner(
        Nets(parts, costs.as_stored, {}, {}), objective.Objective(measure, "loss"), ("codebook",), trials=10
    )
    found = made.plan(Budget(bytes=4000), front=2)
    assert found.measured == len(asked) <= 20
    assert any(name.endswith("small layers") for name in found.items)


def test_what_is_foretold_without_measurements() -> None:
    made = net()
    blind = Planner(Nets({"net": made}, costs.as_stored, {}, {}), None, ("codebook",))
    found = blind.plan(Budget(bytes=3000))
    assert found.words == "change of weights"
    assert found.best.bytes <= 3000
    assert found.measured == 0


def test_a_budget_that_nothing_keeps_says_what_would_be_kept() -> None:
    with pytest.raises(ConfigError, match="no plan keeps the budget") as caught:
        planner(net(), trials=10, schemes=("codebook",)).plan(Budget(bytes=10))
    assert "the smallest file takes about" in str(caught.value.hint)
    with pytest.raises(ConfigError, match="does so little harm"):
        planner(net(), trials=10, schemes=("codebook",)).plan(Budget(bytes=1500, harm=1e-9))


def test_rules_of_one_kind_are_one_rule() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(*(nn.Linear(32, 32) for _ in range(4)))
    nets = Nets({"net": layers}, costs.as_stored, {}, {})
    rules = [TieRule(f"net.{at}", "codebook", options={"k": 16}) for at in range(4)]
    plan = as_plan(rules, nets)
    assert plan is not None
    assert [rule.layers for rule in plan.rules] == ["net.*"]
    plan = as_plan(rules[:3], nets)
    assert plan is not None
    assert [rule.layers for rule in plan.rules] == ["net.0", "net.1", "net.2"]
    assert as_plan([], nets) is None


def test_a_plan_is_never_worse_than_one_for_all_layers_as_measured() -> None:
    made = net()
    asked = planner(made, trials=30)
    for size in (2600, 4000):
        found = asked.plan(Budget(bytes=size), front=0)
        assert found.best.is_measured
        # Whatever else keeps the budget, was measured, and is no better.
        for k in (8, 16, 32, 64):
            point = asked.nets.point(_alike("codebook", k=k).rules, is_uniform=True)
            if asked.measurements.keeps(point, Budget(bytes=size)):
                assert found.best.harm <= asked.measurements.harm(point.rules)
    assert asked.measurements.taken <= 30 + 8


def test_shared_layers_are_a_plan_too() -> None:
    torch.manual_seed(0)
    one = nn.Linear(32, 32)
    made = nn.Sequential(*(nn.Linear(32, 32) for _ in range(4)))
    with torch.no_grad():
        for at, layer in enumerate(made):
            layer.weight.copy_(one.weight + 1e-4 * at)
            layer.bias.copy_(one.bias)
    x = torch.randn(50, 32)
    with torch.no_grad():
        measured = objective.by_outputs(lambda tied: tied["net"](x), made(x))
    found = Planner(
        Nets({"net": made}, costs.as_stored, {}, {}), measured, ("codebook", "share"), trials=20
    ).plan(Budget(bytes=6000), front=0)
    assert {rule.scheme for rule in found.best.rules} == {"share"}
    assert found.best.harm < 1e-4


def test_points_that_are_beaten() -> None:
    def point(size: float, work: float, harm: float) -> Point:
        return Point(bytes=size, macs=work, harm=harm, rules=())

    kept = undominated(
        [point(10, 1, 0.1), point(9, 1, 0.2), point(9, 1, 0.3), point(11, 0.5, 0.1), point(9, 2, 0.2)]
    )
    assert [(of.bytes, of.harm) for of in kept] == [(11, 0.1), (10, 0.1), (9, 0.2)]
