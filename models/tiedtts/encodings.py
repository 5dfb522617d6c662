"""Encodings of text files as people have them: UTF-8, UTF-16 with or without a mark, or else Windows-1252."""

import codecs
import re
from dataclasses import dataclass

WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""First bytes of UTF-16; UTF-8 has them nowhere."""
WINDOWS = "Windows-1252"
WIDE = "UTF-16, which it does not say it is"
"""Encodings that are guesses."""

_BEGINNING = 4_000
"""Bytes in which zeros are counted, and an encoding is declared."""
_DECLARED = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z][\w.:-]{1,30})")
_NO_TEXT = ("utf_7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem")
"""Encodings of Python that no file declares that means well."""
_LEAST_ZEROS = 0.2
"""Share of zero bytes in UTF-16 of Western text, which has one in two; other text has none."""


@dataclass(frozen=True)
class Decoded:
    """The text of a file."""

    text: str
    """Its line ends are all `\\n`."""
    guess: str | None = None
    """The encoding, where nothing but the bytes themselves speaks for it."""


def declared(data: bytes) -> str | None:
    """Return the encoding that HTML or XML says at its beginning that it has, if it is known."""
    found = _DECLARED.search(data[:_BEGINNING])
    if found is None:
        return None
    try:
        info = codecs.lookup(found[1].decode("ascii"))
        "".encode(info.name)
    except (LookupError, ValueError, UnicodeError):
        return None
    name = info.name.replace("-", "_")
    return None if name in _NO_TEXT or name.startswith(("utf_8", "utf_16")) else info.name


def decode(data: bytes, *, errors: str = "strict", marked_up: bool = False) -> Decoded:
    """Return the text that bytes stand for.

    Args:
        data: All bytes of a file.
        errors: Treatment of bytes that no encoding has, as of `bytes.decode`.
        marked_up: It is HTML or XML, which may tell its encoding.

    Raises:
        UnicodeDecodeError: They are no text, and `errors` is `strict`.
    """
    text, guess = _decoded(data, errors)
    name = declared(data) if marked_up and guess == WINDOWS else None
    if name is not None:
        text, guess = data.decode(name, errors), None
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
