"""Recognition: frame scores become phones, and the errors among them are counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.measure import symbols

Labels = npt.NDArray[np.int64]
SILENCE_CLASS = symbols.NOTHING
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
        frames = np.ones(classes)
        for labels in sequences:
            np.add.at(frames, labels, 1)
        return cls(
            np.log(frames / frames.sum()).astype(np.float32),
            symbols.log_bigram_of(map(symbols.changes, sequences), classes),
        )


def decode(logits: npt.NDArray[np.float32], grammar: Grammar) -> list[int]:
    """Find the likeliest sequence of phones, by dynamic programming over a free phone loop.

    Args:
        logits: Logits of each frame, (F, C).
        grammar: Frequencies of classes and pairs.

    Returns:
        Classes in order, without silences; a phone heard twice in a row is two.
    """
    frames, classes = logits.shape
    if not frames:
        return []
    scores = (symbols.log_softmax(logits) - PRIOR_WEIGHT * grammar.log_prior).astype(np.float64)
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


@dataclass(frozen=True)
class Edits:
    """The edits between the phones that were said and those that were heard."""

    substitutions: int
    deletions: int
    insertions: int

    @property
    def total(self) -> int:
        """The edit distance (Levenshtein)."""
        return self.substitutions + self.deletions + self.insertions


def edits(heard: Sequence[int], said: Sequence[int]) -> Edits:
    """Count the fewest substitutions, deletions and insertions."""
    from rapidfuzz.distance import Levenshtein

    kinds = Counter(step.tag for step in Levenshtein.editops(said, heard))
    return Edits(kinds["replace"], kinds["delete"], kinds["insert"])
