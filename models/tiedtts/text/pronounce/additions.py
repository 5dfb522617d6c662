"""Words and names that the CMU dictionary lacks."""

from tiedtts.text import tables
from tiedtts.text.pronounce.lexicon import Pronunciation

_TABLES = tables.read("additions")
INITIALISMS = frozenset(_TABLES["initialism"])
"""Spelled letter by letter, in capitals or not."""
WORDS: dict[str, Pronunciation] = {word: tuple(phones.split()) for word, phones in _TABLES["word"].items()}
CASED: dict[str, Pronunciation] = {word: tuple(phones.split()) for word, phones in _TABLES["cased"].items()}
"""Names that are other words in other case."""
