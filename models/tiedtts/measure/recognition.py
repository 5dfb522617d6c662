"""From frame scores to phones, and how many of them are wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]
SILENCE_CLASS = 0
"""Class that stands for every pause; it is not counted as a phone."""
SMALLEST_FRAMES = 2
"""A phone that is heard lasts at least this long."""
BIGRAM_WEIGHT = 1.0
"""How much the order of phones counts against what is heard."""
PRIOR_WEIGHT = 0.7
"""How far the frequency of a class is taken out of the frame scores."""


@dataclass(frozen=True)
class Grammar:
    """How often each of C classes and each pair of them occurs, counted in training transcripts."""

    log_prior: npt.NDArray[np.float32]
    """Log share of the frames, (C,)."""
    log_bigram: npt.NDArray[np.float32]
    """Log probability of a class, the second index, after another, (C, C)."""

    @classmethod
    def count(cls, sequences: Sequence[Labels], classes: int = 40) -> "Grammar":
        """Count in frame labels, (F,) each; every pair is taken to occur once more than it does."""
        frames, pairs = np.ones(classes), np.ones((classes, classes))
        for labels in sequences:
            np.add.at(frames, labels, 1)
            changes = labels[np.flatnonzero(np.diff(labels, prepend=-1))]
            np.add.at(pairs, (changes[:-1], changes[1:]), 1)
        return cls(
            np.log(frames / frames.sum()).astype(np.float32),
            np.log(pairs / pairs.sum(1, keepdims=True)).astype(np.float32),
        )


def decode(logits: npt.NDArray[np.float32], grammar: Grammar) -> list[int]:
    """Find the likeliest sequence of phones, by dynamic programming over a free phone loop.

    Args:
        logits: Of each frame, (F, C).
        grammar: Frequencies of classes and pairs.

    Returns:
        Classes in order, without silences; a phone heard twice in a row is two.
    """
    frames, classes = logits.shape
    if not frames:
        return []
    top = logits.max(1, keepdims=True)
    log_posterior = logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))
    scores = (log_posterior - PRIOR_WEIGHT * grammar.log_prior).astype(np.float64)
    bigram = BIGRAM_WEIGHT * grammar.log_bigram.astype(np.float64)
    # State n of a class means that it has lasted n + 1 frames, the last one "or more".
    best = np.full((SMALLEST_FRAMES, classes), -np.inf)
    best[0] = scores[0]
    stayed = np.zeros((frames, classes), np.bool_)
    entered = np.zeros((frames, classes), np.int64)
    last = SMALLEST_FRAMES - 1
    for frame in range(1, frames):
        arrivals = best[last][:, None] + bigram
        entered[frame] = arrivals.argmax(0)
        fresh = arrivals.max(0)
        stayed[frame] = best[last] >= best[last - 1]
        best = np.concatenate([fresh[None], best[: last - 1], np.maximum(best[last - 1], best[last])[None]])
        best = best + scores[frame]
    return _trace(best, stayed, entered)


def _trace(best: npt.NDArray[np.float64], stayed: npt.NDArray[np.bool_], entered: Labels) -> list[int]:
    """Walk back from the best final state and collect a class whenever one was entered."""
    state, label = (int(i) for i in np.unravel_index(int(best.argmax()), best.shape))
    last = len(best) - 1
    heard = [label]
    for frame in range(len(stayed) - 1, 0, -1):
        if state == 0:
            label, state = int(entered[frame, label]), last
            heard.append(label)
        elif state < last or not stayed[frame, label]:
            state -= 1
    return [c for c in reversed(heard) if c != SILENCE_CLASS]


def collapse(labels: Labels) -> list[int]:
    """Return the phones of frame labels, (F,), without silences."""
    changes = labels[np.flatnonzero(np.diff(labels, prepend=-1))]
    return [int(c) for c in changes if c != SILENCE_CLASS]


@dataclass(frozen=True)
class Edits:
    """What it takes to turn what was said into what was heard."""

    substitutions: int
    deletions: int
    insertions: int

    @property
    def total(self) -> int:
        """The edit distance (Levenshtein)."""
        return self.substitutions + self.deletions + self.insertions


def edits(heard: Sequence[int], said: Sequence[int]) -> Edits:
    """Count the fewest substitutions, deletions and insertions."""
    rows, columns = len(said) + 1, len(heard) + 1
    cost = np.zeros((rows, columns), np.int64)
    cost[:, 0], cost[0] = np.arange(rows), np.arange(columns)
    for i in range(1, rows):
        for j in range(1, columns):
            swap = cost[i - 1, j - 1] + (said[i - 1] != heard[j - 1])
            cost[i, j] = min(swap, cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    i, j = rows - 1, columns - 1
    counts = [0, 0, 0]
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (said[i - 1] != heard[j - 1]):
            counts[0] += said[i - 1] != heard[j - 1]
            i, j = i - 1, j - 1
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            counts[1] += 1
            i -= 1
        else:
            counts[2] += 1
            j -= 1
    return Edits(*counts)
