"""Text files as people have them: their encodings, and files that hold more than text."""

import codecs
import re
from collections.abc import Callable

_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CUE = re.compile(r"^(?:\d{1,2}:)?\d\d:\d\d[.,]\d{3} --> ", re.MULTILINE)
_BEGINNING = 4_000
"""Characters in which subtitles show that they are some."""
_LEAST_ZEROS = 0.2
"""Share of zero bytes in UTF-16 of Western text, which has one in two; other text has none."""


def decode(data: bytes, name: str, note: Callable[[str], object]) -> str:
    """Return the text of a file: UTF-8, UTF-16 with or without its mark, or else Windows-1252.

    Args:
        data: The bytes of the file.
        name: Its name, for messages.
        note: Told when the encoding is a guess, and of subtitles.

    Raises:
        UnicodeDecodeError: It is none of these.
    """
    text = _decoded(data, name, note)
    if _CUE.search(text[:_BEGINNING]):
        note(f"{name} looks like subtitles: their numbers and times are left out, their pauses are not kept")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, name: str, note: Callable[[str], object]) -> str:
    if data.startswith(_WIDE_MARKS):
        return data.decode("utf-16")
    zeros = data[:_BEGINNING].count(0)
    if zeros > _LEAST_ZEROS * min(len(data), _BEGINNING) and not len(data) % 2:
        encoding = "utf-16-le" if data[1::2][:_BEGINNING].count(0) * 2 > zeros else "utf-16-be"
        text = data.decode(encoding)
        note(f"{name} is read as UTF-16, which it does not say it is")
        return text
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252")
    note(f"{name} is not UTF-8; it is read as Windows-1252")
    return text
