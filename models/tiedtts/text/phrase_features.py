"""Features of the boundaries between words, from which phrase breaks are predicted.

There is no parser: little words are told apart by a list, all others by their endings, capitals and digits.
"""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from tiedtts.text import tables
from tiedtts.text.pronounce.pronouncer import Word

SYLLABLES = (3, 5, 7, 10, 14, 20)
"""Distances in syllables from which on others are told apart."""
EDGE = ("|", "|")
"""Stands beside the first and the last word."""


class Shape(NamedTuple):
    """A word as the model sees it."""

    name: str
    """The word itself if it is one of the list, else its class."""
    kind: str
    """Its class."""


class Stretch(NamedTuple):
    """Words between two pauses, and what stands around them."""

    words: Sequence[Word]
    """N words."""
    gaps: Sequence[str]
    """The text between each word and the next, (N - 1,); empty where they are read from one thing."""
    before: str
    """The pause before it, nothing at the start of a sentence."""
    after: str
    """The pause after it."""


@cache
def _classes() -> dict[str, str]:
    return tables.read("phrasing")["class"]


@cache
def _endings() -> tuple[tuple[str, str], ...]:
    return tuple(tables.read("phrasing")["ending"].items())


@lru_cache(maxsize=16384)
def _shape(text: str, *, capital: bool) -> Shape:
    name = text.lower()
    kind = _classes().get(name, "")
    if kind:
        return Shape(name, kind)
    if capital and text[:1].isupper():
        return Shape("name", "name")
    for ending, own in _endings():
        if name.endswith(ending) and len(name) > len(ending) + 2:
            return Shape(own, "content")
    return Shape("plural" if name.endswith("s") else "content", "content")


def shapes(stretch: Stretch, *, capitals: bool) -> list[Shape]:
    """Return what the model sees of the words of a stretch, (N,).

    Args:
        stretch: The capital of a word that starts a sentence says nothing.
        capitals: Whether the text is in capitals, which then say nothing.
    """
    starts = not stretch.before
    return [
        _shape(word.text, capital=not capitals and not (starts and index == 0))
        for index, word in enumerate(stretch.words)
    ]


def syllables(word: Word) -> int:
    """Return how many syllables a word has."""
    return sum(phone[-1] in "012" for phone in word.phones)


def features(stretch: Stretch, shaped: Sequence[Shape]) -> Iterator[tuple[str, ...]]:
    """Yield the features of the boundary after each word but the last.

    Args:
        stretch: N words.
        shaped: The result of `shapes` for them.
    """
    seen = [EDGE, *shaped, EDGE, EDGE, EDGE]
    sizes = [max(1, syllables(word)) for word in stretch.words]
    total, said = sum(sizes), 0
    length = _bucket(total, SYLLABLES)
    for index, (size, gap) in enumerate(zip(sizes[:-1], stretch.gaps, strict=True)):
        said += size
        (left2, kind2), (left, kind), (right, own), (right2, own2), (_, own3) = seen[index : index + 5]
        since, until = _bucket(said, SYLLABLES), _bucket(total - said, SYLLABLES)
        yield (
            "bias",
            f"l {left}",
            f"r {right}",
            f"k {left2}",
            f"s {right2}",
            f"lr {kind} {right}",
            f"ll {kind2} {left}",
            f"rr {right} {own2}",
            f"lrs {kind} {own} {own2}",
            f"llr {kind2} {kind} {own}",
            f"rst {own} {own2} {own3}",
            f"b {since}",
            f"u {until}",
            f"n {length}",
            f"br {since} {right}",
            f"bl {since} {kind}",
            f"m {min(size, 4)}",
            f"a {stretch.before or 'start'} {since}",
            f"z {stretch.after} {until}",
            f"q {_quotes(gap)}",
        )


_QUOTES = frozenset("\"'“”‘’«»")


def _quotes(gap: str) -> str:
    """Return what quotes end and begin between two words."""
    end, _, begin = gap.partition(" ")
    return f"{'end' * bool(_QUOTES & set(end))}{'begin' * bool(_QUOTES & set(begin))}" or "none"


def _bucket(value: int, bounds: Sequence[int]) -> int:
    return sum(value >= bound for bound in bounds)
