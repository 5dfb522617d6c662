"""Curves from the numbers of Speech Dispatcher, -100 to 100, to the settings of a voice."""

import math

from tiedtts.choices import DECIBELS, SPEEDS

FASTEST = 4.0
"""Speed at a rate of 100."""
SLOWEST = 0.4
"""Speed at a rate of -100."""
OCTAVE = 12.0
"""Semitones at a pitch of 100; as many below the voice's own at -100."""


def speed(rate: int) -> float:
    """Return how fast to speak: 0 is the voice's own speed, 50 twice as fast, 100 four times.

    Equal steps of the rate are equal ratios of the speed, so that each is heard as much as the last.
    """
    rate = limited(rate)
    end = FASTEST if rate > 0 else SLOWEST
    return min(max(math.pow(end, abs(rate) / 100), SPEEDS[0]), SPEEDS[1])


def semitones(pitch: int) -> float:
    """Return by how much to shift the pitch: an octave at most, up or down."""
    return OCTAVE * limited(pitch) / 100


def pitch_range(value: int) -> float:
    """Return how far the pitch moves around its mean: 1 is as far as the voice does, 2 twice as far."""
    return 1 + limited(value) / 100


def decibels(volume: int) -> float:
    """Return how loud to speak: 100 is the voice's own volume, 0 half its amplitude, -100 silence."""
    amplitude = (limited(volume) + 100) / 200
    return 20 * math.log10(amplitude) if amplitude else DECIBELS[0]


def limited(value: int) -> int:
    """Return the nearest number from -100 to 100."""
    return min(max(value, -100), 100)
