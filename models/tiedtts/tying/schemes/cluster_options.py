"""Options of `cluster`."""

from dataclasses import dataclass

from tiedtts.errors import ConfigError
from tiedtts.tying.options import check_positive, check_share

BY = ("weights", "activations")
"""Properties by which neurons are similar."""
SCALES = ("none", "rows")
"""Factors of the neurons that are one."""


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """How many neurons stay, and what becomes of the next layer."""

    k: int | None = None
    """Different rows kept, in each group of channels."""
    ratio: float | None = None
    """Share of the rows kept; half if neither is given."""
    into: str | None = None
    """Name of the layer that reads this one's outputs, whole or beside this one's; its columns are summed."""
    repair: bool = True
    """Give each merged row the mean energy of the weights it stands for: a mean alone is too quiet."""
    by: str = "weights"
    """`weights`: neurons with like weights are one; `activations`: those whose outputs are alike on data."""
    scales: str = "none"
    """`rows`: each neuron multiplies the row with a factor of its own, the least-squares one, so that those
    are alike whose weights point in one direction."""

    def __post_init__(self) -> None:
        check_positive(self, "k")
        check_share(self, "ratio")
        if self.k is not None and self.ratio is not None:
            raise ConfigError("`k` and `ratio` both say how many rows stay", hint="give one of them")
        for name, known in (("by", BY), ("scales", SCALES)):
            if getattr(self, name) not in known:
                raise ConfigError(f"`{name}` must be one of {', '.join(known)}, got: {getattr(self, name)}")
        if self.scales != "none" and self.into is not None:
            raise ConfigError(
                "`scales` and `into` do not go together: what lies between the layers may not be linear",
                hint="leave one of them out",
            )

    def kept(self, rows: int) -> int:
        """Return how many of so many rows stay."""
        return self.k or max(1, round((0.5 if self.ratio is None else self.ratio) * rows))
