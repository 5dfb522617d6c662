"""Sound files: read any rate and channel count, write safely."""

import contextlib
import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from tiedtts.audio import ogg
from tiedtts.errors import AudioError

FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}
"""File suffixes that can be written, and libsndfile's names for them."""

_BLOCK = 65_536
"""Samples encoded at once."""


@dataclass(frozen=True)
class Sound:
    """What a sound file holds."""

    samples: npt.NDArray[np.float32]
    """Full scale 1, (S, channels)."""
    rate: int
    """Sampling rate, Hz."""

    @property
    def channels(self) -> int:
        """Number of channels."""
        return int(self.samples.shape[1])

    @property
    def mono(self) -> npt.NDArray[np.float32]:
        """The mean of the channels, (S,)."""
        if self.channels == 1:
            return self.samples[:, 0]
        mean: npt.NDArray[np.float32] = self.samples.mean(axis=1, dtype=np.float32)
        return mean


def read(path: Path) -> Sound:
    """Read a sound file of any kind libsndfile knows.

    Raises:
        AudioError: The file is missing or cannot be decoded.
    """
    import soundfile

    if not path.is_file():
        raise AudioError(f"no such sound file: {path}")
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, RuntimeError, TypeError) as error:
        raise AudioError(f"cannot read {path}: {error}") from error
    return Sound(samples, int(rate))


def to_pcm16(samples: npt.NDArray[np.floating]) -> npt.NDArray[np.int16]:
    """Quantise samples of full scale 1 to 16 bits, (S,); what is over full scale is clipped."""
    return np.asarray(np.round(np.clip(samples, -1.0, 1.0) * 32_767.0), np.int16)


def check_suffix(path: Path) -> str:
    """Return libsndfile's name of the format that a file's suffix asks for.

    Raises:
        AudioError: The suffix is not one of `FORMATS`.
    """
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        raise AudioError(
            f"cannot tell the format of `{path}` from its suffix",
            hint=f"use one of {', '.join(FORMATS)}",
        ) from None


def encode(samples: npt.NDArray[np.floating], rate: int, file_format: str = "WAV") -> bytes:
    """Encode mono samples, (S,), as a whole sound file in memory; the same samples give the same bytes.

    Raises:
        AudioError: The format cannot hold this sampling rate.
    """
    import soundfile

    buffer = io.BytesIO()
    subtype = "VORBIS" if file_format == "OGG" else "MPEG_LAYER_III" if file_format == "MP3" else "PCM_16"
    data = to_pcm16(samples) if subtype == "PCM_16" else np.asarray(samples, np.float32)
    try:
        with soundfile.SoundFile(buffer, "w", rate, 1, subtype, format=file_format) as sound:
            # libsndfile's Vorbis encoder keeps what it is given at once on the stack, and overflows.
            for start in range(0, len(data), _BLOCK):
                sound.write(data[start : start + _BLOCK])
    except soundfile.LibsndfileError as error:
        raise AudioError(
            f"cannot encode {rate} Hz as {file_format}: {error.error_string}",
            hint="write .wav or .flac instead",
        ) from error
    return ogg.renumber(buffer.getvalue()) if file_format == "OGG" else buffer.getvalue()


def write(path: Path, samples: npt.NDArray[np.floating], rate: int) -> None:
    """Write mono samples, (S,), in the format of the suffix; all of the file appears or none.

    Raises:
        AudioError: The suffix is unknown or the folder cannot be written.
    """
    write_bytes(path, encode(samples, rate, check_suffix(path)))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under a temporary name beside it, then rename it; a device or a pipe is written to.

    Raises:
        AudioError: The folder is missing or cannot be written, or there is a folder of this name.
    """
    temporary = None
    try:
        if path.exists() and not path.is_file():
            # A device such as /dev/null: renaming over it would replace it.
            path.write_bytes(data)
            return
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            temporary = file.name
            file.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise AudioError(
            f"cannot write {path}: {error.strerror}",
            hint="choose a file in a folder that exists and that you may write to",
        ) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def write_stream(stream: BinaryIO, samples: npt.NDArray[np.floating], rate: int) -> None:
    """Write mono samples, (S,), as a WAV file of exact length to a pipe or terminal."""
    stream.write(encode(samples, rate))
    stream.flush()


def _umask() -> int:
    """Return the process's mask for new files, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
