"""Words and pauses to the phone sequence of a sentence."""

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from tiedtts.text.phones import CLAUSES, PAUSES, POSITIONS, SILENCE, Phone, split_stress
from tiedtts.text.pronounce.pronouncer import Word

Item = Word | str
"""A word, or a pause: one of `, . ? !`, or `BREAK`."""
BREAK = "|"
"""A phrase break: a pause where nothing is written. It ends no clause."""

MOST_PHONES = 300
"""Longer sentences are cut."""


def parts(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Cut a run of words and pauses so that no part is much longer than `MOST_PHONES`.

    A cut is made at the last pause of the second half if there is one, else between words. No part is without
    a word.
    """
    part: list[Item] = []
    size = 0
    for item in _merged(items):
        length = len(item.phones) if isinstance(item, Word) else 1
        if part and size + length > MOST_PHONES and isinstance(item, Word):
            cut = next(
                (k for k in range(len(part), len(part) // 2, -1) if isinstance(part[k - 1], str)), len(part)
            )
            yield part[:cut]
            part = part[cut:]
            size = sum(len(left.phones) if isinstance(left, Word) else 1 for left in part)
        part.append(item)
        size += length
    if part:
        yield part


_STRENGTHS = ("", BREAK, *PAUSES)


def _merged(items: Sequence[Item]) -> Iterator[Item]:
    """Drop pauses before the first word; of several pauses in a row keep the strongest."""
    pause = ""
    started = False
    for item in items:
        if isinstance(item, str):
            pause = max(pause, item, key=_STRENGTHS.index)
            continue
        if pause and started:
            yield pause
        pause, started = "", True
        yield item
    if pause and started:
        yield pause


def with_breaks(items: Sequence[Item], breaks: Sequence[int]) -> list[Item]:
    """Return words and pauses with a break before some of the words, by their numbers in order."""
    made: list[Item] = []
    left = deque(breaks)
    word = 0
    for item in items:
        if isinstance(item, Word):
            if left and left[0] == word:
                made.append(BREAK)
                left.popleft()
            word += 1
        made.append(item)
    return made


def phones(items: Sequence[Item], *, ends: bool = True) -> tuple[Phone, ...]:
    """Return the phones of a part: `sil`, words and pauses, one of `.`, `?`, `!` at the end.

    Args:
        items: The part.
        ends: Whether its sentence ends with it; otherwise there may be a `,` at the end.
    """
    items = list(items)
    mark = "." if ends else ","
    if isinstance(items[-1], Word):
        items.append(mark)
    elif items[-1] in (BREAK, ","):
        items[-1] = mark
    sequence: list[Phone] = []
    clause = 0
    word = sum(isinstance(item, Word) for item in items)
    for item in reversed(items):
        if item == BREAK:
            # Its own clause goes on: a voice is told of a comma's silence, not of a comma's melody.
            sequence.append(_break(clause))
            continue
        if isinstance(item, str):
            clause = CLAUSES.index(item)
            sequence.append(_phone(item, 0, 0, clause, -1))
            continue
        word -= 1
        last = len(item.phones) - 1
        for place in range(last, -1, -1):
            symbol, stress = _split(item.phones[place])
            sequence.append(_phone(symbol, stress, _position(place, last), clause, word))
    sequence.append(Phone(SILENCE, clause=clause))
    return tuple(reversed(sequence))


_split = cache(split_stress)
# The same phones come again and again, and making one takes a microsecond.
_phone = lru_cache(maxsize=1 << 15)(Phone)


@cache
def _break(clause: int) -> Phone:
    return Phone(",", clause=clause, is_break=True)


def _position(place: int, last: int) -> int:
    if last == 0:
        return POSITIONS.index("single")
    return POSITIONS.index("begin" if place == 0 else "end" if place == last else "middle")
