"""Results of planning: the plan, the front that it lies on, and what each layer bears."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tiedtts.tying.plan import TiePlan
from tiedtts.tying.planning.nets import Nets
from tiedtts.tying.planning.objective import Objective
from tiedtts.tying.planning.points import Point
from tiedtts.tying.planning.ways import Way


@dataclass(frozen=True, kw_only=True)
class Planned:
    """The best plan for a budget."""

    best: Point
    """The plan that was chosen."""
    plan: TiePlan | None
    """The same as a plan, unless nothing is to be tied."""
    front: Sequence[Point]
    """Plans of several sizes, the largest first, none of which another one beats."""
    items: Mapping[str, Sequence[Way]]
    """Ways of each layer, with what they cost and harm."""
    objective: Objective | None
    """Measure of the harm, if there was one."""
    nets: Nets
    """The nets."""
    measured: int
    """Number of measurements."""

    @property
    def before(self) -> Point:
        """The nets as they are."""
        return self.front[0]

    def share(self, harm: float) -> float:
        """Return the growth of the loss, or the change of outputs or weights, that a harm stands for."""
        return max(0.0, harm) ** 0.5 if self.objective is None else self.objective.share(harm)

    @property
    def words(self) -> str:
        """Name of what harm is."""
        if self.objective is None:
            return "change of layers' outputs" if self.nets.seen else "change of weights"
        return "growth of the loss" if self.objective.kind == "loss" else "change of outputs"

    def chosen(self) -> dict[str, Way | None]:
        """Return the way of each item that is in the plan; nothing for what was tied by a rule for all."""
        rules = set(map(repr, self.best.rules))
        return {
            name: next(
                (way for way in ways if way.rules and set(map(repr, way.rules)) <= rules),
                None if self.best.is_uniform else ways[0],
            )
            for name, ways in self.items.items()
        }

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""

        def plain(point: Point) -> dict[str, Any]:
            return {
                "bytes": round(point.bytes),
                "file_bytes": point.file_bytes,
                "macs": point.macs,
                "harm": self.share(point.harm),
                "is_measured": point.is_measured,
                "rules": [rule.to_dict() for rule in point.rules],
            }

        return {
            "harm_is": self.words,
            "before": plain(self.before),
            "after": plain(self.best),
            "front": [plain(point) for point in self.front],
            "layers": {
                name: [
                    {
                        "way": way.key,
                        "bytes": round(way.bytes),
                        "macs": way.macs,
                        "harm": self.share(way.harm),
                    }
                    for way in ways
                ]
                for name, ways in self.items.items()
            },
            "measurements": self.measured,
            "plan": None if self.plan is None else self.plan.to_dict(),
        }
