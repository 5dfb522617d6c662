"""Trust in an alignment: whether the frames that it gives to a phone are like each other.

Each phone is described by the mean and variance of the cepstra of its frames in one half of the recordings;
the gain is by how much likelier that makes the frames of the other half than a description of all speech
does. An alignment that is right gains several nats a frame. One that divides each recording evenly among its
phones gains little, and one that knows nothing gains no more than that, however sure of itself the net is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.corpus.alignment import Alignment, cepstra
from tiedtts.text.phones import Phone

MOST = 200
"""Recordings that are looked at; more tell nothing new."""
LEAST = 4
"""Recordings from which it can be told."""
LEAST_SPEECH = 1_000
"""Frames of speech from which it can be told."""
_OF_ALL = 20
"""Frames of all speech that a phone is taken to have besides its own, so that a rare one is not overrated."""
_WORTHLESS, _POOR = 0.25, 0.5
"""Gain, as a share of what phones usually gain, below which an alignment knows nothing, or little."""
_USUAL = 3.0
"""Gain of a phone's frames in an alignment that is usual, nats."""

Frames = npt.NDArray[np.float32]
Pairs = Sequence[tuple[Frames, Sequence[Phone]]]


@dataclass(frozen=True)
class Trust:
    """How much an alignment tells of its phones."""

    gain: float
    """Nats a frame."""
    even: float
    """The gain of dividing each recording evenly."""

    @property
    def is_worthless(self) -> bool:
        """Whether it is about as good as an even division."""
        return self.gain < max(self.even, 0.0) + _WORTHLESS * _USUAL

    @property
    def is_poor(self) -> bool:
        """Whether it is better than that, but much worse than alignments are."""
        return self.gain < max(self.even, 0.0) + _POOR * _USUAL


def judge(pairs: Pairs, alignments: Sequence[Alignment]) -> Trust | None:
    """Return how much an alignment tells; None if there is too little speech to say.

    Args:
        pairs: Log mel spectrogram, (F, M), and phones of each recording.
        alignments: Their alignments.
    """
    usable = [index for index, each in enumerate(alignments) if each.score > float("-inf")]
    chosen = [usable[i] for i in np.linspace(0, len(usable) - 1, min(MOST, len(usable))).astype(int)]
    if len(chosen) < LEAST:
        return None
    frames = [cepstra(pairs[index][0]) for index in chosen]
    symbols = {"": 0}
    aligned, even = [], []
    for index in chosen:
        each = alignments[index]
        ids = [symbols.setdefault(p.symbol if p.is_speech else "", len(symbols)) for p in each.phones]
        labels = np.repeat(ids, each.durations)
        aligned.append(labels)
        even.append(_evenly(labels, [number for number in ids if number]))
    if sum(int((labels > 0).sum()) for labels in aligned) < LEAST_SPEECH:
        return None
    return Trust(_gain(frames, aligned, len(symbols)), _gain(frames, even, len(symbols)))


def _evenly(labels: npt.NDArray[np.int64], spoken: Sequence[int]) -> npt.NDArray[np.int64]:
    """Divide a recording from the first to the last frame of speech evenly among its phones, (F,)."""
    speech = np.flatnonzero(labels)
    even = np.zeros_like(labels)
    if len(speech):
        start, count = speech[0], speech[-1] + 1 - speech[0]
        even[start : start + count] = np.array(spoken)[np.arange(count) * len(spoken) // count]
    return even


def _gain(frames: Sequence[Frames], labels: Sequence[npt.NDArray[np.int64]], count: int) -> float:
    """Return how much likelier phones make the frames of the half that they were not described by."""
    total, number = 0.0, 0
    for half in (0, 1):
        known = np.concatenate(list(frames[half::2])), np.concatenate(list(labels[half::2]))
        other = np.concatenate(list(frames[1 - half :: 2])), np.concatenate(list(labels[1 - half :: 2]))
        speech = known[0][known[1] > 0]
        if not len(speech):
            continue
        mean, variance = speech.mean(0), speech.var(0) + 1e-6
        usual = _density(other[0], mean, variance)
        for phone in range(1, count):
            own, theirs = known[0][known[1] == phone], other[1] == phone
            number += int(theirs.sum())
            if len(own) and theirs.any():
                share = len(own) / (len(own) + _OF_ALL)
                centre = share * own.mean(0) + (1 - share) * mean
                around = share * (own.var(0) + (own.mean(0) - centre) ** 2) + (1 - share) * variance
                total += float((_density(other[0][theirs], centre, around) - usual[theirs]).sum())
    return total / max(number, 1)


def _density(frames: Frames, mean: Frames, variance: Frames) -> npt.NDArray[np.float64]:
    """Return log densities of frames, (F, D) to (F,), as far as they tell distributions apart."""
    values: npt.NDArray[np.float64] = -0.5 * ((frames - mean) ** 2 / variance + np.log(variance)).sum(1)
    return values
