"""Words that a voice leaves out or says twice, found in what a phone recogniser heard.

A recogniser errs too: the same rules, applied to recordings in which no word is missing, say how
many of the findings to expect from it alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from tiedtts.measure import listener
from tiedtts.text.phones import CONSONANTS, Phone

GAP = 3
"""Cost of a phone that is heard and was not said, or the other way round."""
SWAP = 4
"""Cost of a vowel heard as another vowel, or of a consonant as another consonant."""
MISMATCH = 6
"""Cost of a vowel heard as a consonant, or the other way round: no better than two gaps."""
DROPPED = 0.6
"""Share of the gaps of a missing word that leaving it out has to save."""
REPEATED = 0.4
"""Share of the gaps of an extra word that saying it twice has to save."""
SHORTEST_REPEATED = 3
"""A word of fewer phones is too easily made of errors."""
_FIRST_VOWEL = 1 + len(CONSONANTS)

Word = Sequence[int]
"""The phones of a word, as indices into a recogniser's classes; at least one."""


@dataclass(frozen=True)
class WordErrors:
    """Words of a sentence, by their index, that are not there as often as they should be."""

    dropped: tuple[int, ...]
    """Not heard."""
    repeated: tuple[int, ...]
    """Heard twice in a row."""


def spoken_words(phones: Iterable[Phone]) -> list[list[int]]:
    """Return the phones of each word as indices into a recogniser's classes; pauses are dropped."""
    groups = groupby(phones, lambda phone: phone.word)
    return [listener.spoken(word) for number, word in groups if number >= 0]


def judge(heard: Sequence[int], said: Sequence[Word]) -> WordErrors:
    """Find dropped and repeated words.

    What was heard is aligned with what was said at the least cost. A word is dropped if leaving it
    out of what was said makes that cost smaller by at least 60% of its phones' gaps, and repeated
    if saying it twice makes it smaller by at least 40% of them. A word heard as another one is
    neither.

    Args:
        heard: Phones, as indices into a recogniser's classes.
        said: The words, in order.
    """
    phones = [phone for word in said for phone in word]
    before = _extend([GAP * j for j in range(len(heard) + 1)], phones, heard)
    # after[i][j]: the cost of what was said from phone i on and heard from phone j on.
    turned = _extend(before[0], phones[::-1], heard[::-1])
    after = [row[::-1] for row in turned[::-1]]
    cost = before[-1][-1]
    dropped, repeated = [], []
    start = 0
    for index, word in enumerate(said):
        end = start + len(word)
        gaps = GAP * len(word)
        if cost - _join(before[start], after[end]) >= DROPPED * gaps:
            dropped.append(index)
        if len(word) >= SHORTEST_REPEATED:
            twice = _extend(before[end], word, heard)[-1]
            if cost - _join(twice, after[end]) >= REPEATED * gaps:
                repeated.append(index)
        start = end
    return WordErrors(tuple(dropped), tuple(repeated))


def _extend(first: list[int], said: Word, heard: Sequence[int]) -> list[list[int]]:
    """Go on with a table of alignment costs: `first` is its last row, each phone said adds one."""
    table = [first]
    for phone in said:
        above = table[-1]
        row = [above[0] + GAP]
        for j, other in enumerate(heard):
            row.append(min(above[j] + _swap(phone, other), above[j + 1] + GAP, row[j] + GAP))
        table.append(row)
    return table


def _join(before: list[int], after: list[int]) -> int:
    """Return the least cost of a whole alignment, from those of its halves at each phone heard."""
    return min(a + b for a, b in zip(before, after, strict=True))


def _swap(said: int, heard: int) -> int:
    """Return the cost of hearing one phone in place of another."""
    if said == heard:
        return 0
    return SWAP if (said < _FIRST_VOWEL) == (heard < _FIRST_VOWEL) else MISMATCH
