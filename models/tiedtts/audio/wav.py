"""WAV files, written part by part; also into a pipe, where nobody can go back to the header.

IBM and Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", 1991.
"""

import struct
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

SUBTYPES = {"16": (1, 2), "24": (1, 3), "float": (3, 4)}
"""Kinds of numbers: the code of the format, bytes of a sample."""
UNKNOWN = 2**32 - 1
"""Stands for a length that is not known yet; readers take what there is."""
LARGEST = 2**32 - 4096
"""Bytes of sound; the header counts them in 32 bits."""

_TAGS = {"title": b"INAM", "voice": b"IART", "software": b"ISFT"}


def quantise(samples: npt.NDArray[np.floating], subtype: str) -> bytes:
    """Return samples of full scale 1, (S,), as the bytes of a WAV file; what is over it is clipped."""
    if subtype == "float":
        return np.asarray(samples, "<f4").tobytes()
    clipped = np.clip(samples, -1.0, 1.0)
    if subtype == "16":
        return np.asarray(np.round(clipped * 32_767.0), "<i2").tobytes()
    whole = np.asarray(np.round(clipped * np.float64(8_388_607.0)), "<i4")
    return whole.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def header(rate: int, subtype: str, size: int, tags: Mapping[str, str] | None = None) -> bytes:
    """Return what stands before the sound.

    Args:
        rate: Hz.
        subtype: One of `SUBTYPES`.
        size: Bytes of sound, or `UNKNOWN`.
        tags: `title`, `voice` and `software`, those that are known.
    """
    code, width = SUBTYPES[subtype]
    described = struct.pack("<HHIIHH", code, 1, rate, rate * width, width, 8 * width)
    chunks = _chunk(b"fmt ", described + (b"" if code == 1 else bytes(2)))
    if code != 1:
        chunks += _chunk(b"fact", struct.pack("<I", UNKNOWN if size == UNKNOWN else size // width))
    said = [_chunk(_TAGS[name], text.encode() + b"\0") for name, text in (tags or {}).items() if text]
    if said:
        chunks += _chunk(b"LIST", b"INFO" + b"".join(said))
    whole = UNKNOWN if size == UNKNOWN else 4 + len(chunks) + 8 + size + size % 2
    return b"RIFF" + struct.pack("<I", whole) + b"WAVE" + chunks + b"data" + struct.pack("<I", size)


class Writer:
    """Writes samples as they come; the header is put right at the end by `close`.

    Args:
        write: Takes bytes.
        seek: Moves to a place in the file; without it, the header keeps the length that it has.
        rate: Hz.
        subtype: One of `SUBTYPES`.
        tags: See `header`.
        size: Bytes of sound, if they are known.
    """

    def __init__(
        self,
        write: Callable[[bytes], object],
        seek: Callable[[int], object] | None,
        rate: int,
        subtype: str = "16",
        tags: Mapping[str, str] | None = None,
        *,
        size: int = UNKNOWN,
    ) -> None:
        self._write, self._seek = write, seek
        self._rate, self._subtype, self._tags = rate, subtype, tags
        self._size = 0
        write(header(rate, subtype, size, tags))

    def write(self, samples: npt.NDArray[np.floating]) -> None:
        """Write samples, (S,).

        Raises:
            OverflowError: The header could not tell so many.
        """
        data = quantise(samples, self._subtype)
        if self._seek is not None and self._size + len(data) > LARGEST:
            raise OverflowError(self._size + len(data))
        self._write(data)
        self._size += len(data)

    def close(self) -> None:
        """End the sound."""
        if self._size % 2:
            self._write(b"\0")
        if self._seek is not None:
            self._seek(0)
            self._write(header(self._rate, self._subtype, self._size, self._tags))


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
