"""Limits: the usual values of a corpus, learnt from the corpus itself, and the clips far from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.corpus import hearing
from tiedtts.corpus.hearing import Habits, Row

LEAST = 20
"""Clips from which a usual speed can be learnt."""
FEWEST = 4
"""Clips by which it can be told whether a recogniser understands the voice at all."""
TOO_LONG = "much longer than its text"
TOO_SHORT = "much shorter than its text"
UNHEARD = "words that the recogniser does not hear"

_FAR = 5.0
"""Standard deviations, estimated from the middle half, that a clip may lie from the median."""
_UNLIKE = 2.0
"""The same for the worst stretch of a clip: where the words are right, few are far above the median."""
_CHANCE = 3.0
"""Cost that the worst stretch of a clip may always have: e to this power is how much likelier chance is."""
_NEAR = float(np.log(1.5))
"""Natural logarithm of a ratio of lengths that is never far."""
_MOMENT = 0.3
"""Seconds by which a short word may be drawn out or cut all the same."""
_ROUNDS = 20
_UNDERSTOOD, _UNDERSTOOD_OF_FEW = 0.9, 0.75
"""Share of the clips whose own text must fit better than that of another clip, for a recogniser to judge.

Of few clips one or two that are wrong are a larger share.
"""


@dataclass(frozen=True)
class Measured:
    """The values of a clip that are compared."""

    said: Row
    """Phones that were to be said, (L,)."""
    seconds: float
    """From the first to the last loud sample."""
    heard: Row | None = None
    """Phones that the recogniser hears, (H,)."""


@dataclass(frozen=True)
class Limits:
    """Bounds of what is usual; None where nothing could be learnt."""

    start: float = 0.0
    """Seconds of a clip besides those of its phones."""
    phone: float | None = None
    """Seconds a phone."""
    ratio: float = 0.0
    """Natural logarithm of how many times as long or as short a clip may be."""
    habits: Habits | None = None
    """Habits of the recogniser with this voice."""
    worst: float = 0.0
    """Cost of the worst stretch that a clip may have."""
    middle: float = 0.0
    """Median of these costs."""
    spread: float = 0.0
    """Their standard deviation, estimated from the middle half."""
    right: float | None = None
    """Share of the phones that the recogniser hears as they are."""

    def reason(self, clip: Measured) -> str | None:
        """Return why a clip is not usual, if so."""
        if self.phone is not None:
            usual = self.start + self.phone * len(clip.said)
            if clip.seconds > usual * np.exp(self.ratio) + _MOMENT:
                return TOO_LONG
            if clip.seconds < usual * np.exp(-self.ratio) - _MOMENT:
                return TOO_SHORT
        if self.habits is not None and clip.heard is not None:
            return UNHEARD if self.habits.worst(clip.said, clip.heard) > self.worst else None
        return None


def learn(clips: Sequence[Measured], *, few: bool = False) -> Limits:
    """Learn what is usual from all clips that can be used by themselves.

    Args:
        clips: The clips.
        few: Judge them by what is usual elsewhere if they are too few to learn from.
    """
    values: dict[str, float] = {}
    habits = None
    if len(clips) >= LEAST:
        values |= _speed(
            np.array([len(clip.said) for clip in clips], np.float64),
            np.array([clip.seconds for clip in clips]),
        )
    pairs = [(clip.said, clip.heard) for clip in clips if clip.heard is not None]
    learnt = hearing.learn(pairs)
    if learnt is None and few and len(pairs) >= FEWEST:
        learnt = hearing.usual()
    if learnt is not None:
        values["right"] = hearing.right(learnt, pairs[: hearing.MOST])
        if hearing.understood(pairs) >= (_UNDERSTOOD if len(pairs) >= hearing.LEAST else _UNDERSTOOD_OF_FEW):
            habits = learnt
            costs = np.array([habits.worst(*pair) for pair in pairs])
            low, middle, high = np.percentile(costs, [25, 50, 75])
            values |= {"middle": float(middle), "spread": float(high - low) / 1.349}
            values["worst"] = max(values["middle"] + _UNLIKE * values["spread"], _CHANCE)
    return Limits(habits=habits, **values)


def _speed(phones: npt.NDArray[np.float64], seconds: npt.NDArray[np.float64]) -> Mapping[str, float]:
    """Fit seconds to phones by least absolute deviations, so that a few wrong clips do not count."""
    matrix = np.stack([np.ones_like(phones), phones], axis=1)
    weights = np.ones_like(phones)
    line = np.zeros(2)
    for _ in range(_ROUNDS):
        scaled = matrix * weights[:, None]
        line[:] = np.linalg.lstsq(scaled, seconds * weights, rcond=None)[0]
        weights = 1.0 / np.sqrt(np.maximum(np.abs(seconds - matrix @ line), 1e-3))
    phone = max(float(line[1]), 1e-3)
    start = max(float(line[0]), 0.0)
    ratios = np.log(np.maximum(seconds, 1e-3) / (start + phone * phones))
    low, high = np.percentile(ratios, [25, 75])
    return {"start": start, "phone": phone, "ratio": max(_NEAR, _FAR * float(high - low) / 1.349)}
