"""Protobuf messages, read field by field: enough to look through an ONNX file without the package `onnx`.

Encoding: https://protobuf.dev/programming-guides/encoding/
"""

from collections.abc import Iterator

from tiedtts.errors import VoiceError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Kinds of fields."""


class NotAMessage(Exception):
    """The bytes are no message."""


def damaged(name: str) -> VoiceError:
    """Return the error of a voice file that cannot be read, or is none.

    Args:
        name: What the error calls it.
    """
    return VoiceError(f"{name} is damaged or is not a voice", hint="make it again with `tiedtts export`")


def fields(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield number, kind and place of the fields of a message; the value instead of the place of a number."""
    while start < end:
        tag, start = number_at(data, start)
        # What readers of this format do: they take no notice of bits beyond.
        tag &= 0xFFFFFFFF
        number, kind = tag >> 3, tag & 7
        if kind == BYTES:
            size, start = number_at(data, start)
            stop = start + size
            if stop > end:
                raise NotAMessage
            yield number, kind, start, stop
            start = stop
        elif kind == VARINT:
            value, start = number_at(data, start)
            yield number, kind, value, value
        elif kind in (FIXED64, FIXED32):
            start += 8 if kind == FIXED64 else 4
        else:
            raise NotAMessage
    if start > end:
        raise NotAMessage


def number_at(data: bytes, start: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, and where it ends."""
    value = data[start]
    if value < 0x80:
        return value, start + 1
    value &= 0x7F
    for at in range(1, 10):
        byte = data[start + at]
        value |= (byte & 0x7F) << 7 * at
        if byte < 0x80:
            return value, start + at + 1
    raise NotAMessage


def field(number: int, value: bytes) -> bytes:
    """Return a field of bytes as it stands in a message."""
    return _varint(number << 3 | BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
