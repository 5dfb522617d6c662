"""Twins: recordings that are the same sound, however loud, shifted, cut or encoded.

Each frame has a fingerprint of 32 bits: whether the slope of the spectrum between neighbouring bands has
grown (Haitsma and Kalker, "A highly robust audio fingerprinting system", 2002). Frames with the same bits say
by how much two recordings may be shifted against each other; all bits at this shift tell if they are one.
Two takes of a text are no twins: nobody says a sentence twice in the same way.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

BITS = 32
_SMOOTHED = 6
"""Frames that are averaged, so that a shift by a part of a frame changes little."""
_LAG = 8
"""Frames between the two slopes that are compared."""
_LOUD = 0.4
"""Where between its quiet and its loud frames a recording is loud enough to have bits of its own."""
_MOST_ALIKE = 12
"""Frames with the same bits that are looked at: a hum has them everywhere."""
_LEAST_VOTES = 3
"""Frames that must say the same shift."""
_LEAST_FRAMES = 40
"""Loud frames that two recordings must have in common."""
_FEW_ERRORS = 0.25
"""Share of bits that differ in twins; half of them differ in recordings that are unlike."""

_WHOLE = 0.75
"""Share of the longer one's loud frames that twins have in common if neither is a part of the other."""
_MOST_TAKES = 12
"""Recordings of a prompt that are compared with each other at every shift."""

Bits = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Print:
    """The fingerprint of a recording of F frames."""

    bits: Bits
    """(F,)."""
    loud: npt.NDArray[np.bool_]
    """Frames that count, (F,)."""


@dataclass(frozen=True)
class Twins:
    """Two recordings that are the same sound."""

    first: int
    second: int
    """Their numbers, the first one smaller."""
    whole: bool
    """Whether each is about all of the other, rather than one a part."""


def fingerprint(mel: npt.NDArray[np.float32]) -> Print:
    """Return the fingerprint of a log mel spectrogram, (F, M), M at least 33."""
    bands = np.stack([part.mean(1) for part in np.array_split(mel, BITS + 1, axis=1)], 1)
    total = np.concatenate([np.zeros((1, BITS + 1)), np.cumsum(bands, 0, dtype=np.float64)])
    starts = np.clip(np.arange(len(mel)) - _SMOOTHED // 2, 0, len(mel))
    ends = np.clip(starts + _SMOOTHED, 0, len(mel))
    smooth = (total[ends] - total[starts]) / np.maximum(ends - starts, 1)[:, None]
    slopes = smooth[:, :-1] - smooth[:, 1:]
    grown = np.zeros(slopes.shape, np.bool_)
    grown[_LAG:] = slopes[_LAG:] > slopes[:-_LAG]
    bits = np.packbits(grown, axis=1).view(">u4")[:, 0].astype(np.uint32)
    level = mel.mean(1)
    low, high = np.percentile(level, [5, 95]) if len(level) else (0.0, 0.0)
    loud = level > low + _LOUD * (high - low)
    loud[:_LAG] = False
    return Print(bits, loud)


def find(prints: Sequence[Print], prompts: Sequence[str]) -> list[Twins]:
    """Return all pairs of recordings that are the same sound.

    Args:
        prints: Fingerprints of the recordings.
        prompts: What is said in each, in any form. Recordings of the same prompt are compared at every shift,
            so that twins are found among them in noise as well.
    """
    if len(prints) < 2:
        return []
    found = _by_bits(prints)
    takes: dict[str, list[int]] = defaultdict(list)
    for index, prompt in enumerate(prompts):
        takes[prompt].append(index)
    for indices in takes.values():
        for pair in combinations(indices[:_MOST_TAKES], 2):
            if pair not in found and (twins := _closest(prints, *pair)) is not None:
                found[pair] = twins
    return sorted(found.values(), key=lambda pair: (pair.first, pair.second))


def _by_bits(prints: Sequence[Print]) -> dict[tuple[int, int], Twins]:
    """Return the twins that have frames with the same bits."""
    owners = np.concatenate([np.full(int(each.loud.sum()), index) for index, each in enumerate(prints)])
    places = np.concatenate([np.flatnonzero(each.loud) for each in prints])
    bits = np.concatenate([each.bits[each.loud] for each in prints])
    order = np.argsort(bits, kind="stable")
    owners, places, bits = owners[order], places[order], bits[order]
    votes: list[npt.NDArray[np.int64]] = []
    for step in range(1, _MOST_ALIKE):
        same = np.flatnonzero((bits[step:] == bits[:-step]) & (owners[step:] != owners[:-step]))
        # The order within equal bits is that of the recordings: the first is the smaller number.
        shifts = places[same + step] - places[same]
        votes.append(np.stack([owners[same], owners[same + step], shifts], 1))
    found: dict[tuple[int, int], Twins] = {}
    rows, counts = np.unique(np.concatenate(votes), axis=0, return_counts=True)
    for (first, second, shift), count in zip(rows.tolist(), counts.tolist(), strict=True):
        if count >= _LEAST_VOTES and (first, second) not in found:
            twins = _compare(prints, first, second, shift)
            if twins is not None:
                found[first, second] = twins
    return found


def _closest(prints: Sequence[Print], first: int, second: int) -> Twins | None:
    """Return two recordings as twins if they are at any shift."""
    one, other = prints[first], prints[second]
    shifts = range(_LEAST_FRAMES - len(one.bits), len(other.bits) - _LEAST_FRAMES)
    tried = (_compare(prints, first, second, shift) for shift in shifts)
    return next((twins for twins in tried if twins is not None), None)


def errors(one: Print, other: Print, shift: int) -> tuple[float, int]:
    """Return the share of bits that differ where both are loud, and how many frames that are.

    Args:
        one: A recording.
        other: Another.
        shift: Frames by which what is in the first comes later in the second.
    """
    start = max(0, -shift)
    end = min(len(one.bits), len(other.bits) - shift)
    if end <= start:
        return 1.0, 0
    both = one.loud[start:end] & other.loud[start + shift : end + shift]
    count = int(both.sum())
    differ = (one.bits[start:end] ^ other.bits[start + shift : end + shift])[both]
    return float(np.unpackbits(differ.view(np.uint8)).mean()) if count else 1.0, count


def _compare(prints: Sequence[Print], first: int, second: int, shift: int) -> Twins | None:
    one, other = prints[first], prints[second]
    share, frames = errors(one, other, shift)
    if frames < _LEAST_FRAMES or share > _FEW_ERRORS:
        return None
    longer = max(int(one.loud.sum()), int(other.loud.sum()))
    return Twins(first, second, frames > _WHOLE * longer)
