"""Coverage: the share of all phones and words that a choice of texts has."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tiedtts.corpus.picking.units import KINDS, Units

PHONES_PER_SECOND = 12.0
"""Usual speed, by which lengths are guessed."""


@dataclass(frozen=True)
class Covered:
    """Units of one kind in the chosen texts."""

    different: int
    """Different ones in the choice."""
    of: int
    """Different ones in all texts."""
    share: float
    """Share of all occurrences in all texts that is of units which the choice has."""
    rarest: int
    """Occurrences in the choice of that of its units which occurs least often."""


@dataclass(frozen=True)
class Coverage:
    """Coverage of a choice of texts, and the kinds it is mixed of."""

    texts: int
    """Texts that were chosen."""
    of: int
    """Texts that there were to choose from."""
    unfit: int
    """Texts besides them that nobody should read: too long, or without phones."""
    minutes: float
    """Guessed length of the speech."""
    units: dict[str, Covered]
    """By kind of unit."""
    mix: dict[str, tuple[int, int]]
    """Chosen texts and all texts of each kind."""

    def lines(self) -> list[str]:
        """Return lines for a reader."""
        lines = [f"{self.texts:,} of {self.of:,} texts chosen, about {self.minutes:.0f} min of speech"]
        if self.unfit:
            lines.append(f"{self.unfit:,} besides them are too long, or have signs that nobody can read out")
        for kind, covered in self.units.items():
            lines.append(
                f"{covered.different:,} of {covered.of:,} {kind}, {covered.share:.1%} of all that occur"
                + (f"; each at least {covered.rarest} times" if covered.rarest > 1 else "")
            )
        mixed = (f"{chosen:,} of {there:,} {kind}" for kind, (chosen, there) in self.mix.items() if there)
        return [*lines, ", ".join(mixed)]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return dataclasses.asdict(self)


def measure(
    units: Units, taken: Sequence[int], groups: Sequence[str], kinds: Mapping[str, object], unfit: int
) -> Coverage:
    """Return what a choice covers.

    Args:
        units: Units of all texts.
        taken: Indices of those that were chosen.
        groups: Kind of each text.
        kinds: All kinds, in the order in which they are told.
        unfit: Texts that were left out before.
    """
    counts = np.zeros(len(units.totals), np.int64)
    for index in taken:
        counts[units.ids[index]] += units.counts[index]
    covered = {}
    for number, kind in enumerate(KINDS):
        here = units.kinds == number
        found = here & (counts > 0)
        covered[kind] = Covered(
            different=int(found.sum()),
            of=int(here.sum()),
            share=round(float(units.totals[found].sum() / max(units.totals[here].sum(), 1)), 4),
            rarest=int(counts[found].min()) if found.any() else 0,
        )
    chosen = [groups[index] for index in taken]
    phones = int(counts[units.kinds == 0].sum())
    return Coverage(
        texts=len(taken),
        of=len(groups),
        unfit=unfit,
        minutes=round(phones / PHONES_PER_SECOND / 60, 1),
        units=covered,
        mix={kind: (chosen.count(kind), list(groups).count(kind)) for kind in kinds},
    )
