"""How sound is written: format, numbers, sampling rate."""

from dataclasses import dataclass
from pathlib import Path

from tiedtts.errors import AudioError

FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}
"""File suffixes that can be written, and libsndfile's names for them."""


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How a sound file is written."""

    suffix: str = ".wav"
    """One of `FORMATS`."""


def of_path(path: Path) -> str:
    """Return the suffix of a sound file in small letters.

    Raises:
        AudioError: It is not one of `FORMATS`.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise AudioError(
            f"cannot tell the format of `{path}` from its suffix", hint=f"use one of {', '.join(FORMATS)}"
        )
    return suffix
