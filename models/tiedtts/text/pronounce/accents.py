"""Words that their accents tell from others: `pâté` and `pate`, `résumé` and `resume`."""

import re
from collections.abc import Callable
from functools import cache

from tiedtts.text import tables
from tiedtts.text.pronounce import morphology
from tiedtts.text.pronounce.lexicon import Pronunciation

LONGEST = 30
"""Longer words have no accents that matter; letters."""


@cache
def _known() -> dict[str, Pronunciation]:
    return {word: tuple(phones.split()) for word, phones in tables.read("accents")["word"].items()}


def said(
    written: str,
    folded: str,
    look_up: morphology.LookUp,
    variants: Callable[[str], tuple[Pronunciation, ...]],
    guess: morphology.LookUp,
) -> Pronunciation:
    """Return the phones of a word with accents, nothing where these make no difference.

    Args:
        written: The word as written, in lower case.
        folded: The same without accents.
        look_up: Finds the usual phones of a word.
        variants: Finds all that the dictionary has.
        guess: Guesses the phones of any word.
    """
    if written.isascii() or len(written) > LONGEST or not written.replace("'", "").isalpha():
        return ()
    known = _known()
    if written in known:
        return known[written]
    for ending in ("'s", "s"):
        stem = written[: -len(ending)]
        if written.endswith(ending) and stem in known:
            return morphology.plural(known[stem])
    return _with_last_syllable(folded, look_up, variants, guess) if written.endswith("é") else ()


def _with_last_syllable(
    folded: str,
    look_up: morphology.LookUp,
    variants: Callable[[str], tuple[Pronunciation, ...]],
    guess: morphology.LookUp,
) -> Pronunciation:
    """Return the phones of a word whose last `e` is spoken."""
    name = re.sub("[^a-z]", "", folded)
    for phones in variants(name):
        if phones[-1][:2] == "EY":
            return phones
    phones = look_up(name) or morphology.derive(name, look_up) or guess(name)
    return (*phones, "EY1") if phones and phones[-1][:2] not in ("EY", "IY") else ()
