"""Written English to spoken words: numbers, dates, money, units, abbreviations, addresses, signs.

The rules stand in small tables, one kind of thing a file. They run in an order in which the more specific
reading comes first: a date before a fraction, a time before a ratio. What no rule knows is left as written.
"""

import re
from collections.abc import Iterator

from tiedtts.text import sentences
from tiedtts.text.characters import PRIVATE, clean, fold
from tiedtts.text.inline import BRACES, MARK, SWITCH, Pieces
from tiedtts.text.normalize import (
    abbreviations,
    clock,
    counting,
    dates,
    fractions,
    mixed_case,
    money,
    numbers,
    part_numbers,
    places,
    roman,
    symbols,
    telephone,
    units,
    web,
)
from tiedtts.text.normalize.rules import JOINED, apply

STAGES = (
    *(
        symbols.EARLY_RULES,
        abbreviations.COUNTED_RULES,
        web.RULES,
        telephone.RULES,
        places.RULES,
        dates.RULES,
        clock.RULES,
        money.RULES,
    ),
    *(
        units.EARLY_RULES,
        part_numbers.EARLY_RULES,
        fractions.RULES,
        counting.RULES,
        units.RULES,
        roman.RULES,
        abbreviations.RULES,
        part_numbers.RULES,
        mixed_case.RULES,
        numbers.RULES,
    ),
    symbols.RULES,
)
"""Tables of rules in their order."""
LONGEST_RUN = 400
"""Longer runs without a space are cut, which bounds the work of every rule."""


def normalize(text: str) -> str:
    """Return a text in words, as it would be read aloud.

    Punctuation stays, phones in braces stay; words of other scripts and pictures are left out.
    """
    return " ".join(_sentence(sentence) for sentence in sentences.split(clean(text)))


def _sentence(written: str) -> str:
    pieces = Pieces()
    text = spoken(fold(pieces.take(BRACES, written)).text)
    if written[-1] in ".?!" and text and text[-1] not in ".?!":
        text += written[-1]
    return re.sub(r"\betc\b", "etcetera", pieces.restore(text).replace(JOINED, ""))


def spoken(text: str) -> str:
    """Apply all rules to one sentence.

    Args:
        text: Cleaned and folded.

    Returns:
        Words and punctuation; letters to be spelled are joined by `rules.JOINED`.
    """
    text = re.sub(rf"\S{{{LONGEST_RUN + 1},}}", lambda match: " ".join(_cut(match[0])), text)
    if "<" in text:
        text = re.sub(symbols.TAG, " ", text)
    for rules in STAGES:
        text = apply(rules, text)
    return re.sub(r" +(?=[,.;:?!)\]](?:\W|$))", "", " ".join(text.split()))


_UNITS = rf"{MARK}|{SWITCH}|[A-Za-z]+(?:'[A-Za-z]+)*|\d+(?:[.,:]\d+)*|[^\w{PRIVATE}]+|."


def _cut(run: str) -> Iterator[str]:
    """Yield the parts of a long run: as much as may be, and no unit in two that fits into one.

    A unit is a mark of something taken out of the text, a word or a number.
    """
    start = end = 0
    for unit in re.finditer(_UNITS, run):
        if unit.end() - start > LONGEST_RUN and end > start:
            yield run[start:end]
            start = end
        end = unit.end()
        while end - start > LONGEST_RUN:
            yield run[start : start + LONGEST_RUN]
            start += LONGEST_RUN
    if start < end:
        yield run[start:end]
