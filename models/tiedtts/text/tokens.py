"""Spoken text to words and pauses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tiedtts.text.inline import MARK, SWITCH, Pieces, number_of
from tiedtts.text.normalize.rules import JOINED

PAUSES = {",": ",", ";": ",", ":": ",", "—": ",", "–": ",", "(": ",", ")": ",", "[": ",", "]": ","}
"""Punctuation to the pause it makes."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a pause."""

    text: str
    """The word as written, or one of `, . ? !`."""
    kind: str = "word"
    """`word`, `letters` to be said one by one, `pause`, `piece` for something taken out of the text, or
    `switch` for the beginning of a span, by its number."""


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(
        rf"(?P<piece>{MARK})|(?P<switch>{SWITCH})|(?P<letters>[A-Z](?:{JOINED}[A-Z])+)|(?P<word>'?[A-Za-z]+(?:['-][A-Za-z]+)*'?)|(?P<dots>\.\.+|…)"
        r"|(?P<end>[.?!])|(?P<pause>[,;:—–()\[\]]|--+|(?<= )-(?= ))"
    )


def read(text: str, pieces: Pieces) -> Iterator[Token]:
    """Yield the words and pauses of a text in order."""
    for match in _pattern().finditer(text):
        kind, found = match.lastgroup, match[0]
        if kind == "piece":
            yield Token(pieces.all[number_of(found)], "piece")
        elif kind == "switch":
            yield Token(str(number_of(found)), "switch")
        elif kind == "letters":
            yield Token(found.replace(JOINED, ""), "letters")
        elif kind == "word":
            yield Token(found)
        elif kind == "end":
            yield Token(found, "pause")
        else:
            yield Token(",", "pause")
