"""Wholeness of sound files: whether one is complete, or only a part, as a power cut leaves it."""

import os
import struct
from pathlib import Path
from typing import BinaryIO

from tiedtts import plain
from tiedtts.paths import StrPath, optional

_TOLERANCE_SECONDS = 0.1
"""MP3 and Opus add a little at both ends."""
_LAST_PAGE = 1 << 16
"""Bytes; no page of Ogg is larger."""
_XING_WITHIN = 4096
"""Bytes at the beginning of a file."""
_BEGINNINGS = {
    **{".wav": (b"RIFF",), ".flac": (b"fLaC",), ".ogg": (b"OggS",), ".opus": (b"OggS",)},
    **{".mp3": (b"ID3", b"\xff"), ".json": (b"{\n",), ".srt": (b"1\n",), ".vtt": (b"WEBVTT",)},
    ".textgrid": (b"File type",),
}
"""First bytes of each kind of file."""


def is_broken(path: StrPath, seconds: float | None = None) -> bool:
    """Tell whether a sound file is empty, or begins like one and cannot be read to its end.

    A file that is something else altogether is not broken: nobody knows what it is for.

    Args:
        path: Path of the file.
        seconds: How long it should be, if that is known.

    Raises:
        FolderError: It is no plain file.
        OSError: It cannot be read.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    with plain.opened(path, os.O_RDONLY) as file:
        size = os.fstat(file.fileno()).st_size
        if not _is_begun(file, suffix):
            return size == 0
        if suffix == ".wav" and not _has_all(file, size):
            return True
        if suffix in (".ogg", ".opus") and not _has_last_page(file, size):
            return True
        # What libsndfile's decoder of MP3 finds too short, it tells on stderr.
        if suffix == ".mp3" and not _has_counted_bytes(file, size):
            return True
        return not _has_end(file, seconds)


def is_broken_text(path: StrPath) -> bool:
    """Tell whether a file of times is empty, or begins like one and does not end like one.

    Raises:
        FolderError: It is no plain file.
        OSError: It cannot be read.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    with plain.opened(path, os.O_RDONLY) as file:
        size = os.fstat(file.fileno()).st_size
        if not _is_begun(file, suffix):
            return size == 0
        end = b"}\n" if suffix == ".json" else b"\n"
        file.seek(max(size - len(end), 0))
        return file.read() != end


def is_there(sound: StrPath, timestamps: StrPath | None = None) -> bool:
    """Tell whether a sound file, and its timestamps if they are wanted, are there as a whole.

    Raises:
        FolderError: A file is no plain file.
        OSError: A file cannot be read.
    """
    sound = Path(sound)
    timestamps = optional(timestamps)
    if not sound.is_file() or (timestamps is not None and not timestamps.is_file()):
        return False
    # What stands behind a link is what is meant.
    return not is_broken(sound.resolve()) and not (timestamps and is_broken_text(timestamps.resolve()))


def _is_begun(file: BinaryIO, suffix: str) -> bool:
    """Whether a file begins as one of its kind, or with nothing but zeros in its place."""
    head = file.read(16)
    file.seek(0)
    expected = _BEGINNINGS.get(suffix, ())
    return bool(head) and (
        not head.strip(b"\0") or any(head.startswith(begin) or begin.startswith(head) for begin in expected)
    )


def _has_all(file: BinaryIO, size: int) -> bool:
    """Whether a WAV file is as long as its header tells."""
    head = file.read(8)
    file.seek(0)
    return len(head) == 8 and head[:4] == b"RIFF" and struct.unpack("<I", head[4:])[0] + 8 <= size


def _has_last_page(file: BinaryIO, size: int) -> bool:
    """Whether an Ogg file has its last page, which says that it is the last, and all of that page."""
    file.seek(max(size - _LAST_PAGE, 0))
    tail = file.read()
    file.seek(0)
    start = tail.rfind(b"OggS")
    page = tail[start:] if start >= 0 else b""
    if len(page) < 27 or len(page) < 27 + page[26]:
        return False
    return bool(page[5] & 4) and len(page) == 27 + page[26] + sum(page[27 : 27 + page[26]])


def _has_counted_bytes(file: BinaryIO, size: int) -> bool:
    """Whether an MP3 file is as long as the Xing header tells, if it has one."""
    head = file.read(_XING_WITHIN)
    file.seek(0)
    place = max(head.find(b"Xing"), head.find(b"Info"))
    if place < 0 or len(head) < place + 16:
        return True
    flags, first, second = struct.unpack(">III", head[place + 4 : place + 16])
    count = (second if flags & 1 else first) if flags & 2 else 0
    return bool(count <= size)


def _has_end(file: BinaryIO, seconds: float | None) -> bool:
    """Whether the last sample can be read, and comes when it should."""
    import soundfile

    try:
        with soundfile.SoundFile(file) as sound:
            if sound.frames < 1:
                return False
            sound.seek(sound.frames - 1)
            if len(sound.read(1)) != 1:
                return False
            return seconds is None or abs(sound.frames / sound.samplerate - seconds) <= _TOLERANCE_SECONDS
    except (soundfile.LibsndfileError, RuntimeError):
        return False
