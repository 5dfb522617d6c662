"""Measurements: the harm of plans and the bytes of their files, none of them twice."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from torch import nn

from tiedtts.tying.parts import tie_parts
from tiedtts.tying.plan import TiePlan, TieRule
from tiedtts.tying.planning.nets import Nets, as_plan
from tiedtts.tying.planning.objective import Objective
from tiedtts.tying.planning.points import Point

FileSize = Callable[[Mapping[str, nn.Module], Mapping[str, TiePlan]], int]
"""Bytes of the file of tied nets, given the plans of their parts."""


@dataclass
class Measurements:
    """What is known of plans for some nets."""

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
    _harms: dict[object, float] = field(default_factory=dict)

    @property
    def are_over(self) -> bool:
        """Whether nets were measured as often as they may be."""
        return self.taken >= self.trials

    def harm(self, rules: Sequence[TieRule]) -> float:
        """Measure the harm of some rules."""
        assert self.objective is not None
        key = _key(rules)
        if key not in self._harms:
            self.taken += 1
            self.progress(min(0.99, self.taken / self.trials), f"measurement {self.taken}")
            self._harms[key] = self.objective.harm(self.nets.tied(rules)[0]) if rules else 0.0
        return self._harms[key]

    def known(self, points: Sequence[Point]) -> list[Point]:
        """Return those of some points that were measured already, with their harms."""
        return [
            dataclasses.replace(point, harm=self._harms[key], is_measured=True)
            for point in points
            if (key := _key(point.rules)) in self._harms
        ]

    def best(self, points: Sequence[Point]) -> Point:
        """Return the best of some points, measured where that is possible."""
        if self.objective is None:
            return min(points, key=lambda point: point.harm)
        made = [dataclasses.replace(point, harm=self.harm(point.rules), is_measured=True) for point in points]
        # Where measurements do not tell plans apart, what was foretold first does.
        return min(made, key=lambda point: point.harm)

    def file_bytes(self, point: Point) -> int:
        """Return the bytes of the file of a point, or of its tensors."""
        if self.file_size is None:
            return int(point.bytes)
        if not point.rules:
            return self.file_size({}, {})
        plan = as_plan(point.rules, self.nets)
        assert plan is not None
        parts, plans, _ = tie_parts(self.nets.parts, plan, seen=self.nets.seen)
        return self.file_size(parts, plans)

    def filed(self, point: Point) -> Point:
        """Return a point with the bytes of its file."""
        return dataclasses.replace(point, file_bytes=self.file_bytes(point))


def _key(rules: Sequence[TieRule]) -> tuple[str, ...]:
    """Return the same for the same rules in any order."""
    return tuple(sorted(map(repr, rules)))
