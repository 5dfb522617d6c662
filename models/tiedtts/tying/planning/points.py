"""Points: plans with what they cost and harm, and which of them another one beats."""

from collections.abc import Sequence
from dataclasses import dataclass

from tiedtts.tying.plan import TieRule


@dataclass(frozen=True, kw_only=True)
class Point:
    """A plan, with what it costs."""

    bytes: float
    """Size of all tensors."""
    macs: float
    """Work of all layers."""
    harm: float
    """Harm, measured or foretold."""
    rules: tuple[TieRule, ...]
    """Rules of the plan, one for each layer."""
    is_measured: bool = False
    """Whether the harm was measured."""
    is_uniform: bool = False
    """Whether all layers are tied alike."""
    file_bytes: int | None = None
    """Size of the file, if it was made."""


def undominated(points: Sequence[Point]) -> list[Point]:
    """Return the points that no other one beats, the largest first."""
    kept = [point for point in points if not any(beats(other, point) for other in points)]
    unique = {(point.bytes, point.macs, point.harm): point for point in reversed(kept)}
    return sorted(unique.values(), key=lambda point: (-point.bytes, -point.macs))


def beats(one: Point, other: Point) -> bool:
    """Return whether a plan is as small, as fast and as good as another, and better in one of these."""
    pairs = ((one.bytes, other.bytes), (one.macs, other.macs), (one.harm, other.harm))
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)
