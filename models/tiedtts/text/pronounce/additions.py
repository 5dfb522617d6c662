"""Words and names that the CMU dictionary lacks."""

from functools import cache

from tiedtts.text import tables
from tiedtts.text.pronounce.lexicon import Pronunciation

_TABLES = tables.read("additions")
INITIALISMS = frozenset(_TABLES["initialism"])
"""Spelled letter by letter, in capitals or not."""
WORDS: dict[str, Pronunciation] = {word: tuple(phones.split()) for word, phones in _TABLES["word"].items()}
CASED: dict[str, Pronunciation] = {word: tuple(phones.split()) for word, phones in _TABLES["cased"].items()}
"""Names that are other words in other case."""
_CORRECTIONS = tables.read("corrections")
CORRECTIONS: dict[str, Pronunciation] = {w: tuple(p.split()) for w, p in _CORRECTIONS["word"].items()}
"""Words that the dictionary has wrong."""
SPELLED = frozenset(_CORRECTIONS["letters"])
"""Words that the dictionary does not spell right."""
ZED: Pronunciation = ("Z", "EH1", "D")
"""The letter Z in British English."""


@cache
def british() -> dict[str, Pronunciation]:
    """Return the words that are said otherwise in British English, and the letter Z."""
    words = tables.read("british")["word"]
    letters = {"z": ZED, **dict.fromkeys(("zs", "z's"), (*ZED, "Z"))}
    return letters | {word: tuple(phones.split()) for word, phones in words.items()}
