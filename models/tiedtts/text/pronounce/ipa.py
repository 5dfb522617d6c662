"""The International Phonetic Alphabet to ARPAbet, as far as English goes."""

from functools import cache

from tiedtts.text import tables
from tiedtts.text.phones import VOWELS

SYMBOLS = tables.read("ipa")["symbol"]
"""IPA to ARPAbet without stress; a digit where the sound has always that stress."""
IGNORED = frozenset("ːˑ.‿͜͡ʰˠʔ/[]|‖()˞ʲʷ̃̚")
"""Length, ties, syllables, aspiration: ARPAbet has no place for them."""
SYLLABIC = "\u0329"
STRESS = {"ˈ": "1", "'": "1", "ˌ": "2", ",": "2"}
_REDUCED = ("AH0", "ER0", "IH0")


@cache
def _longest() -> int:
    return max(map(len, SYMBOLS))


def to_arpabet(text: str) -> tuple[str, ...]:
    """Return the ARPAbet labels of a word, or of several with spaces between them.

    Each word without a mark is stressed on its first full vowel.

    Raises:
        ValueError: A symbol has no counterpart; it is the argument.
    """
    return tuple(label for word in text.split() for label in _word(word))


def _word(text: str) -> list[str]:
    labels: list[str] = []
    stress = ""
    marked = False
    place = 0
    text = text.replace("͡", "").replace("͜", "").replace("ː", "")
    while place < len(text):
        char = text[place]
        if char in STRESS:
            stress, marked = STRESS[char], True
            place += 1
        elif char == SYLLABIC and labels:
            labels.insert(-1, "AH0")
            place += 1
        elif char in IGNORED:
            place += 1
        else:
            size = next((n for n in range(_longest(), 0, -1) if text[place : place + n] in SYMBOLS), 0)
            if not size:
                raise ValueError(char)
            label = SYMBOLS[text[place : place + size]]
            if label in VOWELS or label in _REDUCED:
                label = label[:2] + (stress or "0")
                stress = ""
            labels.append(label)
            place += size
    if not marked:
        _stress(labels)
    return labels


def _stress(labels: list[str]) -> None:
    """Put primary stress on the first vowel, if there is one on the first that is no schwa."""
    vowels = [place for place, label in enumerate(labels) if label[-1].isdigit()]
    full = [place for place in vowels if labels[place] not in ("AH0", "ER0")] or vowels
    if full:
        labels[full[0]] = labels[full[0]][:-1] + "1"
