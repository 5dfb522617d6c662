"""Spellings that imitate speech: stretched words, `sooo`, and stammers, `w-what`."""

import re
from collections.abc import Iterator, Sequence
from itertools import product

from tiedtts.text import tables

_TABLES = tables.read("spellings")
_ONE = frozenset(_TABLES["one letter"])
"""Words that end with a vowel written once, though twice would be a word, too: `so`, `go`."""
_NO_STAMMER = frozenset(_TABLES["no stammer"])
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_STAMMER = re.compile(r"((?:[A-Za-z]{1,3}-){1,5})([A-Za-z][A-Za-z']*)")
_VOWELS = frozenset("aeiouy")
_MOST_RUNS = 4
"""Stretched letters in a word of which every number is tried."""


def is_stretched(word: str) -> bool:
    """Return whether a letter stands three times or more in a row."""
    return _STRETCHED.search(word) is not None


def squeezed(word: str) -> Iterator[str]:
    """Yield words that a stretched one may be, the likeliest first: `soooon` is `soon`, `sooo` is `so`."""
    runs = list(_STRETCHED.finditer(word))[:_MOST_RUNS]
    bare = _STRETCHED.sub(lambda match: match[1], word)
    if bare in _ONE:
        yield bare
    choices = [(2, 1, 3) if match[1] in "eolsf" else (1, 2, 3) for match in runs]
    for sizes in product(*choices):
        parts: list[str] = []
        place = 0
        for match, size in zip(runs, sizes, strict=True):
            parts += (word[place : match.start()], match[1] * size)
            place = match.end()
        candidate = "".join((*parts, word[place:]))
        if len(candidate) > 1:
            yield candidate


def stammered(text: str) -> tuple[Sequence[str], str] | None:
    """Return the beginnings and the word of `w-w-what`, nothing if it is no stammer."""
    match = _STAMMER.fullmatch(text)
    if not match or text.lower() in _NO_STAMMER:
        return None
    starts, word = match[1].split("-")[:-1], match[2]
    for start in starts:
        name = start.lower()
        if not word.lower().startswith(name) or (len(name) > 1 and not _VOWELS.isdisjoint(name)):
            return None
    return starts, word
