"""Sound files: read any rate and channel count, write safely."""

import contextlib
import errno
import io
import os
import re
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt

from tiedtts.audio.encoding import FORMATS, Add, Encoding, encoder, of_path
from tiedtts.errors import AudioError

_DESCRIPTORS = re.compile(r"/dev/(stdout|stderr)|(?:/dev|/proc/self)/fd/([0-9]{1,9})")
_PREFIX = 40
"""Characters of a temporary name that are those of the file's."""
_UMASK = threading.Lock()


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


def check_place(path: Path) -> None:
    """Refuse a file that could not be written, before any work is done for it.

    Raises:
        AudioError: It is a folder or a disk, its folder is missing or read-only, or its name is too long.
    """
    if _descriptor(path) is not None:
        return
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = 0
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from error
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise AudioError(f"{path} is a {'socket' if stat.S_ISSOCK(mode) else 'disk'}", hint="name a file")
    if stat.S_ISDIR(mode):
        raise AudioError(f"{path} is a folder", hint="name a file in it")
    if not path.parent.is_dir():
        raise AudioError(f"there is no folder {path.parent}", hint=f"make it first: mkdir -p {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise AudioError(f"cannot write to {path.parent}", hint="choose a folder you may write to")


def encode(samples: npt.NDArray[np.floating], rate: int, file_format: str = "WAV") -> bytes:
    """Encode mono samples, (S,), as a whole sound file in memory; the same samples give the same bytes.

    Raises:
        AudioError: The format cannot hold this sampling rate.
    """
    suffix = next(suffix for suffix, name in FORMATS.items() if name == file_format)
    buffer = io.BytesIO()
    with encoder(buffer, rate, Encoding(suffix=suffix)) as add:
        add(samples)
    return buffer.getvalue()


@contextlib.contextmanager
def writer(path: Path, rate: int, encoding: Encoding | None = None, *, title: str = "") -> Iterator[Add]:
    """Open a sound file for mono samples, (S,), in parts; all of the file appears at the end, or none.

    Args:
        path: Of the file.
        rate: Of the samples, Hz.
        encoding: How they are written; as the suffix says by default.
        title: Told in the file, where the format has a place for it.

    Raises:
        AudioError: The suffix is unknown, the folder cannot be written, or the sound is too long for it.
    """
    encoding = encoding or Encoding(suffix=of_path(path))
    with replacing(path) as file, encoder(file, rate, encoding, title=title) as add:
        yield add


def write(path: Path, samples: npt.NDArray[np.floating], rate: int) -> None:
    """Write mono samples, (S,), in the format of the suffix; all of the file appears or none.

    Raises:
        AudioError: The suffix is unknown or the folder cannot be written.
    """
    with writer(path, rate) as add:
        add(samples)


def write_bytes(path: Path, data: bytes, *, sync: bool = True) -> None:
    """Write a file under a temporary name beside it, then rename it; a device or a pipe is written to.

    Args:
        path: Of the file.
        data: What it holds.
        sync: As for `replacing`.

    Raises:
        AudioError: The folder is missing or cannot be written, or there is a folder of this name.
    """
    with replacing(path, sync=sync) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path, *, sync: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file that becomes `path` when all went well.

    A link to a file is replaced, and the file that it points to stays as it is. A pipe or a device is written
    to, and so is what `/dev/stdout` and its like stand for.

    Args:
        path: Of the file.
        sync: Wait until all is on the disk before the file appears, so that no power cut leaves half of it;
            not for many small files that are easily made again.

    Raises:
        AudioError: The folder is missing or cannot be written, or there is a folder of this name.
    """
    temporary = None
    try:
        descriptor = _descriptor(path)
        # A device such as /dev/null: renaming over it would replace it.
        streams = descriptor is not None or (path.exists() and not path.is_file())
        with tempfile.NamedTemporaryFile(
            "w+b",
            dir=None if streams else path.parent,
            # Not the whole name, which may be as long as names can be.
            prefix=f".{path.name[:_PREFIX]}.",
            delete=False,
        ) as file:
            temporary = file.name
            yield cast(BinaryIO, file)
            file.flush()
            if sync and not streams:
                os.fsync(file.fileno())
        if streams:
            with open(temporary, "rb") as source, _stream(path, descriptor) as target:
                shutil.copyfileobj(source, target)
            return
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _descriptor(path: Path) -> int | None:
    """Return which open file of this process a path such as `/dev/stdout` or `/dev/fd/3` stands for."""
    if os.name == "nt":
        return None
    found = _DESCRIPTORS.fullmatch(os.path.abspath(path))
    if found is None:
        return None
    return {"stdout": 1, "stderr": 2}[found[1]] if found[1] else int(found[2])


def _stream(path: Path, descriptor: int | None) -> BinaryIO:
    # Not opened again: a file that the shell appends to would be emptied.
    return path.open("wb") if descriptor is None else os.fdopen(os.dup(descriptor), "wb")


def unwritable(path: Path, error: OSError | ValueError) -> AudioError:
    """Return what a failure to write a file or a folder means to people."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        hint = "make room on the disk, then run it again; with `-d`, `--skip-existing` goes on"
    elif number == errno.ENAMETOOLONG:
        hint = "choose a shorter name"
    else:
        hint = "choose a file in a folder that exists and that you may write to"
    return AudioError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}", hint=hint)


def _umask() -> int:
    """Return the process's mask for new files, which can only be read by setting it."""
    # Of two threads at once, one would read what the other has set, and leave it so.
    with _UMASK:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask
