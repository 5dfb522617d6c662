"""Decoding against an exhaustive search, and edits counted by hand."""

import itertools

import numpy as np
import numpy.typing as npt
import pytest

from tiedtts.measure import recognition, symbols
from tiedtts.measure.recognition import (
    BIGRAM_WEIGHT,
    PRIOR_WEIGHT,
    SILENCE_CLASS,
    SMALLEST_FRAMES,
    Edits,
    Grammar,
)

FLAT = Grammar(np.zeros(4, np.float32), np.zeros((4, 4), np.float32))


def logits(labels: list[int], classes: int = 4, sure: float = 10.0) -> npt.NDArray[np.float32]:
    """Scores of a net that is sure of each frame's class."""
    return (sure * np.eye(classes)[labels]).astype(np.float32)


@pytest.mark.parametrize(
    ("labels", "heard"),
    [
        ([0, 0, 1, 1, 2, 2, 2, 0], [1, 2]),
        ([1, 1, 1], [1]),
        ([0, 0, 0], []),
        ([1, 1, 0, 0, 1, 1], [1, 1]),
        ([1, 1, 1, 2, 1, 1, 1], [1]),  # a single frame is no phone
        ([1, 1, 1, 1, 2], [1, 2]),  # but the last phone may go on after the end
        ([3], [3]),
        ([], []),
    ],
)
def test_sure_frames(labels: list[int], heard: list[int]) -> None:
    costly = Grammar(FLAT.log_prior, np.full((4, 4), -3.0, np.float32))
    assert recognition.decode(logits(labels).reshape(-1, 4), costly) == heard


def test_likely_pairs_win() -> None:
    """Two frames are equally like 2 and like 3; only 3 follows 1."""
    scores = logits([1, 1, 1, 2, 2, 2])
    scores[3:, 3] = scores[3:, 2]
    bigram = np.full((4, 4), -5.0, np.float32)
    bigram[1, 3] = -0.1
    assert recognition.decode(scores, Grammar(FLAT.log_prior, bigram)) == [1, 3]


def test_frequent_classes_need_more() -> None:
    scores = np.zeros((4, 4), np.float32)
    scores[:, 1] = 1.0
    scores[:, 2] = 0.9
    bigram = np.full((4, 4), -5.0, np.float32)
    prior = np.log(np.array([0.1, 0.7, 0.1, 0.1], np.float32))
    assert recognition.decode(scores, Grammar(FLAT.log_prior, bigram)) == [1]
    assert recognition.decode(scores, Grammar(prior, bigram)) == [2]


def test_certainty_is_relative() -> None:
    """Adding a number to all logits of a frame changes nothing."""
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((30, 4)).astype(np.float32)
    shifted = scores + rng.standard_normal((30, 1)).astype(np.float32) * 50
    assert recognition.decode(scores, FLAT) == recognition.decode(shifted, FLAT)


def exhaustive(scores: npt.NDArray[np.float32], grammar: Grammar) -> list[int]:
    """Try every sequence of classes with every duration, the last of any length."""
    frames, classes = scores.shape
    posterior = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    values = posterior - PRIOR_WEIGHT * grammar.log_prior
    best, winner = -np.inf, []
    for count in range(1, frames + 1):
        for starts in itertools.combinations(range(1, frames), count - 1):
            edges = (0, *starts, frames)
            if any(b - a < SMALLEST_FRAMES for a, b in itertools.pairwise(edges[:-1])):
                continue
            for sequence in itertools.product(range(classes), repeat=count):
                parts = zip(sequence, itertools.pairwise(edges), strict=True)
                value = sum(values[a:b, c].sum() for c, (a, b) in parts)
                value += sum(
                    BIGRAM_WEIGHT * grammar.log_bigram[pair] for pair in itertools.pairwise(sequence)
                )
                if value > best:
                    best, winner = value, [c for c in sequence if c != SILENCE_CLASS]
    return winner


@pytest.mark.parametrize("seed", range(12))
def test_decoding_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.repeat(rng.integers(0, 3, 4), 2)[:7]
    scores = (1.5 * np.eye(3)[labels] + rng.standard_normal((7, 3))).astype(np.float32)
    bigram = np.log(rng.dirichlet(np.ones(3), 3)).astype(np.float32)
    grammar = Grammar(np.log(rng.dirichlet(np.full(3, 0.5))).astype(np.float32), bigram)
    assert recognition.decode(scores, grammar) == exhaustive(scores, grammar)


def test_grammar_by_hand() -> None:
    grammar = Grammar.count([np.array([0, 0, 1, 1, 1, 2]), np.array([1, 0])], classes=3)
    # Frames 3, 4, 1 and one more of each; pairs 0-1, 1-2, 1-0 and one more of each.
    np.testing.assert_allclose(np.exp(grammar.log_prior), np.array([4, 5, 2]) / 11, rtol=1e-6)
    np.testing.assert_allclose(
        np.exp(grammar.log_bigram),
        [[1 / 4, 2 / 4, 1 / 4], [2 / 5, 1 / 5, 2 / 5], [1 / 3, 1 / 3, 1 / 3]],
        rtol=1e-6,
    )


def test_collapse() -> None:
    assert symbols.collapse(np.array([0, 0, 3, 3, 0, 3, 2, 2, 0])) == [3, 3, 2]
    assert symbols.collapse(np.array([0, 0])) == []
    assert symbols.collapse(np.array([], np.int64)) == []


@pytest.mark.parametrize(
    ("heard", "said", "counts"),
    [
        ("", "", (0, 0, 0)),
        ("abc", "abc", (0, 0, 0)),
        ("", "abc", (0, 3, 0)),
        ("abc", "", (0, 0, 3)),
        ("axc", "abc", (1, 0, 0)),
        ("ac", "abc", (0, 1, 0)),
        ("abbc", "abc", (0, 0, 1)),
        ("xbcd", "abc", (1, 0, 1)),
        ("sitting", "kitten", (2, 0, 1)),
        ("kitten", "sitting", (2, 1, 0)),
    ],
)
def test_edits_by_hand(heard: str, said: str, counts: tuple[int, int, int]) -> None:
    found = recognition.edits([ord(c) for c in heard], [ord(c) for c in said])
    assert found == Edits(*counts)
    assert found.total == sum(counts)


def test_fewest_edits() -> None:
    """Against the recursive definition."""

    def distance(a: tuple[int, ...], b: tuple[int, ...]) -> int:
        if not a or not b:
            return len(a) + len(b)
        swap = distance(a[:-1], b[:-1]) + (a[-1] != b[-1])
        return min(swap, distance(a[:-1], b) + 1, distance(a, b[:-1]) + 1)

    rng = np.random.default_rng(0)
    for _ in range(30):
        heard, said = (tuple(int(x) for x in rng.integers(0, 3, rng.integers(0, 6))) for _ in range(2))
        found = recognition.edits(heard, said)
        assert found.total == distance(heard, said)
        assert len(heard) - len(said) == found.insertions - found.deletions
