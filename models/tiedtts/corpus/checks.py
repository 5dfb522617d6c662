"""What is wrong with a recording, in words that a report can count."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tiedtts.audio.files import Sound

SHORTEST, LONGEST = 0.3, 20.0
"""Seconds a recording may last."""
SILENT = 1e-3
"""A recording whose largest sample is below this is silent, full scale 1."""
FULL_SCALE = 0.999
"""A sample from here on counts as clipped."""
CLIPPED, DESTROYED = 1e-5, 5e-3
"""Share of clipped samples that is worth a note, and that cannot be used."""
FEWEST_PHONES, MOST_PHONES = 1.5, 35.0
"""Phones a second that a person may speak."""

MISSING = "no sound file"
UNREADABLE = "sound file cannot be read"
EMPTY = "sound file is empty"
IS_SILENT = "silent"
TOO_SHORT = f"shorter than {SHORTEST:g} s"
TOO_LONG = f"longer than {LONGEST:g} s"
IS_CLIPPED = "clipped"
NOTHING_TO_SAY = "text with nothing to say"
DUPLICATE = "id used before"
RATE = "text does not fit the length"
UNALIGNED = "shorter than its phones"

A_LITTLE_CLIPPED = "a little clipped"
RESAMPLED = "resampled"
MIXED = "stereo mixed down"
POOR_FIT = "text and sound fit badly"


def sound_reason(sound: Sound) -> str | None:
    """Return why a sound cannot be used, None if it can."""
    samples = sound.samples
    seconds = len(samples) / sound.rate
    if not len(samples):
        return EMPTY
    if not np.isfinite(samples).all() or float(np.abs(samples).max()) < SILENT:
        return IS_SILENT
    if seconds < SHORTEST:
        return TOO_SHORT
    if seconds > LONGEST:
        return TOO_LONG
    return IS_CLIPPED if clipped_share(samples) > DESTROYED else None


def sound_notes(sound: Sound, rate: int) -> Sequence[str]:
    """Return what is worth knowing of a sound that can be used; `rate` is the corpus' own, Hz."""
    notes = []
    if sound.rate != rate:
        notes.append(RESAMPLED)
    if sound.channels > 1:
        notes.append(MIXED)
    if clipped_share(sound.samples) > CLIPPED:
        notes.append(A_LITTLE_CLIPPED)
    return notes


def clipped_share(samples: npt.NDArray[np.float32]) -> float:
    """Return the share of samples in runs of two or more at full scale; one alone is just a peak."""
    full = np.abs(samples).max(axis=1) >= FULL_SCALE if samples.ndim == 2 else np.abs(samples) >= FULL_SCALE
    runs = full[1:] & full[:-1]
    return float(runs.mean()) if len(runs) else 0.0


def rate_fits(phones: int, seconds: float) -> bool:
    """Whether a person can say so many phones in this time."""
    return FEWEST_PHONES <= phones / seconds <= MOST_PHONES
