"""Decoding and alignment of CTC paths, against all paths there are."""

import itertools
import time

import numpy as np
import pytest

from tiedtts.measure import ctc
from tiedtts.measure.symbols import collapse, log_softmax

A, B = 1, 2


def random_scores(seed: int, frames: int, symbols: int, sharpness: float = 1.5) -> np.ndarray:
    return log_softmax(np.random.default_rng(seed).normal(0, sharpness, (frames, symbols)))


def sequences(log_probs: np.ndarray) -> dict[tuple[int, ...], float]:
    """The log probability of every sequence, by the sum over every path."""
    totals: dict[tuple[int, ...], float] = {}
    frames, symbols = log_probs.shape
    for path in itertools.product(range(symbols), repeat=frames):
        said = tuple(collapse(np.array(path)))
        score = sum(log_probs[frame, symbol] for frame, symbol in enumerate(path))
        totals[said] = np.logaddexp(totals.get(said, -np.inf), score)
    return totals


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ([0, 0, 0], []),
        ([A, A, 0, A, B, B, 0], [A, A, B]),
        ([0, B, A], [B, A]),
        ([A], [A]),
        ([], []),
    ],
)
def test_what_a_path_says(path: list[int], said: list[int]) -> None:
    assert collapse(np.array(path, np.int64)) == said
    scores = np.eye(3)[np.array(path, np.int64)].reshape(len(path), 3)
    assert ctc.greedy(scores) == said


def test_probabilities_add_up_and_stay_finite() -> None:
    log_probs = log_softmax(np.array([[1e4, 0.0, -1e4], [1.0, 2.0, 3.0]], np.float32))
    assert np.exp(log_probs).sum(1) == pytest.approx([1, 1])
    assert log_probs[0, 0] == 0
    assert np.isfinite(log_probs).all()


def test_bigram_by_hand() -> None:
    log_bigram = ctc.count_bigram([[A, B], [A]], 3)
    # From the start, A twice; one more of every pair.
    assert np.exp(log_bigram[0]) == pytest.approx([1 / 5, 3 / 5, 1 / 5])
    assert np.exp(log_bigram[A]) == pytest.approx([2 / 5, 1 / 5, 2 / 5])
    assert np.exp(log_bigram[B]) == pytest.approx([2 / 4, 1 / 4, 1 / 4])


def test_search_adds_paths_up_where_the_best_path_errs() -> None:
    # The classic case: blank is the likeliest in both frames, A the likeliest sequence.
    log_probs = np.log(np.array([[0.6, 0.4], [0.6, 0.4]]))
    assert ctc.greedy(log_probs) == []
    assert ctc.beam_search(log_probs) == [A]


@pytest.mark.parametrize("seed", range(6))
def test_wide_search_is_exact(seed: int) -> None:
    log_probs = random_scores(seed, 6, 3)
    totals = sequences(log_probs)
    assert np.logaddexp.reduce(list(totals.values())) == pytest.approx(0, abs=1e-9)
    assert tuple(ctc.beam_search(log_probs, width=200)) == max(totals, key=totals.__getitem__)


@pytest.mark.parametrize("seed", range(6))
def test_wide_search_with_pairs_is_exact(seed: int) -> None:
    log_probs = random_scores(seed, 6, 3, 0.8)
    log_bigram = ctc.count_bigram([[A, B, A, B], [A, B], [B, B]], 3)

    def score(said: tuple[int, ...], total: float) -> float:
        pairs = itertools.pairwise((0, *said, 0))
        return total + sum(0.8 * log_bigram[pair] for pair in pairs) + 0.3 * len(said)

    totals = {said: score(said, total) for said, total in sequences(log_probs).items()}
    found = ctc.beam_search(log_probs, width=200, log_bigram=log_bigram, weight=0.8, bonus=0.3)
    assert tuple(found) == max(totals, key=totals.__getitem__)


def test_pairs_decide_between_what_sounds_alike() -> None:
    log_probs = np.log(np.array([[0.02, 0.96, 0.02], [0.96, 0.02, 0.02], [0.02, 0.49, 0.49]]))
    assert ctc.beam_search(log_probs, log_bigram=ctc.count_bigram([[A, B]] * 9, 3)) == [A, B]
    assert ctc.beam_search(log_probs, log_bigram=ctc.count_bigram([[A, A]] * 9, 3)) == [A, A]


def test_narrow_search_of_sure_frames_is_greedy() -> None:
    path = np.array([0, A, A, 0, A, B, B, B, 0, 0, B, A])
    log_probs = log_softmax(20.0 * np.eye(3)[path])
    assert ctc.beam_search(log_probs, width=1) == ctc.greedy(log_probs) == [A, A, B, B, A]


def test_nothing_to_search() -> None:
    assert ctc.beam_search(np.zeros((0, 3))) == []
    assert ctc.greedy(np.zeros((0, 3))) == []


def test_impossible_symbols_are_no_trouble() -> None:
    log_probs = np.log(np.array([[0.5, 0.5, 1e-300], [0.25, 0.75, 1e-300]]))
    log_probs[:, B] = -np.inf
    assert ctc.beam_search(log_probs, width=50) == [A]


def test_a_sentence_takes_little_time() -> None:
    log_probs = random_scores(0, 250, 40, 3.0)
    log_bigram = ctc.count_bigram([], 40)
    ctc.beam_search(log_probs[:5], log_bigram=log_bigram)
    start = time.process_time()
    ctc.beam_search(log_probs, log_bigram=log_bigram)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("said", [[A, B], [A, A], [B], [], [A, B, B]])
def test_forced_path_is_the_best_of_those_that_say_it(seed: int, said: list[int]) -> None:
    log_probs = random_scores(seed, 6, 3)
    path = ctc.force(log_probs, said)
    assert path is not None
    fitting = [p for p in itertools.product(range(3), repeat=6) if collapse(np.array(p)) == said]
    totals = [sum(log_probs[frame, symbol] for frame, symbol in enumerate(p)) for p in fitting]
    assert path.log_probability == pytest.approx(max(totals))
    symbols = np.zeros(2 * len(said) + 1, np.int64)
    symbols[1::2] = said
    assert tuple(symbols[path.states]) == fitting[int(np.argmax(totals))]


def test_too_few_frames() -> None:
    assert ctc.force(random_scores(0, 2, 3), [A, A]) is None
    assert ctc.force(random_scores(0, 2, 3), [A, B]) is not None
    assert ctc.force(random_scores(0, 0, 3), [A]) is None


def test_frames_of_phones_and_pauses() -> None:
    path = np.array([0, 0, A, A, B, 0, 0, 0, A, 0])
    log_probs = log_softmax(20.0 * np.eye(3)[path])
    forced = ctc.force(log_probs, [A, B, A])
    assert forced is not None
    assert forced.states.tolist() == [0, 0, 1, 1, 3, 4, 4, 4, 5, 6]
    pauses = np.array([False, True, True, False, True, False])
    assert ctc.durations(log_probs, forced, [A, B, A], pauses).tolist() == [2, 2, 1, 3, 1, 1]
    # Without pauses at the edges, the phones there take what is left.
    everything = np.array([True, True, False, True])
    assert ctc.durations(log_probs, forced, [A, B, A], everything).tolist() == [4, 1, 3, 2]


def test_blanks_between_phones_go_to_the_likelier() -> None:
    scores = 20.0 * np.eye(3)[np.array([A, 0, 0, 0, B])]
    scores[1, A] = scores[2, B] = scores[3, B] = 10.0
    log_probs = log_softmax(scores.astype(np.float64))
    forced = ctc.force(log_probs, [A, B])
    assert forced is not None
    assert ctc.durations(log_probs, forced, [A, B], np.array([True, True])).tolist() == [2, 3]
