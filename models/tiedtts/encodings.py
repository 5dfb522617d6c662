"""Encodings of text files as people have them: UTF-8, UTF-16 with or without a mark, or else Windows-1252."""

import codecs
from dataclasses import dataclass

WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""First bytes of UTF-16; UTF-8 has them nowhere."""
WINDOWS = "Windows-1252"
WIDE = "UTF-16, which it does not say it is"
"""Encodings that are guesses."""

_BEGINNING = 4_000
"""Bytes in which zeros are counted."""
_LEAST_ZEROS = 0.2
"""Share of zero bytes in UTF-16 of Western text, which has one in two; other text has none."""


@dataclass(frozen=True)
class Decoded:
    """The text of a file."""

    text: str
    """Its line ends are all `\\n`."""
    guess: str | None = None
    """The encoding, where nothing but the bytes themselves speaks for it."""


def decode(data: bytes, *, errors: str = "strict") -> Decoded:
    """Return the text that bytes stand for.

    Args:
        data: All bytes of a file.
        errors: Treatment of bytes that no encoding has, as of `bytes.decode`.

    Raises:
        UnicodeDecodeError: They are no text, and `errors` is `strict`.
    """
    text, guess = _decoded(data, errors)
    return Decoded(text.replace("\r\n", "\n").replace("\r", "\n"), guess)


def _decoded(data: bytes, errors: str) -> tuple[str, str | None]:
    if data.startswith(WIDE_MARKS):
        return data.decode("utf-16", errors), None
    beginning = data[:_BEGINNING]
    zeros = beginning.count(0)
    if zeros > _LEAST_ZEROS * len(beginning) and not len(data) % 2:
        encoding = "utf-16-le" if beginning[1::2].count(0) * 2 > zeros else "utf-16-be"
        return data.decode(encoding, errors), WIDE
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError:
        return data.decode("cp1252", errors), WINDOWS
