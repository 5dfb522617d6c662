"""Sounds beside speech: the tone of a capital letter, and sound icons, which are files of the system."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

FOLDER = Path("/usr/share/sounds/sound-icons")
"""Where the package `sound-icons` puts its files."""
TONE_HZ = 1_200
TONE_SECONDS = 0.03
TONE_LEVEL = 0.2
"""Amplitude, full scale 1."""
NOTHING: npt.NDArray[np.float32] = np.zeros(0, np.float32)
"""No sound, (0,)."""
LONGEST_ICON = 10
"""Seconds; longer files are cut."""


class Sound(NamedTuple):
    """Samples, mono."""

    samples: npt.NDArray[np.float32]
    """Full scale 1, (S,)."""
    sample_rate: int
    """Hz."""


def tone(sample_rate: int) -> npt.NDArray[np.float32]:
    """Return the short tone before a capital letter, (S,)."""
    time = np.arange(int(TONE_SECONDS * sample_rate)) / sample_rate
    wave = np.sin(2 * np.pi * TONE_HZ * time) * np.sin(np.pi * time / TONE_SECONDS)
    return (TONE_LEVEL * wave).astype(np.float32)


def icon(name: str) -> Sound | None:
    """Return a sound icon; nothing if the system has none of that name, or cannot read it."""
    # A name is no path: nothing outside the folder is read.
    if not name or Path(name).name != name:
        return None
    for file in (FOLDER / name, FOLDER / f"{name}.wav"):
        if file.is_file():
            import soundfile

            try:
                with soundfile.SoundFile(file) as opened:
                    found = opened.read(LONGEST_ICON * opened.samplerate, np.float32, always_2d=True)
                    return Sound(found.mean(1), opened.samplerate)
            except (OSError, soundfile.SoundFileError):
                return None
    return None
