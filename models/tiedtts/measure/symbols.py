"""Symbols and their scores, as every decoder of frames reads them: number 0 is nothing said."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Scores = npt.NDArray[np.float32] | npt.NDArray[np.float64]
_Scores = TypeVar("_Scores", npt.NDArray[np.float32], npt.NDArray[np.float64])
NOTHING = 0
"""The symbol that stands for no sound: CTC's blank, or a pause."""


def log_softmax(logits: _Scores) -> _Scores:
    """Return log probabilities of each frame, (F, C), from logits of the same shape, in the same type."""
    shifted = logits - logits.max(-1, keepdims=True)
    result: _Scores = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


def log_bigram_of(
    rows: Iterable[Sequence[int] | npt.NDArray[np.int64]], symbols: int
) -> npt.NDArray[np.float32]:
    """Return the log probability of a symbol, the second index, after another, (C, C).

    Args:
        rows: Sequences of symbols.
        symbols: Number of symbols, C. Every pair is taken to occur once more than it does.
    """
    pairs = np.ones((symbols, symbols))
    for row in map(np.asarray, rows):
        np.add.at(pairs, (row[:-1], row[1:]), 1)
    log_bigram: npt.NDArray[np.float32] = np.log(pairs / pairs.sum(1, keepdims=True)).astype(np.float32)
    return log_bigram


def changes(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the labels of frames, (F,), without repetitions."""
    return labels[np.flatnonzero(np.diff(labels, prepend=-1))]


def collapse(labels: npt.NDArray[np.int64]) -> list[int]:
    """Return the sequence that labels of frames, (F,), stand for: no repetitions, then no `NOTHING`."""
    return [int(symbol) for symbol in changes(labels) if symbol != NOTHING]
