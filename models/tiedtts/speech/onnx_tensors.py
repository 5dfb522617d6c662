"""The stored tensors of a voice file: where their bytes lie, without the package `onnx`.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tiedtts.errors import VoiceError
from tiedtts.speech.metadata import METADATA_KEY
from tiedtts.speech.wire import BYTES, VARINT, NotAMessage, damaged, field, fields, number_at

TYPES: dict[int, np.dtype[Any]] = {
    1: np.dtype("<f4"),
    2: np.dtype("u1"),
    3: np.dtype("i1"),
    4: np.dtype("<u2"),
    5: np.dtype("<i2"),
    6: np.dtype("<i4"),
    7: np.dtype("<i8"),
    9: np.dtype("?"),
    10: np.dtype("<f2"),
    11: np.dtype("<f8"),
}
"""Element types by their number in ONNX; a voice has no others."""
_GRAPH, _METADATA, _INITIALIZER = 7, 14, 5
_DIMS, _TYPE, _NAME, _RAW = 1, 2, 8, 9
_KEY, _VALUE = 1, 2


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the values of a tensor lie in a file."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    """First byte."""
    stop: int
    """Byte after the last."""

    def read(self, data: bytes) -> npt.NDArray[Any]:
        """Return the values; they are not a copy."""
        return np.frombuffer(data[self.start : self.stop], self.dtype).reshape(self.shape)


def places(data: bytes, name: str) -> dict[str, Place]:
    """Find the stored tensors of a voice file, by name.

    Args:
        data: All of the file.
        name: What errors call it.

    Raises:
        VoiceError: It is damaged.
    """
    found: dict[str, Place] = {}
    try:
        for number, kind, start, stop in fields(data, 0, len(data)):
            if number != _GRAPH or kind != BYTES:
                continue
            for inner, inner_kind, first, last in fields(data, start, stop):
                if inner == _INITIALIZER and inner_kind == BYTES:
                    key, place = _tensor(data, first, last)
                    found[key] = place
    except (NotAMessage, IndexError, KeyError, UnicodeDecodeError):
        raise damaged(name) from None
    return found


def _tensor(data: bytes, start: int, stop: int) -> tuple[str, Place]:
    """Return name and place of a tensor."""
    shape: list[int] = []
    kind, name, raw = 0, "", (0, 0)
    for number, wire, first, last in fields(data, start, stop):
        if number == _DIMS and wire == VARINT:
            shape.append(first)
        elif number == _DIMS:
            shape.extend(_packed(data, first, last))
        elif number == _TYPE:
            kind = first
        elif number == _NAME:
            name = data[first:last].decode()
        elif number == _RAW:
            raw = first, last
    dtype = TYPES[kind]
    if math.prod(shape) * dtype.itemsize != raw[1] - raw[0]:
        raise NotAMessage
    return name, Place(dtype=dtype, shape=tuple(shape), start=raw[0], stop=raw[1])


def _packed(data: bytes, start: int, stop: int) -> list[int]:
    """Return numbers that are written one after the other."""
    found = []
    while start < stop:
        value, start = number_at(data, start)
        found.append(value)
    return found


def metadata(data: bytes, name: str) -> str | None:
    """Return what a voice file says of itself, JSON; nothing if it says nothing.

    Raises:
        VoiceError: It is damaged.
    """
    entry = field(_KEY, METADATA_KEY.encode())
    found: str | None = None
    try:
        for number, kind, start, stop in fields(data, 0, len(data)):
            if number != _METADATA or kind != BYTES or not data[start:stop].startswith(entry):
                continue
            for inner, inner_kind, first, last in fields(data, start, stop):
                if inner == _VALUE and inner_kind == BYTES:
                    found = data[first:last].decode()
    except (NotAMessage, IndexError, UnicodeDecodeError):
        raise damaged(name) from None
    return found


def with_metadata(data: bytes, text: str) -> bytes:
    """Return a voice file with other metadata.

    Raises:
        VoiceError: It is damaged.
    """
    kept = bytearray()
    start = 0
    entry = field(_KEY, METADATA_KEY.encode())
    try:
        for number, kind, first, stop in fields(data, 0, len(data)):
            if kind != BYTES:
                continue
            if number == _METADATA and data[first:stop].startswith(entry):
                # From the end of the field before, so that its tag and its length go as well.
                head = len(field(_METADATA, data[first:stop])) - (stop - first)
                kept += data[start : first - head]
                start = stop
    except (NotAMessage, IndexError):
        raise VoiceError("the voice is damaged", hint="make it again with `tiedtts export`") from None
    kept += data[start:]
    return bytes(kept) + field(_METADATA, entry + field(_VALUE, text.encode()))
