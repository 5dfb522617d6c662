"""Spoken text to words and pauses."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from tiedtts.text.aligned import JOINER, PLACEHOLDER, AlignedText
from tiedtts.text.inline import Pieces


class Token(NamedTuple):
    """A word or a pause."""

    text: str
    """The word as written, or one of `, . ? !`."""
    kind: str = "word"
    """`word`, `letters` to be spelled, `pause`, or `piece` for something taken out of the text."""
    start: int = 0
    """Offset in the sentence of what it was read from."""
    end: int = 0
    """Offset of the character after."""


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<piece>{PLACEHOLDER})|(?P<letters>[A-Z](?:{JOINER}[A-Z])+|[A-Za-z]{JOINER})"
        r"|(?P<word>'?[A-Za-z]+(?:['-][A-Za-z]+)*'?)|(?P<dots>\.\.+|…)"
        r"|(?P<end>[.?!])|(?P<pause>[,;:—–()\[\]]|--+|(?:(?<= )|^)-(?= |$))"
    )


def read(text: AlignedText, pieces: Pieces) -> Iterator[Token]:
    """Yield the words and pauses of a text in order."""
    starts, ends = text.starts, text.ends
    for match in _pattern().finditer(text.text):
        kind, found = match.lastgroup, match[0]
        first, last = match.span()
        last -= found[-1] == JOINER
        start, end = starts[first], ends[last - 1]
        if kind == "word":
            yield Token(found, "word", start, end)
        elif kind == "piece":
            yield Token(pieces.at(start), "piece", start, end)
        elif kind == "letters":
            yield Token(found.replace(JOINER, ""), "letters", start, end)
        elif kind == "end":
            yield Token(found, "pause", start, end)
        else:
            yield Token(",", "pause", start, end)
