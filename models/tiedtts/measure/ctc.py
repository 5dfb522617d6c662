"""From the scores of connectionist temporal classification to labels, and to when each was said.

Graves et al., "Connectionist temporal classification", 2006. Class 0 is the blank.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

BLANK = 0
BEAM = 12
"""Label sequences that are kept at each step."""
PRUNED = -9.0
"""Classes of a smaller log probability are not looked at in a step."""

Scores = npt.NDArray[np.floating]


def log_softmax(logits: Scores) -> npt.NDArray[np.float64]:
    """Return log probabilities of logits, (G, C)."""
    shifted = logits - logits.max(1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)), np.float64)


def greedy(scores: Scores) -> list[int]:
    """Return the labels of the likeliest class of each step, (G, C), repeats and blanks left out."""
    best = scores.argmax(1)
    return [int(c) for c, before in zip(best, [BLANK, *best[:-1]], strict=True) if c not in (BLANK, before)]


def beam(
    log_probabilities: Scores,
    width: int = BEAM,
    log_bigram: Scores | None = None,
    bigram_weight: float = 0.5,
    reward: float = 1.0,
) -> list[int]:
    """Search for the likeliest labels, all ways to say them added up.

    Graves & Jaitly, "Towards end-to-end speech recognition", 2014; prefix by prefix as in Hannun et al.,
    "First-pass large vocabulary continuous speech recognition", 2014.

    Args:
        log_probabilities: Of classes, (G, C).
        width: Label sequences that are kept.
        log_bigram: Log probability of a class, the second index, after another, (C, C); row 0 begins.
        bigram_weight: How much that counts.
        reward: Added for each label where `log_bigram` is given, as it would else favour few labels.
    """
    # Of each sequence: log probability with a blank at its end, and without.
    kept: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, -np.inf)}
    for row in np.asarray(log_probabilities, np.float64):
        classes = [c for c in np.flatnonzero(row > PRUNED).tolist() if c != BLANK]
        found: dict[tuple[int, ...], list[float]] = {}
        for labels, (blank, label) in kept.items():
            both = np.logaddexp(blank, label)
            own = found.setdefault(labels, [-np.inf, -np.inf])
            own[0] = np.logaddexp(own[0], both + row[BLANK])
            if labels:
                own[1] = np.logaddexp(own[1], label + row[labels[-1]])
            for c in classes:
                # The same label again is another one only after a blank.
                before = blank if labels and c == labels[-1] else both
                if before == -np.inf:
                    continue
                score = before + row[c]
                if log_bigram is not None:
                    score += bigram_weight * log_bigram[labels[-1] if labels else BLANK, c] + reward
                longer = found.setdefault((*labels, c), [-np.inf, -np.inf])
                longer[1] = np.logaddexp(longer[1], score)
        best = sorted(found.items(), key=lambda item: _either(item[1]), reverse=True)[:width]
        kept = {labels: (of[0], of[1]) for labels, of in best}
    return list(max(kept.items(), key=lambda item: _either(item[1]))[0])


def _either(logs: Sequence[float]) -> float:
    return float(np.logaddexp(logs[0], logs[1]))


def align(log_probabilities: Scores, labels: Sequence[int]) -> npt.NDArray[np.int64] | None:
    """Find when labels were said: the likeliest path through all of them.

    Args:
        log_probabilities: Of classes, (G, C).
        labels: L of them.

    Returns:
        For each step the place of its label, 0 to L - 1, or -1 for a blank, (G,); nothing if there are
        too few steps for the labels.
    """
    states = np.full(2 * len(labels) + 1, BLANK)
    states[1::2] = labels
    count = len(states)
    scores = np.asarray(log_probabilities, np.float64)[:, states]
    # A blank may be passed over between different labels.
    skips = np.zeros(count, np.bool_)
    skips[3::2] = states[3::2] != states[1:-2:2]
    best = np.full(count, -np.inf)
    best[:2] = scores[0, :2]
    came = np.zeros((len(scores), count), np.int64)
    for step in range(1, len(scores)):
        options = np.stack(
            [
                best,
                np.concatenate([[-np.inf], best[:-1]]),
                np.where(skips, np.concatenate([[-np.inf] * 2, best[:-2]])[:count], -np.inf),
            ]
        )
        came[step] = options.argmax(0)
        best = options.max(0) + scores[step]
    state = count - 1 if count == 1 or best[-1] >= best[-2] else count - 2
    if best[state] == -np.inf:
        return None
    path = np.zeros(len(scores), np.int64)
    for step in range(len(scores) - 1, -1, -1):
        path[step] = state
        state -= came[step, state]
    return np.asarray(np.where(path % 2, path // 2, -1), np.int64)
