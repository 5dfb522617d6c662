"""The values of SSML's `<prosody>`, `<break>` and `<emphasis>` as numbers."""

import math
import re
from dataclasses import dataclass

from tiedtts.choices import DECIBELS, PITCH_RANGES, SEMITONES, SPEEDS

LONGEST_BREAK = 60.0
"""Seconds."""

RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.3, "x-fast": 1.7}
PITCHES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}
RANGES = {"x-low": 0.3, "low": 0.6, "medium": 1.0, "default": 1.0, "high": 1.5, "x-high": 2.0}
VOLUMES = {
    "silent": DECIBELS[0],
    "x-soft": -12.0,
    "soft": -6.0,
    "medium": 0.0,
    "default": 0.0,
    "loud": 4.0,
    "x-loud": 8.0,
}
BREAKS = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.0}
"""Seconds."""

_DECIMAL = r"([+-]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))"


@dataclass(frozen=True, slots=True)
class Prosody:
    """Who speaks, and speed, pitch, volume and range of the pitch, relative to those of the voice."""

    speed: float = 1.0
    """Factor; larger is faster."""
    pitch: float = 0.0
    """Semitones."""
    volume: float = 0.0
    """Decibels."""
    pitch_range: float = 1.0
    """Factor; larger is livelier, and the pitch stands still at 0."""
    voice: str = ""
    """Name of the voice that speaks; empty for that of the whole text."""
    speaker: str = ""
    """The name by which the text calls who speaks."""

    def __add__(self, inner: "Prosody") -> "Prosody":
        """Return what holds for `inner` within this one; both count."""
        return Prosody(
            _within(self.speed * inner.speed, SPEEDS),
            _within(self.pitch + inner.pitch, SEMITONES),
            _within(self.volume + inner.volume, DECIBELS),
            _within(self.pitch_range * inner.pitch_range, PITCH_RANGES),
            inner.voice or self.voice,
            inner.speaker or self.speaker,
        )


EMPHASES = {
    "strong": Prosody(speed=0.85, pitch=2.0, volume=3.0),
    "moderate": Prosody(speed=0.92, pitch=1.0, volume=1.5),
    "none": Prosody(),
    "reduced": Prosody(speed=1.1, pitch=-1.0, volume=-2.0),
}


def _within(value: float, bounds: tuple[float, float]) -> float:
    return min(max(value, bounds[0]), bounds[1])


def rate(text: str) -> float:
    """Return a speaking rate as a factor: `fast`, `120%`, `+20%`, `1.2`.

    Raises:
        ValueError: It is none of these, or not positive.
    """
    if text in RATES:
        return RATES[text]
    match = re.fullmatch(_DECIMAL + "(%?)", text)
    if not match:
        raise ValueError(text)
    value = float(match[1]) / (100 if match[2] else 1)
    if match[1][0] in "+-":
        value += 1
    if value <= 0:
        raise ValueError(text)
    return value


def _share(percent: str) -> float:
    """Return the factor that `50` or `+20` percent are."""
    return float(percent) / 100 + (1 if percent[0] in "+-" else 0)


def pitch(text: str) -> float:
    """Return a change of pitch in semitones: `high`, `+2st`, `-10%`.

    Raises:
        ValueError: It is none of these. Hertz are not: the voice's own pitch is unknown here.
    """
    if text in PITCHES:
        return PITCHES[text]
    match = re.fullmatch(_DECIMAL + "(st|%)", text)
    if not match:
        raise ValueError(text)
    value = float(match[1])
    if match[2] == "st":
        return value
    factor = _share(match[1])
    if factor <= 0:
        raise ValueError(text)
    return 12 * math.log2(factor)


def pitch_range(text: str) -> float:
    """Return a change of the range in which the pitch moves, as a factor: `high`, `+20%`, `50%`.

    Raises:
        ValueError: It is none of these. Hertz are not: the voice's own range is unknown here.
    """
    if text in RANGES:
        return RANGES[text]
    match = re.fullmatch(_DECIMAL + "%", text)
    if not match:
        raise ValueError(text)
    factor = _share(match[1])
    if factor < 0:
        raise ValueError(text)
    return factor


def volume(text: str) -> float:
    """Return a change of volume in decibels: `loud`, `+6dB`, `50` of 100, `-20%`.

    Raises:
        ValueError: It is none of these.
    """
    if text in VOLUMES:
        return VOLUMES[text]
    match = re.fullmatch(_DECIMAL + "(dB|db|%?)", text)
    if not match:
        raise ValueError(text)
    value = float(match[1])
    if match[2].lower() == "db":
        return value
    factor = _share(match[1])
    return 20 * math.log10(factor) if factor > 0 else DECIBELS[0]


def seconds(text: str) -> float:
    """Return a length of time: `500ms`, `1.5s`.

    Raises:
        ValueError: It is neither.
    """
    match = re.fullmatch(r"\+?(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})(ms|s)", text)
    if not match:
        raise ValueError(text)
    return float(match[1]) / (1000 if match[2] == "ms" else 1)
