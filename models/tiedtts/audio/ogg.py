"""Ogg streams without the random number in them, so that the same sound gives the same file.

Pfeiffer, "The Ogg Encapsulation Format Version 0", RFC 3533, 2003.
"""

import zlib
from collections.abc import Callable

_SERIAL = slice(14, 18)
_CHECKSUM = slice(22, 26)
_SEGMENTS = 26
_HEADER = 27
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Renumbering:
    """Gives the pages of an Ogg stream of one logical stream another serial number, as they are written.

    Args:
        write: Takes whole pages.
        serial: The number.
    """

    def __init__(self, write: Callable[[bytes], object], serial: int = 0) -> None:
        self._write = write
        self._serial = serial.to_bytes(4, "little")
        self._data = bytearray()
        self._size = 0

    def write(self, data: bytes) -> int:
        """Take a piece of the stream, and pass on the pages that are whole now."""
        self._data += data
        self._size += len(data)
        start = 0
        while (end := _end(self._data, start)) is not None:
            page = self._data[start:end]
            page[_SERIAL] = self._serial
            page[_CHECKSUM] = bytes(4)
            page[_CHECKSUM] = checksum(bytes(page)).to_bytes(4, "little")
            self._write(bytes(page))
            start = end
        del self._data[:start]
        return len(data)

    def read(self, size: int = -1) -> bytes:
        """Return nothing: what was written has gone."""
        return b""

    def tell(self) -> int:
        """Return how many bytes were taken."""
        return self._size

    def seek(self, offset: int, whence: int = 0) -> int:
        """Refuse to move: pages are written one after the other."""
        return self._size


def renumber(stream: bytes, serial: int = 0) -> bytes:
    """Give all pages of a whole Ogg stream of one logical stream another serial number."""
    pages: list[bytes] = []
    Renumbering(pages.append, serial).write(stream)
    return b"".join(pages)


def _end(data: bytearray, start: int) -> int | None:
    """Return where a page ends; nothing if not all of it is there."""
    if len(data) < start + _HEADER:
        return None
    assert data[start : start + 4] == b"OggS", start
    body = start + _HEADER + data[start + _SEGMENTS]
    if len(data) < body:
        return None
    end = body + sum(data[start + _HEADER : body])
    return end if len(data) >= end else None


def checksum(page: bytes) -> int:
    """Return the checksum of a page whose field for it is zero.

    It is zlib's with the bits of every byte the other way round, from zero and not inverted.
    """
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
