"""Silence around a message, left out: what is said is heard at once, and the next message need not wait."""

from dataclasses import replace

import numpy as np

from tiedtts.speech import timing
from tiedtts.speech.speech import Speech

QUIET = 0.004
"""Share of the highest amplitude below which it is silent."""
KEPT = 0.008
"""Silence that stays, seconds."""


def at_start(part: Speech) -> Speech:
    """Return speech without the silence before its first sound; no sound of a phone is cut."""
    # The first phone is silence.
    most = part.durations[0] if part.durations else 0
    count = min(_quiet(part.samples, part.sample_rate), most)
    if not count:
        return part
    return replace(
        part,
        samples=part.samples[count:],
        durations=(most - count, *part.durations[1:]),
        sentences=timing.later(part.sentences, -count),
        marks=tuple(mark._replace(sample=max(0, mark.sample - count)) for mark in part.marks),
    )


def at_end(part: Speech) -> Speech:
    """Return speech without the silence after its last sound."""
    most = part.durations[-1] if part.durations else 0
    count = min(_quiet(part.samples[::-1], part.sample_rate), most)
    if not count:
        return part
    samples = part.samples[: len(part.samples) - count]
    return replace(
        part,
        samples=samples,
        durations=(*part.durations[:-1], most - count),
        marks=tuple(mark._replace(sample=min(len(samples), mark.sample)) for mark in part.marks),
    )


def _quiet(samples: np.ndarray, sample_rate: int) -> int:
    """Return how many samples at the start may go."""
    loud = np.abs(samples)
    heard = np.flatnonzero(loud > QUIET * loud.max(initial=0.0))
    first = int(heard[0]) if len(heard) else 0
    return max(0, first - int(KEPT * sample_rate))
