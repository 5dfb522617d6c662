"""The planner: measures how sensitive layers are, finds the best plan for a budget, and tries it for real."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import nn

from tiedtts.errors import ConfigError, TiedTTSError
from tiedtts.tying import costs
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.planning import levels, search
from tiedtts.tying.planning.levels import CODEBOOKS, SHARES, Nets
from tiedtts.tying.planning.objective import Objective
from tiedtts.tying.planning.planned import Planned, Point
from tiedtts.tying.planning.ways import Budget, Way

TRIALS = 150
"""Times that nets are measured, about."""
PROBES = (8, 32)
"""Codebooks by which the sensitivity of a layer is measured."""
BENDS = (1.0, 0.5, 0.0)
"""Powers of how much the measured sensitivity of a layer differs from others'; zero trusts changes alone."""
MOVES = 6
"""Items of a plan that are given more or less, to see whether that is better."""
FRONT = 7
"""Sizes at which the front is measured."""
CLEARLY = 0.7
"""Harm of a plan over that of the one which is believed to be best, below which it is taken all the same."""
_FLOOR = 1e-3
"""Share of the usual sensitivity below which none is believed."""
FileSize = Callable[[Mapping[str, nn.Module], Mapping[str, TiePlan]], int]
"""Bytes of the file of tied nets, given the plans of their parts."""


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
    measured: int = 0
    """Measurements so far."""
    items: dict[str, list[Way]] = field(default_factory=dict)
    """Ways of each item, with their harms."""
    _known: dict[object, float] = field(default_factory=dict)
    _choices: dict[tuple[TieRule, ...], search.Choice] = field(default_factory=dict)
    _prepared: dict[bool, dict[str, list[Way]]] = field(default_factory=dict)
    _rest: float = 0.0
    _rest_work: float = 0.0

    def plan(self, budget: Budget, *, front: int = FRONT) -> Planned:
        """Return the best plan for a budget, and the front that it lies on.

        Args:
            budget: Its bounds. What was measured for one budget serves for others.
            front: Sizes at which the front is measured.

        Raises:
            ConfigError: No plan keeps the budget.
        """
        work_counts = budget.macs is not None
        if work_counts not in self._prepared:
            self._prepared[work_counts] = self._prepare(work_counts)
        self.items = self._prepared[work_counts]
        own = [ways[0] for ways in self.items.values()]
        self._rest = costs.total_bytes(self.nets.parts.values(), self.nets.size) - sum(w.bytes for w in own)
        self._rest_work = sum(self.nets.work.values()) - sum(way.macs for way in own)
        best = self._best(budget) if budget.harm is None else self._smallest(budget)
        points = self._front(best, budget, front)
        if best not in points:
            # One of the other sizes turned out to be better in all: that is the plan.
            best = min((point for point in points if _beats(point, best)), key=lambda point: point.harm)
        return Planned(
            best=best,
            front=points,
            items=self.items,
            objective=self.objective,
            nets=self.nets,
            plan=levels.as_plan(best.rules, self.nets),
            measured=self.measured,
        )

    def _prepare(self, work_counts: bool) -> dict[str, list[Way]]:
        """Return the ways of all items with their harms."""
        probes = self._probes()
        most = max(4, int(0.7 * self.trials) // max(1, len(probes)))
        found = levels.items(
            self.nets,
            self.schemes,
            most=most,
            work_counts=work_counts,
            progress=lambda words: self.progress(0.0, words),
        )
        if not found:
            raise ConfigError("there is no layer that can be tied, or all are tied already")
        return self._foretold(found, probes, work_counts)

    # Measuring

    def _harm(self, rules: Sequence[TieRule]) -> float:
        """Measure the harm of some rules."""
        assert self.objective is not None
        key = tuple(sorted(map(repr, rules)))
        if key not in self._known:
            self.measured += 1
            self.progress(min(0.99, self.measured / self.trials), f"measurement {self.measured}")
            self._known[key] = self.objective.harm(self.nets.tied(rules)[0]) if rules else 0.0
        return self._known[key]

    def _probes(self) -> list[int]:
        """Return the codebooks by which layers are probed: as many as the trials allow."""
        if self.objective is None:
            return []
        many = 2 * len(self.nets.names()) > 0.7 * self.trials
        return [PROBES[0]] if many else list(PROBES)

    def _foretold(
        self, items: dict[str, list[Way]], probes: Sequence[int], work_counts: bool
    ) -> dict[str, list[Way]]:
        """Return the ways with their harms: measured, or foretold from those that were measured."""
        if self.objective is None:
            weights = {name: ways[0].bytes for name, ways in items.items()}
            total = sum(weights.values())
            return {
                name: [way.with_harm(way.change * weights[name] / total) for way in ways]
                for name, ways in items.items()
            }
        scales: dict[str, dict[str, list[tuple[float, float]]]] = {}
        for name, ways in items.items():
            for scheme in {way.scheme for way in ways} - {"plain"}:
                for way in self._probed(ways, scheme, probes, work_counts):
                    found = scales.setdefault(scheme, {}).setdefault(name, [])
                    found.append((way.change, self._harm(way.rules)))
        return {
            name: [
                way.with_harm(harm) for way in ways if math.isfinite(harm := self._from(scales, name, way))
            ]
            for name, ways in items.items()
        }

    def _probed(
        self, ways: Sequence[Way], scheme: str, probes: Sequence[int], work_counts: bool
    ) -> list[Way]:
        """Return the ways of a scheme that are measured."""
        own = [way for way in ways if way.scheme == scheme]
        if scheme == "codebook":
            return [way for way in own if any(way.key == f"codebook k={k}" for k in probes)] or own[-1:]
        books = [way for way in ways if way.scheme == "codebook"]
        worth = [way for way in own if not _is_beaten(way, books, work_counts)]
        return worth[len(worth) // 2 :][:1]

    def _from(
        self, scales: Mapping[str, Mapping[str, list[tuple[float, float]]]], name: str, way: Way
    ) -> float:
        """Foretell the harm of a way: measured harms, in proportion to the change of the layer."""
        if not way.rules:
            return 0.0
        known = scales.get(way.scheme, {}).get(name)
        if not known:
            # Nothing of it is worth a measurement.
            return math.inf if way.scheme != "codebook" else way.change
        usual = sorted(
            harm / change for found in scales[way.scheme].values() for change, harm in found if change > 0
        )
        floor = _FLOOR * max(usual[len(usual) // 2], 1e-9)
        points = [(change, max(harm, floor * change)) for change, harm in sorted(known)]
        low, high = points[0], points[-1]
        if way.change <= low[0] or low[0] == high[0]:
            return low[1] * way.change / low[0]
        if way.change >= high[0]:
            return high[1] * way.change / high[0]
        share = math.log(way.change / low[0]) / math.log(high[0] / low[0])
        return math.exp((1 - share) * math.log(low[1]) + share * math.log(high[1]))

    # Choosing

    def _best(self, budget: Budget) -> Point:
        """Return the best plan that keeps the bounds of bytes and work."""
        room = 0.0
        if self.file_size is not None and budget.bytes is not None:
            guess = self._candidates(budget, uniform=False)
            room = self._actual(guess[0]) - guess[0].bytes if guess else 0.0
        for _ in range(10):
            tight = budget if budget.bytes is None else dataclasses.replace(budget, bytes=budget.bytes - room)
            found = self._candidates(tight)
            if not found:
                raise self._too_tight(budget, room)
            best = self._refined(self._measured(found), tight)
            actual = self._actual(best)
            if budget.bytes is None or actual <= budget.bytes:
                return dataclasses.replace(best, file_bytes=actual)
            # Such a plan must not come again.
            room = max(room + actual - budget.bytes, actual - best.bytes) + 64
        raise self._too_tight(budget, room)

    def _too_tight(self, budget: Budget, room: float) -> ConfigError:
        small = min(
            (self._point(choice) for choice in self._paths(Budget(bytes=0, macs=budget.macs))),
            key=lambda point: point.bytes,
        )
        least = min(
            (self._point(choice) for choice in self._paths(Budget(macs=0))), key=lambda point: point.macs
        )
        whole = sum(self.nets.work.values())
        return ConfigError(
            "no plan keeps the budget",
            hint=f"the smallest file takes about {math.ceil((small.bytes + room) / 1000)}k, and the least"
            f" work is {math.ceil(100 * least.macs / max(1.0, whole))}% of that before",
        )

    def _paths(self, budget: Budget) -> list[search.Choice]:
        return [
            choice
            for per_byte, per_mac in search.prices(self.items, budget)
            for choice in search.path(self.items, per_byte, per_mac)
        ]

    def _candidates(self, budget: Budget, *, uniform: bool = True) -> list[Point]:
        """Return plans within a budget: those of the search, for several beliefs, and uniform ones."""
        inner = self._inner(budget)
        found = []
        for power in BENDS if self.objective is not None else (1.0,):
            choice = search.fit(self._bent(power), inner)
            if choice is not None:
                found.append(self._point(choice))
                self._choices[found[-1].rules] = choice
        found += self._uniform(budget) if uniform else ()
        return list({tuple(sorted(map(repr, point.rules))): point for point in found}.values())

    def _inner(self, budget: Budget) -> Budget:
        """Return what a budget leaves for the items."""
        return Budget(
            bytes=None if budget.bytes is None else budget.bytes - self._rest,
            macs=None if budget.macs is None else budget.macs - self._rest_work,
        )

    def _refined(self, best: Point, budget: Budget) -> Point:
        """Return a plan, or a better one found by giving one item more or less, and refitting the others."""
        choice = self._choices.get(best.rules)
        if choice is None or self.objective is None:
            return best
        inner, pinned = self._inner(budget), dict[str, Way]()
        order = sorted(choice, key=lambda name, of=choice: -of[name].harm)  # type: ignore[misc]
        for name in order[:MOVES]:
            if self.measured >= self.trials:
                break
            for way in self._beside(name, choice[name]):
                items = {**self.items, **{of: [at] for of, at in pinned.items()}, name: [way]}
                moved = search.fit(items, inner)
                if moved is None:
                    continue
                point = self._measured([self._point(moved)])
                if point.harm < CLEARLY * best.harm:
                    best, choice, pinned[name] = point, moved, way
                    break
        return best

    def _beside(self, name: str, way: Way) -> list[Way]:
        """Return the ways of an item that are next to one: a better one, and a smaller one."""
        ways = sorted(self.items[name], key=lambda of: (of.bytes + of.macs, of.harm))
        better = [of for of in ways if of.harm < way.harm and of.bytes + of.macs > way.bytes + way.macs]
        smaller = [of for of in ways if of.harm > way.harm and of.bytes + of.macs < way.bytes + way.macs]
        return [*better[:1], *smaller[-1:]]

    def _bent(self, power: float) -> dict[str, list[Way]]:
        """Return the items with sensitivities that differ more or less from the usual one."""
        if power == 1.0:
            return self.items
        bent = {}
        for name, ways in self.items.items():
            share = ways[0].bytes
            bent[name] = [
                way.with_harm((way.harm**power) * ((way.change * share) ** (1 - power)) if way.harm else 0.0)
                for way in ways
            ]
        return bent

    def _uniform(self, budget: Budget) -> list[Point]:
        """Return the best plan of each kind that ties all layers alike and keeps the budget."""
        found = []
        kinds: list[list[tuple[str, dict[str, object]]]] = []
        if "codebook" in self.schemes:
            kinds.append([("codebook", dict(table)) for table in CODEBOOKS if "group" not in table])
            kinds.append([("codebook", dict(table)) for table in CODEBOOKS if "group" in table])
        if "lowrank" in self.schemes:
            kinds.append([("lowrank", {"ratio": share / 2}) for share in SHARES])
        if "cluster" in self.schemes:
            kinds.append([("cluster", {"ratio": share}) for share in SHARES])
        for kind in kinds:
            for scheme, options in kind:
                try:
                    point = self._of_rules((TieRule("*", scheme, options=options),))
                except TiedTTSError:
                    continue
                if budget.keeps(point.bytes, point.macs):
                    found.append(point)
                    break
        return found

    def _of_rules(self, rules: tuple[TieRule, ...]) -> Point:
        """Return the point of some rules, from what they do."""
        tied, _ = self.nets.tied(rules)
        work = 0.0
        for name in self.nets.names():
            before = costs.products(_layer(self.nets.parts, name))
            after = costs.products(_layer(tied, name))
            work += self.nets.work.get(name, 0.0) * (after / before if before else 1.0)
        total = costs.total_bytes(tied.values(), self.nets.size)
        return Point(bytes=total, macs=work, harm=math.inf, rules=rules, is_uniform=True)

    def _point(self, choice: search.Choice) -> Point:
        return Point(
            bytes=search.size(choice) + self._rest,
            macs=search.work(choice) + self._rest_work,
            harm=search.harm(choice),
            rules=tuple(rule for way in choice.values() for rule in way.rules),
        )

    def _measured(self, points: Sequence[Point]) -> Point:
        """Return the best of some points, measured where that is possible."""
        if self.objective is None:
            return min(points, key=lambda point: point.harm)
        made = [
            dataclasses.replace(point, harm=self._harm(point.rules), is_measured=True) for point in points
        ]
        # Where measurements do not tell plans apart, what was foretold first does.
        return min(made, key=lambda point: point.harm)

    def _actual(self, point: Point) -> int:
        """Return the bytes of the file of a point, or of its tensors."""
        if self.file_size is None:
            return int(point.bytes)
        if not point.rules:
            return self.file_size({}, {})
        plan = levels.as_plan(point.rules, self.nets)
        assert plan is not None
        parts, plans, _ = tie_parts(self.nets.parts, plan, seen=self.nets.seen)
        return self.file_size(parts, plans)

    def _smallest(self, budget: Budget) -> Point:
        """Return the smallest plan whose harm is within the bound: a search by halves along the path."""
        assert budget.harm is not None
        outer = Budget(bytes=budget.bytes, macs=budget.macs)
        inner = dataclasses.replace(outer, bytes=None if outer.bytes is None else outer.bytes - self._rest)
        price = search.prices(self.items, inner)[0]
        points = [self._point(choice) for choice in search.path(self.items, *price)]
        points = [point for point in points if outer.keeps(point.bytes, point.macs)]
        low, high = 0, len(points)
        best: Point | None = None
        while low < high:
            middle = (low + high) // 2
            point = self._measured([points[middle]])
            if point.harm <= budget.harm:
                best, low = point, middle + 1
            else:
                high = middle
        if best is None:
            raise ConfigError(
                "no plan keeps the budget and does so little harm", hint="allow more of one of them"
            )
        return dataclasses.replace(best, file_bytes=self._actual(best))

    def _front(self, best: Point, budget: Budget, count: int) -> list[Point]:
        """Return plans of other sizes, and this one, without those that another one beats in all."""
        price = search.prices(self.items, budget)[0]
        path = [self._point(choice) for choice in search.path(self.items, *price)]
        by_work = budget.macs is not None and budget.bytes is None
        sizes = [point.macs if by_work else point.bytes for point in path]
        top, bottom = sizes[0], max(sizes[-1], 1.0)
        wanted = [top * (bottom / top) ** (at / count) for at in range(1, count + 1)]
        places = {min(range(len(path)), key=lambda at: abs(sizes[at] - size)) for size in wanted} - {0}
        whole = Point(
            bytes=self._rest + sum(ways[0].bytes for ways in self.items.values()),
            macs=sum(self.nets.work.values()),
            harm=0.0,
            rules=(),
            is_measured=True,
        )
        points = [whole, best, *(self._measured([path[at]]) for at in sorted(places))]
        kept = [point if point is best else self._filed(point) for point in undominated(points)]
        # All is told beside the nets as they are, even where something smaller is measured to be no worse.
        return kept if kept[0].rules == () else [self._filed(whole), *kept]

    def _filed(self, point: Point) -> Point:
        return dataclasses.replace(point, file_bytes=self._actual(point))


def undominated(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other one beats, the largest first."""
    kept = [point for point in points if not any(_beats(other, point) for other in points)]
    unique = {(point.bytes, point.macs, point.harm): point for point in reversed(kept)}
    return sorted(unique.values(), key=lambda point: (-point.bytes, -point.macs))


def _beats(one: Point, other: Point) -> bool:
    """Return whether a plan is as small, as fast and as good as another, and better in one of these."""
    pairs = ((one.bytes, other.bytes), (one.macs, other.macs), (one.harm, other.harm))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def _is_beaten(way: Way, others: Sequence[Way], work_counts: bool) -> bool:
    """Return whether another way is as small and changes the layer less, before anything is measured."""
    return any(
        other.bytes <= way.bytes
        and (not work_counts or other.macs <= way.macs)
        and other.change <= way.change
        for other in others
    )


def _layer(parts: Mapping[str, nn.Module], name: str) -> nn.Module:
    part, _, inner = name.partition(".")
    return parts[part].get_submodule(inner)
