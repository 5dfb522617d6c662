"""Sounds in their surroundings, which a list of texts is to cover: phones, diphones and triphones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tiedtts.text.phones import Phone

KINDS = ("phones", "diphones", "triphones")
"""Lengths 1 to 3. A vowel of another stress is another sound in the first two."""
WEIGHTS = (1.0, 1.0, 0.3)
"""Worth of a unit of each kind."""

_PAUSE = "#"


@dataclass(frozen=True)
class Units:
    """The units of N texts, U different ones in all."""

    ids: Sequence[npt.NDArray[np.int64]]
    """Different units of each text, N arrays."""
    counts: Sequence[npt.NDArray[np.int64]]
    """Number of each of them in that text."""
    totals: npt.NDArray[np.int64]
    """Number of each unit in all texts, (U,)."""
    kinds: npt.NDArray[np.int64]
    """Index into `KINDS` of each unit, (U,)."""

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """Worth of each unit, (U,): one that is common counts more, but not in proportion."""
        weights: npt.NDArray[np.float64] = np.array(WEIGHTS)[self.kinds] * np.log2(1.0 + self.totals)
        return weights


def collect(texts: Sequence[Sequence[Phone]]) -> Units:
    """Return the units of texts, given by their phones and pauses."""
    numbers: dict[tuple[str, ...], int] = {}
    rows = []
    for phones in texts:
        counted = Counter(_units(phones))
        row = np.array([numbers.setdefault(unit, len(numbers)) for unit in counted], np.int64)
        rows.append((row, np.array(list(counted.values()), np.int64)))
    totals = np.zeros(len(numbers), np.int64)
    for ids, counts in rows:
        totals[ids] += counts
    kinds = np.array([len(unit) - 1 for unit in numbers], np.int64)
    return Units([ids for ids, _ in rows], [counts for _, counts in rows], totals, kinds)


def _units(phones: Sequence[Phone]) -> list[tuple[str, ...]]:
    stressed = [phone.label if phone.is_speech else _PAUSE for phone in phones]
    plain = [phone.symbol if phone.is_speech else _PAUSE for phone in phones]
    units: list[tuple[str, ...]] = [(label,) for label in stressed if label != _PAUSE]
    units += pairwise(stressed)
    units += zip(plain, plain[1:], plain[2:], strict=False)
    return units
