"""Climbing: a plan gets better step by step, each of which is measured."""

from collections import Counter
from collections.abc import Iterator

from tiedtts.tying.planning import search
from tiedtts.tying.planning.measurements import Measurements
from tiedtts.tying.planning.points import Point
from tiedtts.tying.planning.search import Choice
from tiedtts.tying.planning.space import Space
from tiedtts.tying.planning.ways import Budget, Way

PATIENCE = 20
"""Steps after which, if none was any better, the plan is believed to be the best one."""
CLEARLY = 0.7
"""Harm of a step over that before it, below which it is taken: small gains do not hold on other data."""
_STEPS, _LENGTH = slice(0, None, 2), slice(1, None, 2)
"""Parts of the data by which steps are judged, and by which it is judged how far to go."""
_ALIKE = 0.1
"""Share by which costs of ways may differ that are about the same."""


def climb(
    space: Space,
    start: Point,
    choice: Choice,
    *,
    within: Budget,
    budget: Budget,
    measurements: Measurements,
    reserve: int = 0,
) -> Point:
    """Return a plan, or a better one that is found from it by giving one item after the other more or less.

    Sums of what each tie does alone foretell which steps are worth a measurement, and no more than that. Of
    many steps that are tried some look good by chance: steps are judged by one part of the data, and how far
    to go by the other.

    Args:
        space: What is chosen from.
        start: Where it begins.
        choice: The same as a choice.
        within: Bounds of tensors, with room for what else is in a file.
        budget: The bounds themselves.
        measurements: Measures steps.
        reserve: Measurements that are left for others.
    """
    inner = space.inner(within)
    best = measurements.best([start])
    way_up = [best]
    failed: Counter[tuple[str, bool]] = Counter()
    in_vain = 0
    while measurements.left > reserve and in_vain < PATIENCE:
        steps = [
            (failed[name, way.bytes > choice[name].bytes], search.harm(moved), name, way, moved)
            for name, way in _beside(space, choice, inner)
            if (moved := search.moved(space.items, choice, name, way, inner)) is not None
            and not measurements.is_done_with(space.point(moved))
        ]
        if not steps:
            break
        _, _, name, way, moved = min(steps, key=lambda step: step[:2])
        direction = name, way.bytes > choice[name].bytes
        point = space.point(moved)
        if not measurements.keeps(point, budget):
            # It has a longer description than others. It must not come again.
            measurements.forgo(point)
            failed[direction] += 1
            continue
        point = measurements.best([point])
        if measurements.score(point, _STEPS) < CLEARLY * measurements.score(best, _STEPS):
            best, choice, in_vain = point, moved, 0
            way_up.append(point)
        else:
            failed[direction] += 1
            in_vain += 1
    return min(way_up, key=lambda point: measurements.score(point, _LENGTH))


def _beside(space: Space, choice: Choice, budget: Budget) -> Iterator[tuple[str, Way]]:
    """Yield items with the ways that are next to those of a choice: the next better, and the next smaller."""
    for name, now in choice.items():
        costs = {id(way): _cost(way, space.items[name][0], budget) for way in space.items[name]}
        ways = sorted(space.items[name], key=lambda of: (costs[id(of)], of.harm))
        cost = _cost(now, space.items[name][0], budget)
        better = [of for of in ways if of.harm < now.harm and costs[id(of)] > cost]
        smaller = [of for of in ways if of.harm > now.harm and costs[id(of)] < cost]
        # Those of about as many bytes are other kinds of ties, of which little is foretold.
        alike = [of for of in ways if of.key != now.key and abs(costs[id(of)] - cost) <= _ALIKE * cost]
        for way in {id(of): of for of in (*better[:1], *smaller[-1:], *alike)}.values():
            yield name, way


def _cost(way: Way, plain: Way, budget: Budget) -> float:
    """Return the cost of a way, as a share of what the item costs untied, of all that is bounded."""
    size = 0.0 if budget.bytes is None else way.bytes / max(1.0, plain.bytes)
    return size + (0.0 if budget.macs is None else way.macs / max(1.0, plain.macs))
