"""The planner: finds the best plan for a budget among all that are worth it, and tries it for real."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tiedtts.errors import ConfigError
from tiedtts.tying.plan import TieRule
from tiedtts.tying.planning import levels, search, sensitivities, uniform
from tiedtts.tying.planning.climbing import climb
from tiedtts.tying.planning.measurements import FileSize, Measurements
from tiedtts.tying.planning.nets import Nets, as_plan
from tiedtts.tying.planning.objective import Objective
from tiedtts.tying.planning.planned import Planned
from tiedtts.tying.planning.points import Point, beats, undominated
from tiedtts.tying.planning.space import Space, spread
from tiedtts.tying.planning.ways import Budget, rule_key

TRIALS = 150
"""Times that nets are measured, about."""
BENDS = (1.0, 0.5, 0.0)
"""Powers of how much the measured sensitivity of a layer differs from others'; zero trusts changes alone."""
FRONT = 7
"""Sizes at which the front is measured."""


@dataclass
class Planner:
    """Looks for the best plan.

    Args:
        nets: Nets with costs.
        objective: Measures harm; nothing if only changes of weights, or of layers' outputs, can be known.
        schemes: Schemes that may be chosen.
        file_size: Measures files, where their bytes count, and not those of tensors alone.
        trials: About how often nets may be measured.
        progress: Told the share that is done, and what is tried.
    """

    nets: Nets
    objective: Objective | None
    schemes: Sequence[str]
    file_size: FileSize | None = None
    trials: int = TRIALS
    progress: Callable[[float, str], None] = lambda share, words: None
    _choices: dict[tuple[TieRule, ...], search.Choice] = field(default_factory=dict)
    _spaces: dict[bool, Space] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.measurements = Measurements(
            self.nets, self.objective, self.file_size, self.trials, self.progress
        )

    def plan(self, budget: Budget, *, front: int = FRONT) -> Planned:
        """Return the best plan for a budget, and the front that it lies on.

        Args:
            budget: Its bounds. What was measured for one budget serves for others.
            front: Sizes at which the front is measured.

        Raises:
            ConfigError: No plan keeps the budget.
        """
        work_counts = budget.macs is not None
        if work_counts not in self._spaces:
            self._spaces[work_counts] = self._space(work_counts)
        space = self._spaces[work_counts]
        best = (
            self._best(space, budget, reserve=front) if budget.harm is None else self._smallest(space, budget)
        )
        points = self._front(space, best, budget, front)
        if best not in points:
            # One of the other sizes turned out to be better in all: that is the plan.
            best = min((point for point in points if beats(point, best)), key=lambda point: point.harm)
        return Planned(
            best=best,
            front=points,
            items=space.items,
            objective=self.objective,
            nets=self.nets,
            plan=as_plan(best.rules, self.nets),
            measured=self.measurements.taken,
        )

    def _space(self, work_counts: bool) -> Space:
        """Return all choices, with harms that were measured or are foretold."""
        probes = sensitivities.probes(self.measurements)
        found = levels.items(
            self.nets,
            self.schemes,
            most=max(4, int(0.7 * self.trials) // max(1, len(probes))),
            work_counts=work_counts,
            progress=lambda words: self.progress(0.0, words),
        )
        if not found and "share" not in self.schemes:
            raise ConfigError("there is no layer that can be tied, or all are tied already")
        items = sensitivities.foretold(found, self.measurements, work_counts=work_counts)
        return Space.of(self.nets, items)

    def _best(self, space: Space, budget: Budget, reserve: int) -> Point:
        """Return the best plan that keeps the bounds of bytes and work.

        It is never worse, as measured, than any that ties all layers alike.
        """
        found = uniform.best(self.nets, self.schemes, lambda point: self.measurements.keeps(point, budget))
        room, chosen = self._with_room(space, budget)
        found += [point for point in chosen if self.measurements.keeps(point, budget)]
        if not found:
            raise self._too_tight(space, budget, room)
        found = _different(found)
        if self.objective is None:
            return self.measurements.filed(self.measurements.best(found))
        found = [self.measurements.best([point]) for point in found]
        starts = [(point, choice) for point in found if (choice := self._choice(space, point)) is not None]
        if starts:
            start, choice = min(starts, key=lambda of: self.measurements.score(of[0]))
            climbed = climb(
                space,
                start,
                choice,
                within=_less(budget, room),
                budget=budget,
                measurements=self.measurements,
                reserve=reserve,
            )
            found.append(climbed)
        bound = min((point.harm for point in found if point.is_uniform), default=math.inf)
        good = [point for point in found if point.harm <= bound]
        return self.measurements.filed(min(good, key=self.measurements.score))

    def _with_room(self, space: Space, budget: Budget) -> tuple[float, list[Point]]:
        """Return what a file holds beside tensors, and the plans of the search that leave room for it."""
        room = 0.0
        chosen = self._chosen(space, budget)
        for _ in range(10):
            if budget.bytes is None or not chosen:
                break
            over = max(self.measurements.file_bytes(point) for point in chosen) - budget.bytes
            if over <= 0:
                break
            room = room + over + 64
            chosen = self._chosen(space, _less(budget, room))
        return room, chosen

    def _choice(self, space: Space, point: Point) -> search.Choice | None:
        """Return the ways of items that a plan is, if it is one of these."""
        if not point.is_uniform:
            return self._choices.get(point.rules)
        key = rule_key(point.rules[0])
        found = {name: next((w for w in ways if w.key == key), None) for name, ways in space.items.items()}
        # What a codebook does not fit stays as it is.
        return None if not any(found.values()) else {n: w or space.items[n][0] for n, w in found.items()}

    def _too_tight(self, space: Space, budget: Budget, room: float) -> ConfigError:
        small = min(space.all_paths(Budget(bytes=0, macs=budget.macs)), key=lambda point: point.bytes)
        least = min(space.all_paths(Budget(macs=0)), key=lambda point: point.macs)
        whole = sum(self.nets.work.values())
        return ConfigError(
            "no plan keeps the budget",
            hint=f"the smallest file takes about {math.ceil((small.bytes + room) / 1000)}k, and the least"
            f" work is {math.ceil(100 * least.macs / max(1.0, whole))}% of that before",
        )

    def _chosen(self, space: Space, budget: Budget) -> list[Point]:
        """Return the plans of the search within a budget, for several beliefs."""
        inner = space.inner(budget)
        found = []
        for power in BENDS if self.objective is not None else (1.0,):
            choice = search.fit(sensitivities.bent(space.items, power), inner)
            if choice is not None:
                found.append(space.point(choice))
                self._choices[found[-1].rules] = choice
        return _different(found)

    def _smallest(self, space: Space, budget: Budget) -> Point:
        """Return the smallest plan whose harm is within the bound: a search by halves along the path."""
        assert budget.harm is not None
        points = [point for point in space.path(space.inner(budget)) if budget.keeps(point.bytes, point.macs)]
        low, high = 0, len(points)
        best: Point | None = None
        while low < high:
            middle = (low + high) // 2
            point = self.measurements.best([points[middle]])
            if point.harm <= budget.harm:
                best, low = point, middle + 1
            else:
                high = middle
        if best is None:
            raise ConfigError(
                "no plan keeps the budget and does so little harm", hint="allow more of one of them"
            )
        return self.measurements.filed(best)

    def _front(self, space: Space, best: Point, budget: Budget, count: int) -> list[Point]:
        """Return plans of other sizes, and this one, without those that another one beats in all."""
        by_work = budget.macs is not None and budget.bytes is None
        path = space.path(budget)
        # What was measured on the way here costs nothing, and trials that are left over may be spent.
        points = [space.whole(), best, *self.measurements.known(path)]
        for point in spread(path, count, by_work=by_work):
            if self.objective is None or self.measurements.left:
                points.append(self.measurements.best([point]))
        kept = [point if point is best else self.measurements.filed(point) for point in undominated(points)]
        # All is told beside the nets as they are, even where something smaller is measured to be no worse.
        return kept if kept[0].rules == () else [self.measurements.filed(space.whole()), *kept]


def _different(points: Sequence[Point]) -> list[Point]:
    """Return points with different rules."""
    return list({tuple(sorted(map(repr, point.rules))): point for point in points}.values())


def _less(budget: Budget, room: float) -> Budget:
    """Return a budget with fewer bytes."""
    return budget if budget.bytes is None else dataclasses.replace(budget, bytes=budget.bytes - room)
