"""Stretches of a text that a recogniser does not hear: at its start, at its end, or where it fits worst."""

from collections.abc import Sequence

from tiedtts.corpus.hearing import NOTHING, STRETCH, Habits

Pair = tuple[int, int]
"""A phone said and a phone heard, see `Habits.align`."""
_MISSED = 0.75
"""Share of the phones in a stretch at an edge that are not heard."""


def missed_at_end(pairs: Sequence[Pair]) -> int:
    """Return how many phones at the end of a text are not heard, most of them at least."""
    said = missed = found = 0
    for phone, heard in reversed(pairs):
        if phone == NOTHING:
            continue
        said += 1
        missed += heard == NOTHING
        if heard == NOTHING and missed >= _MISSED * said:
            found = said
    return found


def missed_at_start(pairs: Sequence[Pair]) -> int:
    """Return how many phones at the start of a text are not heard, most of them at least."""
    return missed_at_end(pairs[::-1])


def between(pairs: Sequence[Pair], start: int, end: int) -> list[Pair]:
    """Return the pairs from one phone of the text to another, `end` left out."""
    found, said = [], 0
    for pair in pairs:
        if start <= said < end:
            found.append(pair)
        said += pair[0] != NOTHING
    return found


def worst(habits: Habits, pairs: Sequence[Pair]) -> tuple[int, int]:
    """Return the phones of the text where it fits worst: the first, and the one after the last."""
    costs = [habits.step(*pair) for pair in pairs]
    size = min(STRETCH, len(costs))
    starts = range(len(costs) - size + 1)
    start = max(starts, key=lambda index: sum(costs[index : index + size]), default=0)
    # Steps at its ends that fit belong to what is around it.
    end = start + size
    while start < end and costs[start] < 0:
        start += 1
    while end > start and costs[end - 1] < 0:
        end -= 1
    before = sum(pair[0] != NOTHING for pair in pairs[:start])
    return before, before + sum(pair[0] != NOTHING for pair in pairs[start:end])
