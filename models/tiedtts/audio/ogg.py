"""Ogg streams without the random number in them, so that the same sound gives the same file.

Pfeiffer, "The Ogg Encapsulation Format Version 0", RFC 3533, 2003.
"""

import zlib

_SERIAL = slice(14, 18)
_CHECKSUM = slice(22, 26)
_SEGMENTS = 26
_HEADER = 27
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def renumber(stream: bytes, serial: int = 0) -> bytes:
    """Give all pages of an Ogg stream of one logical stream another serial number."""
    data = bytearray(stream)
    start = 0
    while start < len(data):
        assert data[start : start + 4] == b"OggS", start
        segments = data[start + _SEGMENTS]
        body = start + _HEADER + segments
        end = body + sum(data[start + _HEADER : body])
        page = data[start:end]
        page[_SERIAL] = serial.to_bytes(4, "little")
        page[_CHECKSUM] = bytes(4)
        page[_CHECKSUM] = checksum(bytes(page)).to_bytes(4, "little")
        data[start:end] = page
        start = end
    return bytes(data)


def checksum(page: bytes) -> int:
    """Return the checksum of a page whose field for it is zero.

    It is zlib's with the bits of every byte the other way round, from zero and not inverted.
    """
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
