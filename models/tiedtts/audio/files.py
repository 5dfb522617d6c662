"""Sound files: any rate and number of channels is read; all of a file is written, or none of it."""

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from tiedtts import storage
from tiedtts.audio import channels
from tiedtts.audio.encoding import FORMATS, Add, Encoding, encoder, of_path
from tiedtts.comparing import ByContent
from tiedtts.errors import AudioError, OutputError
from tiedtts.paths import StrPath


@dataclass(frozen=True, eq=False)
class Sound(ByContent):
    """Contents of a sound file."""

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
        """All channels as one, (S,), see `channels.mix`."""
        return channels.mix(self.samples)[0]


def read(path: StrPath) -> Sound:
    """Read a sound file of any kind libsndfile knows.

    Raises:
        AudioError: The file is missing or cannot be decoded.
    """
    path = Path(path)
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


def encode(samples: npt.NDArray[np.floating], rate: int, file_format: str = "WAV") -> bytes:
    """Encode mono samples, (S,), as a whole sound file in memory; the same samples give the same bytes.

    Raises:
        AudioError: The format cannot hold this sampling rate.
    """
    suffix = next(suffix for suffix, name in FORMATS.items() if name == file_format)
    return encoded(samples, rate, Encoding(suffix=suffix))


def encoded(samples: npt.NDArray[np.floating], rate: int, encoding: Encoding) -> bytes:
    """Return mono samples, (S,), as a whole sound file in memory.

    Args:
        samples: Full scale 1.
        rate: Their sampling rate, Hz.
        encoding: How they are written.

    Raises:
        AudioError: The format cannot hold this sampling rate.
    """
    buffer = io.BytesIO()
    with encoder(buffer, rate, encoding) as add:
        add(samples)
    return buffer.getvalue()


def check_target(path: StrPath) -> None:
    """Refuse a place where no sound file could appear in the end.

    Raises:
        OutputError: It is a folder, or lies in one that cannot be written.
    """
    path = Path(path)
    if os.path.isdir(path):
        raise OutputError(f"{path} is a folder", hint=f"name a file in it: -o {path / 'speech.wav'}")
    storage.check_writable(path)


@contextlib.contextmanager
def writer(
    path: StrPath,
    rate: int,
    encoding: Encoding | None = None,
    *,
    title: str = "",
    finish: Callable[[BinaryIO], object] = lambda file: None,
) -> Iterator[Add]:
    """Open a sound file for mono samples, (S,), in parts; all of the file appears at the end, or none.

    Args:
        path: Where the file appears.
        rate: Sampling rate, Hz.
        encoding: How they are written; as the suffix says by default.
        title: Told in the file, where the format has a place for it.
        finish: Called with the whole file before it appears.

    Raises:
        AudioError: The suffix is unknown, or the sound is too long for the format.
        OutputError: The folder cannot be written.
    """
    path = Path(path)
    encoding = encoding or Encoding(suffix=of_path(path))
    with storage.replacing(path) as file:
        with encoder(file, rate, encoding, title=title) as add:
            yield add
        finish(file)


def write(path: StrPath, samples: npt.NDArray[np.floating], rate: int) -> None:
    """Write mono samples, (S,), in the format of the suffix; all of the file appears or none.

    Raises:
        AudioError: The suffix is unknown.
        OutputError: The folder cannot be written.
    """
    path = Path(path)
    with writer(path, rate) as add:
        add(samples)
