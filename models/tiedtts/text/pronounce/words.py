"""The word and its pronunciation; the words that a token is made of, and their places."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tiedtts.text.excerpts import Place
from tiedtts.text.pronounce.lexicon import Pronunciation
from tiedtts.text.tokens import Token


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its pronunciation."""

    text: str
    """The spoken word."""
    phones: Pronunciation
    """ARPAbet labels with stress digits."""
    source: str
    """`text`, `user lexicon` and its file, `lexicon`, `rule` or `g2p-en`."""
    written: str = field(default="", compare=False)
    """The text it was read from, as it was given: `$100` for `hundred`."""
    span: tuple[int, int] = field(default=(0, 0), compare=False)
    """Offsets of `written` in the text given: of its first character and of the one after."""


def parts(text: str) -> Iterator[str]:
    """Yield the words of `well-known`, `YouTube` and `DNAs`."""
    for part in re.findall("[A-Za-z']+", text):
        if part.isupper() or part[1:].islower():
            yield part
        else:
            yield from re.findall("[A-Z]+(?:s|'s)?(?![a-z])|[A-Z][a-z']+|[a-z']+|[A-Z']+", part)


def places_of(token: Token, words: Sequence[Word]) -> list[Place]:
    """Return the place of each word of a token: within it, if it stands there as it is spoken."""
    place = token.start, token.end
    if len(words) == 1 and len(words[0].text) == len(token.text):
        return [place]
    if token.kind != "word" or token.end - token.start != len(token.text):
        return [place] * len(words)
    places: list[Place] = []
    start = 0
    for word in words:
        at = token.text.find(word.text, start)
        if at < 0:
            places.append(place)
            continue
        start = at + len(word.text)
        places.append((token.start + at, token.start + start))
    return places
