"""Progress: how far training has come, as whoever started it is told."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a part has come."""

    part: str
    """Part name."""
    step: int
    """Steps done."""
    steps: int
    """Steps in all."""
    losses: Mapping[str, float]
    """Losses of the last step, by name."""
    seconds_left: float
    """Estimate from the speed of this run."""
