"""Connectionist temporal classification: symbols out of frame scores, and frames of known symbols.

Graves et al., "Connectionist temporal classification", 2006. A path gives each frame a symbol or the blank,
number 0; read without repetitions and then without blanks, it says a sequence. Letters: F frames, C symbols
with the blank, L symbols of a sequence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.measure.symbols import NOTHING, Scores, collapse, log_bigram_of

BLANK = NOTHING
"""The symbol for no sound; in pairs, the start and the end of a sequence."""
WIDTH = 16
"""Sequences that a search keeps."""
BIGRAM_WEIGHT = 0.5
"""How much the order of symbols counts against what is heard."""
BONUS = 0.5
"""Added for each symbol, since its bigram only subtracts; natural logarithm."""


def count_bigram(sequences: Iterable[Sequence[int]], symbols: int) -> npt.NDArray[np.float32]:
    """Return the log probability of a symbol, the second index, after another, (C, C).

    Args:
        sequences: Symbols without blanks; each is taken to start and end with one.
        symbols: Number of symbols, C. Every pair is taken to occur once more than it does.
    """
    return log_bigram_of(([BLANK, *sequence, BLANK] for sequence in sequences), symbols)


def greedy(scores: Scores) -> list[int]:
    """Return what the likeliest path says; `scores` are logits or log probabilities, (F, C)."""
    return collapse(scores.argmax(1)) if len(scores) else []


def beam_search(
    log_probs: Scores,
    *,
    width: int = WIDTH,
    log_bigram: Scores | None = None,
    weight: float = BIGRAM_WEIGHT,
    bonus: float = BONUS,
) -> list[int]:
    """Return the likeliest sequence, all of its paths taken together, by prefix beam search.

    Hannun et al., "First-pass large vocabulary continuous speech recognition", 2014, with pairs of symbols
    in place of words. With a width that no frame fills, the answer is exact.

    Args:
        log_probs: Log probabilities of each frame, (F, C).
        width: Sequences kept after each frame.
        log_bigram: Log probability of a symbol after another, (C, C); all are alike without it.
        weight: Weight of these.
        bonus: Added for each symbol that is said; nothing without `log_bigram`.
    """
    classes = log_probs.shape[1]
    order = np.zeros((classes, classes)) if log_bigram is None else weight * log_bigram.astype(np.float64)
    said_after = order + (0.0 if log_bigram is None else bonus)
    tree = _Tree()
    # Of each kept sequence: its node, its node's parent, its last symbol, and the log probabilities of its
    # paths that end in a blank and of those that end in its last symbol.
    node, parent, last = np.array([0]), np.array([-1]), np.array([BLANK])
    in_blank, in_symbol = np.array([0.0]), np.array([-np.inf])
    for row in log_probs.astype(np.float64):
        rows = np.arange(len(node))
        either = np.logaddexp(in_blank, in_symbol)
        longer = either[:, None] + said_after[last] + row
        # The same symbol twice needs a blank between.
        longer[rows, last] = in_blank + said_after[last, last] + row[last]
        longer[:, BLANK] = -np.inf
        in_blank, in_symbol = either + row[BLANK], in_symbol + row[last]
        above, below = np.nonzero(node[:, None] == parent)
        in_symbol[below] = np.logaddexp(in_symbol[below], longer[above, last[below]])
        longer[above, last[below]] = -np.inf
        scores = np.concatenate([np.logaddexp(in_blank, in_symbol), longer.ravel()])
        best = np.argpartition(-scores, width)[:width] if len(scores) > width else np.arange(len(scores))
        best = np.sort(best[scores[best] > -np.inf])
        old, (grown, symbol) = best[best < len(rows)], divmod(best[best >= len(rows)] - len(rows), classes)
        children = [tree.child(int(n), int(s)) for n, s in zip(node[grown], symbol, strict=True)]
        parent = np.concatenate([parent[old], node[grown]])
        node = np.concatenate([node[old], np.array(children, np.int64)])
        last = np.concatenate([last[old], symbol])
        in_blank = np.concatenate([in_blank[old], np.full(len(grown), -np.inf)])
        in_symbol = np.concatenate([in_symbol[old], longer[grown, symbol]])
    if not len(node):
        return []
    return tree.sequence(int(node[(np.logaddexp(in_blank, in_symbol) + order[last, BLANK]).argmax()]))


class _Tree:
    """Sequences by number; each is another one and a symbol more."""

    def __init__(self) -> None:
        self._steps: list[tuple[int, int]] = [(-1, BLANK)]
        self._numbers: dict[tuple[int, int], int] = {}

    def child(self, node: int, symbol: int) -> int:
        """Return the number of a sequence that is one symbol longer."""
        number = self._numbers.setdefault((node, symbol), len(self._steps))
        if number == len(self._steps):
            self._steps.append((node, symbol))
        return number

    def sequence(self, node: int) -> list[int]:
        """Return a sequence by its number."""
        symbols = []
        while node:
            node, symbol = self._steps[node]
            symbols.append(symbol)
        return symbols[::-1]


@dataclass(frozen=True)
class ForcedPath:
    """The likeliest path that says a known sequence."""

    states: npt.NDArray[np.int64]
    """State of each frame, (F,): 2l + 1 for symbol l, 2l for the blanks before it, 2L after the last."""
    log_probability: float
    """Log probability of the path."""


def force(log_probs: Scores, symbols: Sequence[int]) -> ForcedPath | None:
    """Find the likeliest path that says a sequence (Viterbi); None if there are too few frames.

    Args:
        log_probs: Log probabilities of each frame, (F, C).
        symbols: Without blanks, (L,).
    """
    states = np.full(2 * len(symbols) + 1, BLANK)
    states[1::2] = symbols
    frames = len(log_probs)
    emitted = log_probs.astype(np.float64)[:, states]
    # Past a blank only from a symbol to another one.
    skips = np.zeros(len(states), np.bool_)
    skips[3::2] = states[3::2] != states[1:-2:2]
    moves = np.zeros((frames, len(states)), np.int64)
    best = np.full(len(states), -np.inf)
    best[0] = 0.0  # before the first frame; the first symbol is one move away
    choices = np.full((3, len(states)), -np.inf)
    for frame in range(frames):
        choices[0], choices[1, 1:] = best, best[:-1]
        choices[2, 2:] = np.where(skips[2:], best[:-2], -np.inf)
        moves[frame] = choices.argmax(0)
        best = choices.max(0) + emitted[frame]
    ends = best[-2:]
    state = len(states) - len(ends) + int(ends.argmax())
    if not np.isfinite(ends.max()):
        return None
    path = np.zeros(frames, np.int64)
    for frame in reversed(range(frames)):
        path[frame] = state
        state -= int(moves[frame, state])
    return ForcedPath(path, float(ends.max()))


def durations(
    log_probs: Scores, path: ForcedPath, symbols: Sequence[int], spoken: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Return how many frames each phone lasts, (T,), F in all.

    Blanks belong to the pause where there is one. Elsewhere each is the end of one phone or the start of
    the next, whichever is likelier, and the former come before the latter.

    Args:
        log_probs: Log probabilities of each frame, (F, C).
        path: Through them.
        symbols: Symbols of the recording, (L,).
        spoken: Whether a phone is one of the symbols rather than a pause, (T,), L of them true.
    """
    places = np.flatnonzero(spoken)
    owners = np.full(len(path.states), -1)
    said = path.states % 2 == 1
    owners[said] = places[path.states[said] // 2]
    for gap in np.unique(path.states[~said]) // 2:
        frames = np.flatnonzero(path.states == 2 * gap)
        before = int(places[gap - 1]) if gap else -1
        after = int(places[gap]) if gap < len(places) else len(spoken)
        if after - before > 1:
            owners[frames] = before + 1
        elif before < 0 or after == len(spoken):
            owners[frames] = max(before, 0) if after == len(spoken) else after
        else:
            gain = log_probs[frames, symbols[gap - 1]] - log_probs[frames, symbols[gap]]
            end = int(np.concatenate([[0.0], np.cumsum(gain)]).argmax())
            owners[frames[:end]], owners[frames[end:]] = before, after
    return np.bincount(owners, minlength=len(spoken))
