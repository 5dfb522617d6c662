"""Measurements: the harm of plans and the bytes of their files, none of them twice."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import nn

from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.planning import objective as objectives
from tiedtts.tying.planning.nets import Nets
from tiedtts.tying.planning.objective import Objective
from tiedtts.tying.planning.points import Point
from tiedtts.tying.planning.ways import Budget

FileSize = Callable[[Mapping[str, nn.Module], Mapping[str, TiePlan]], int]
"""Bytes of the file of tied nets, given the plans of their parts."""


@dataclass
class Measurements:
    """All that is known of plans for some nets."""

    nets: Nets
    """Nets with costs."""
    objective: Objective | None
    """Measures harm; nothing if only changes of weights, or of layers' outputs, can be known."""
    file_size: FileSize | None
    """Measures files, where their bytes count, and not those of tensors alone."""
    trials: int
    """About how often nets may be measured."""
    progress: Callable[[float, str], None]
    """Told the share that is done, and what is tried."""
    taken: int = 0
    """Measurements so far."""
    _harms: dict[tuple[str, ...], tuple[float, ...]] = field(default_factory=dict)
    _sizes: dict[tuple[str, ...], int] = field(default_factory=dict)
    _forgone: set[tuple[str, ...]] = field(default_factory=set)

    @property
    def left(self) -> int:
        """How often nets may still be measured."""
        return max(0, self.trials - self.taken)

    def harm(self, rules: Sequence[TieRule]) -> float:
        """Measure the harm of some rules."""
        return objectives.mean(self.harms(rules))

    def harms(self, rules: Sequence[TieRule]) -> tuple[float, ...]:
        """Measure the harms of some rules on parts of the data, see `Objective`."""
        assert self.objective is not None
        key = _key(rules)
        if key not in self._harms:
            self.taken += 1
            self.progress(min(0.99, self.taken / self.trials), f"measurement {self.taken}")
            self._harms[key] = self.objective.harms(self.nets.tied(rules)[0]) if rules else (0.0,)
        return self._harms[key]

    def score(self, point: Point, part: slice = slice(None)) -> float:
        """Return how bad a measured plan is on some parts of the data, see `objective.score`."""
        harms = self.harms(point.rules)
        return objectives.score(harms[part] or harms)

    def is_done_with(self, point: Point) -> bool:
        """Return whether a point was measured already, or never will be."""
        return _key(point.rules) in self._harms.keys() | self._forgone

    def forgo(self, point: Point) -> None:
        """Never measure a point."""
        self._forgone.add(_key(point.rules))

    def known(self, points: Sequence[Point]) -> list[Point]:
        """Return those of some points that were measured already, with their harms."""
        return [self._measured(point) for point in points if _key(point.rules) in self._harms]

    def best(self, points: Sequence[Point]) -> Point:
        """Return the best of some points, measured where that is possible."""
        if self.objective is None:
            return min(points, key=lambda point: point.harm)
        # Where measurements do not tell plans apart, what was foretold first does.
        return min(map(self._measured, points), key=lambda point: point.harm)

    def _measured(self, point: Point) -> Point:
        return dataclasses.replace(point, harm=self.harm(point.rules), is_measured=True)

    def keeps(self, point: Point, budget: Budget) -> bool:
        """Return whether a plan keeps the bounds of bytes and work, where files count, as a file."""
        if not budget.keeps(point.bytes, point.macs):
            return False
        return self.file_size is None or budget.bytes is None or self.file_bytes(point) <= budget.bytes

    def file_bytes(self, point: Point) -> int:
        """Return the bytes of the file of a point, or of its tensors."""
        if self.file_size is None:
            return int(point.bytes)
        key = _key(point.rules)
        if key not in self._sizes:
            parts, plans, _ = self.nets.made(point.rules)
            self._sizes[key] = self.file_size(parts if plans else {}, plans)
        return self._sizes[key]

    def filed(self, point: Point) -> Point:
        """Return a point with the bytes of its file."""
        return dataclasses.replace(point, file_bytes=self.file_bytes(point))


def _key(rules: Sequence[TieRule]) -> tuple[str, ...]:
    """Return the same for the same rules in any order."""
    return tuple(sorted(map(repr, rules)))
