"""Little words that are weak in running speech, and those that depend on the sound that follows."""

from tiedtts.text import tables
from tiedtts.text.phones import VOWELS
from tiedtts.text.pronounce.lexicon import Pronunciation

_TABLES = tables.read("function_words")
WEAK = _TABLES["weak"]
"""Weak forms, spoken before another word."""
LETTER_LEADERS = frozenset(_TABLES["before a letter"])
"""Words after which a single `A` is the letter."""
LETTER_FOLLOWERS = frozenset(_TABLES["after a letter"])
"""Words before which a single `A` is the letter."""


def weak(word: str, before: str, after: str, sound: str) -> Pronunciation:
    """Return the weak form of a word, nothing if it has none here.

    Args:
        word: The word as written.
        before: The word before in lower case, `,` for a pause, nothing at the start.
        after: The same for the word after.
        sound: The first phone of the word after.
    """
    vowel = sound[:-1] in VOWELS
    name = word.lower()
    if name == "the":
        return ("DH", "IY0") if vowel else ("DH", "AH0")
    pause = after in ("", ",")
    if name == "to":
        if pause:
            return ("T", "UW1")
        return ("T", "UW0") if vowel else ("T", "AH0")
    if name == "a" and _is_letter(word, before, after):
        return ("EY1",)
    if pause and name != "a":
        return ()
    return tuple(WEAK[name].split()) if name in WEAK else ()


def _is_letter(word: str, before: str, after: str) -> bool:
    if before in LETTER_LEADERS or after in ("", ","):
        return True
    if word == "A" and after in LETTER_FOLLOWERS:
        return True
    return (
        word == "A"
        and before not in ("", ",")
        and after in ("and", "or", "to", "is", "was", "of", "in", "are")
    )
