"""Whether what a recogniser hears is what was to be said, whatever it makes of this teacher's voice.

A recogniser that was trained on another voice may hear half of the phones wrongly, but always in the same
manner. So what it hears in place of each phone is learnt from the corpus itself: the shares of the pairs of
said and heard phones, and the alignments that pair them, are estimated in turns (after Ristad and Yianilos,
"Learning string-edit distance", 1998). A step of an alignment then has a cost, the negative logarithm of how
much likelier it is than chance. Where a word is missing, repeated or another one, there is a stretch of steps
that fit nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tiedtts.text.phones import CONSONANTS, VOWELS

LEAST = 40
"""Clips from which what is usual can be learnt."""
MOST = 2_000
"""Clips that are learnt from; more tell nothing new."""
SAMPLED = 200
"""Clips by which it is found whether a recogniser understands a voice."""
ROUNDS = 4
STRETCH = 8
"""Steps that are looked at together: about a word."""
NOTHING = -1
"""Stands in a pair for no phone said, or none heard."""

_SYMBOLS = (*CONSONANTS, *VOWELS)
_INDEX = {symbol: index for index, symbol in enumerate(_SYMBOLS)}
_SIZE = len(_SYMBOLS)
_PRIOR = 5.0
"""Pairs that each phone is taken to have been heard by chance, besides those that are counted."""
_MISSED = 0.15
"""Share of phones that a recogniser misses by chance."""
_KEPT, _ADDED = 0.6, 0.1
"""Shares of phones that a recogniser hears as they are, and that it adds, with a voice nobody knows."""

Row = npt.NDArray[np.int64]
Costs = npt.NDArray[np.float64]


def encode(symbols: Sequence[str]) -> Row:
    """Return phones as numbers, (L,); what is no phone is passed over."""
    return np.array([_INDEX[symbol] for symbol in symbols if symbol in _INDEX], np.int64)


@dataclass(frozen=True)
class Habits:
    """Habits of a recogniser with a voice: costs of the C phones."""

    heard: Costs
    """Cost of hearing the second phone where the first was said, (C, C)."""
    missed: Costs
    """Cost of hearing nothing where a phone was said, (C,)."""
    added: float
    """Cost of hearing a phone where none was said."""

    def worst(self, said: Row, heard: Row) -> float:
        """Return the cost of the worst stretch of a clip; the higher, the less it fits.

        Args:
            said: Phones that were to be said, (L,).
            heard: Phones that were heard, (H,).
        """
        steps = np.array([self.step(*pair) for pair in self.align(said, heard)])
        if not len(steps):
            return 0.0
        return float(np.convolve(steps, np.ones(min(STRETCH, len(steps))), "valid").max())

    def cost(self, said: Row, heard: Row) -> float:
        """Return the cost of a whole clip; below 0 it fits better than chance."""
        return sum(self.step(*pair) for pair in self.align(said, heard))

    def align(self, said: Row, heard: Row) -> list[tuple[int, int]]:
        """Return the cheapest pairs of said and heard phones, in order; `NOTHING` where one is missing."""
        costs = np.zeros((len(said) + 1, len(heard) + 1))
        moves = np.full(costs.shape, 2, np.int8)  # 0 heard, 1 missed, 2 added
        alone = self.added * np.arange(len(heard) + 1)
        costs[0] = alone
        for row, phone in enumerate(said, start=1):
            missed = costs[row - 1] + self.missed[phone]
            paired = np.concatenate([[np.inf], costs[row - 1, :-1] + self.heard[phone, heard]])
            direct = np.minimum(missed, paired)
            # All phones may be added after each of these.
            costs[row] = np.minimum.accumulate(direct - alone) + alone
            moves[row] = np.where(costs[row] < direct - 1e-9, 2, np.where(paired < missed, 0, 1))
        row, column = len(said), len(heard)
        pairs = []
        while row or column:
            move = moves[row, column]
            pairs.append(
                (
                    int(said[row - 1]) if move < 2 else NOTHING,
                    int(heard[column - 1]) if move != 1 else NOTHING,
                )
            )
            row, column = row - (move < 2), column - (move != 1)
        return pairs[::-1]

    def step(self, said: int, heard: int) -> float:
        """Return the cost of a step of an alignment."""
        if said == NOTHING:
            return self.added
        return float(self.missed[said] if heard == NOTHING else self.heard[said, heard])


def usual() -> Habits:
    """Return habits that are learnt from no voice: most phones are heard as they are."""
    chance = 1.0 / _SIZE
    share = np.full((_SIZE, _SIZE), (1 - _MISSED - _KEPT) * chance) + _KEPT * np.eye(_SIZE)
    return Habits(-np.log(share / chance), np.full(_SIZE, -np.log(_MISSED)), -float(np.log(_ADDED)))


def learn(clips: Sequence[tuple[Row, Row]]) -> Habits | None:
    """Learn what a recogniser makes of a voice; None if there are fewer than `LEAST` clips.

    Args:
        clips: Phones to be said, (L,), and phones heard, (H,), of each; a few may be wrong.
    """
    if len(clips) < LEAST:
        return None
    return _learn(_sample(clips, MOST))


def _sample(clips: Sequence[tuple[Row, Row]], count: int) -> list[tuple[Row, Row]]:
    """Return so many clips, spread over all of them, whatever order they are in."""
    return [clips[index] for index in np.linspace(0, len(clips) - 1, min(count, len(clips))).astype(int)]


def _learn(clips: Sequence[tuple[Row, Row]]) -> Habits:
    often = np.ones(_SIZE)
    for _, heard in clips:
        np.add.at(often, heard, 1)
    chance = often / often.sum()
    by_chance = np.concatenate([chance * (1 - _MISSED), [_MISSED]])
    habits = Habits(1.0 - np.eye(_SIZE), np.full(_SIZE, 0.8), 0.8)
    for _ in range(ROUNDS):
        pairs = np.zeros((_SIZE, _SIZE + 1))
        added = 0.5
        for said, heard in clips:
            for one, other in habits.align(said, heard):
                if one == NOTHING:
                    added += 1
                else:
                    pairs[one, other] += 1  # `NOTHING` is the last column
        share = (pairs + _PRIOR * by_chance) / (pairs.sum(1, keepdims=True) + _PRIOR)
        rate = min(max(added / max(pairs.sum(), 1.0), 1e-3), 0.5)
        habits = Habits(-np.log(share[:, :-1] / chance), -np.log(share[:, -1]), float(-np.log(rate)))
    return habits


def understood(clips: Sequence[tuple[Row, Row]]) -> float:
    """Return the share of clips whose own text fits better than that of another clip about as long.

    The habits are learnt from other clips than those that are looked at.
    """
    few = len(clips) < LEAST
    habits = usual() if few else _learn(_sample(clips[::2], MOST))
    others = _sample(sorted(clips if few else clips[1::2], key=lambda clip: len(clip[0])), SAMPLED)
    wins = [
        habits.cost(said, heard) < habits.cost(other, heard)
        for (said, heard), (other, _) in pairwise(others)
        # Another take of the same text fits as well.
        if len(said) and not np.array_equal(said, other)
    ]
    return sum(wins) / max(len(wins), 1)


def right(habits: Habits, clips: Sequence[tuple[Row, Row]]) -> float:
    """Return the share of the phones said that are heard as they are."""
    pairs = [pair for said, heard in clips for pair in habits.align(said, heard) if pair[0] != NOTHING]
    return sum(one == other for one, other in pairs) / max(len(pairs), 1)
