"""Written English to spoken words: numbers, dates, money, units, abbreviations, addresses, signs.

The rules stand in small tables, one kind of thing a file. They run in an order in which the more specific
reading comes first: a date before a fraction, a time before a ratio. What no rule knows is left as written.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain

from tiedtts.choices import ENGLISH
from tiedtts.text import sentences
from tiedtts.text.aligned import JOINER, PLACEHOLDER, AlignedText, Edit
from tiedtts.text.characters import fold
from tiedtts.text.inline import BRACES, Pieces, phones
from tiedtts.text.layout.html import TAG
from tiedtts.text.normalize import (
    abbreviations,
    clock,
    counting,
    dates,
    fractions,
    maths,
    mixed_case,
    money,
    numbers,
    part_numbers,
    places,
    quantities,
    ratios,
    references,
    roman,
    spelled,
    symbols,
    telephone,
    timestamps,
    units,
    web,
)
from tiedtts.text.normalize.rules import Rule, apply

STAGES = (
    *(
        symbols.EARLY_RULES,
        abbreviations.COUNTED_RULES,
        spelled.EARLY_RULES,
        references.RULES,
        web.RULES,
        telephone.RULES,
        places.RULES,
        timestamps.RULES,
        dates.RULES,
        clock.RULES,
        money.RULES,
    ),
    *(
        quantities.RULES,
        units.EARLY_RULES,
        part_numbers.EARLY_RULES,
        ratios.RULES,
        fractions.RULES,
        counting.RULES,
        units.RULES,
        roman.RULES,
        abbreviations.RULES,
        spelled.RULES,
        part_numbers.RULES,
        mixed_case.RULES,
        numbers.RULES,
    ),
    symbols.RULES,
)
"""Tables of rules in their order."""


@cache
def _british_stages() -> tuple[Sequence[Rule], ...]:
    """Return the tables of rules with the British ones, which come before those of dates."""
    from tiedtts.text.normalize import british

    place = STAGES.index(timestamps.RULES)
    return (*STAGES[:place], british.EARLY_RULES, *STAGES[place:])


LONGEST_RUN = 400
"""Longer runs without a space are cut, which bounds the work of every rule."""


def normalize(text: str, english: str = ENGLISH[0]) -> str:
    """Return a text in words, as it would be read aloud.

    Punctuation stays, phones in braces stay; words of other scripts and pictures are left out.

    Args:
        text: Any text.
        english: One of `tiedtts.choices.ENGLISH`.
    """
    parts = (sentences.split(paragraph) for paragraph in sentences.paragraphs(text))
    return " ".join(_sentence(part, english) for part in chain.from_iterable(parts))


def _sentence(written: AlignedText, english: str) -> str:
    pieces = Pieces()
    folded = fold(pieces.take(BRACES, written, lambda found: phones(found)[0]))
    text = pieces.restore(spoken(maths.read(folded.text), english)).text
    if written.text[-1] in ".?!" and text and text[-1] not in ".?!":
        text += written.text[-1]
    return re.sub(r"\betc\b", "etcetera", text.replace(JOINER, ""))


def spoken(text: AlignedText, english: str = ENGLISH[0]) -> AlignedText:
    """Apply all rules to one sentence.

    Args:
        text: Cleaned and folded.
        english: One of `tiedtts.choices.ENGLISH`.

    Returns:
        Words and punctuation; letters to be spelled are joined by `aligned.JOINER`.
    """
    cuts = [cut for run in _LONG_RUN.finditer(text.text) for cut in _cuts(run)]
    if cuts:
        text = text.edit(cuts)
    if "<" in text.text:
        text = text.sub(TAG(), lambda match: " ")
    if english == "gb":
        # Few texts are read so, and all others start sooner without.
        from tiedtts.text.normalize import british

        text = british.spoken(apply(_british_stages(), text))
    else:
        text = apply(STAGES, text)
    return text.with_single_spaces().sub(_SPACE_BEFORE_MARK, lambda match: "")


_LONG_RUN = re.compile(rf"\S{{{LONGEST_RUN + 1},}}")
_SPACE_BEFORE_MARK = re.compile(r" +(?=[,.;:?!)\]](?:\W|$))")
_UNIT = re.compile(rf"{PLACEHOLDER}|[A-Za-z]+(?:'[A-Za-z]+)*|\d+(?:[.,:]\d+)*|[^\w{PLACEHOLDER}]+|.")


def _cuts(run: re.Match[str]) -> Iterator[Edit]:
    """Yield the spaces that cut a long run: its parts are as long as may be.

    No unit, which is a piece taken out of the text, a word or a number, stands in two if it fits into one.
    """
    start = end = 0
    for unit in _UNIT.finditer(run[0]):
        if unit.end() - start > LONGEST_RUN and end > start:
            yield run.start() + end, run.start() + end, " "
            start = end
        end = unit.end()
        while end - start > LONGEST_RUN:
            start += LONGEST_RUN
            yield run.start() + start, run.start() + start, " "
