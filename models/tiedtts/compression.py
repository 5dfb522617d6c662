"""Bytes that are compressed by zlib, of which no more is unpacked than a reader has a use for."""

import zlib

from tiedtts.errors import ConfigError


def unpack(data: bytes, most: int) -> bytes:
    """Return what was compressed.

    Args:
        data: All of it.
        most: Largest size of the result, bytes.

    Raises:
        ConfigError: It is damaged, cut, or larger.
    """
    reader = zlib.decompressobj()
    try:
        plain = reader.decompress(data, most)
    except zlib.error as error:
        raise ConfigError(str(error)) from error
    if not reader.eof:
        raise ConfigError("it is cut, or too large")
    return plain
