"""`learn` of a tie plan: the schedule on which weights in training are pulled towards each other."""

from dataclasses import dataclass
from typing import Any

from tiedtts import schema
from tiedtts.errors import ConfigError

LEARNED = ("cluster", "share")
"""Schemes whose ties can be learnt."""


@dataclass(frozen=True, kw_only=True)
class Learn:
    """A schedule of steps: groups are found, drawn together more and more, and merged.

    The share of the distance that a step takes away grows by a constant factor from `pull` to 1, at which
    members are equal. This is the quadratic penalty of soft weight sharing with a growing weight, taken as an
    exact step of its own after the optimiser's, so that it is stable at any weight.
    """

    begin: int = 0
    """Step of the part before which groups are found; from it on they are pulled together."""
    steps: int | None = None
    """Steps until members are equal; half of those that the part has left, if nothing is given."""
    pull: float = 1e-4
    """Share of the distance to the group that the first step takes away."""
    regroup: int = 0
    """Steps after which groups are found again, from where weights have come to; 0: they stay."""
    soft: float = 0.0
    """Softness of groups at first, of `cluster`: each row is drawn to all groups, the more the nearer they
    are, by a temperature of that many mean distances, which falls to 0. At 0 it is drawn to its own only."""

    def __post_init__(self) -> None:
        for name in ("begin", "regroup", "soft"):
            if getattr(self, name) < 0:
                raise ConfigError(f"`{name}` must be 0 or more, got: {getattr(self, name)}")
        if self.steps is not None and self.steps < 1:
            raise ConfigError(f"`steps` must be at least 1, got: {self.steps}")
        if not 0 < self.pull <= 1:
            raise ConfigError(f"`pull` must be above 0 and at most 1, got: {self.pull}")

    @classmethod
    def of(cls, value: Any, source: str) -> "Learn | None":
        """Return what a plan says: `true`, `false` or a table.

        Raises:
            ConfigError: It is neither, or the table does not fit.
        """
        if value is False or value is None:
            return None
        if value is not True and not isinstance(value, dict):
            raise ConfigError(
                f"{source} must be true, false or a table, got: {value!r}",
                hint="for example `learn = { steps = 2000 }`",
            )
        return schema.build(cls, {} if value is True else value, source)

    def end(self, total: int) -> int:
        """Return the step after which members are equal.

        Args:
            total: Steps of the whole training.

        Raises:
            ConfigError: They would not be before the training ends.
        """
        end = self.begin + (max(1, (total - self.begin) // 2) if self.steps is None else self.steps)
        if end > total:
            raise ConfigError(
                f"ties are learnt until step {end:,}, and there are {total:,} steps",
                hint="give `learn` fewer `steps` or an earlier `begin`, or the recipe more steps",
            )
        return end

    def softness(self, step: int, steps: int) -> float:
        """Return the softness of groups in a step; see `strength`."""
        return self.soft * (1 - (step + 1) / steps)

    def strength(self, step: int, steps: int) -> float:
        """Return the share of the distance that a step takes away.

        Args:
            step: Counted from `begin`.
            steps: Steps from `begin` to the end.
        """
        return float(self.pull ** (1 - (step + 1) / steps))
