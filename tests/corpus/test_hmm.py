import itertools

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from tiedtts.corpus.hmm import VARIANCE_FLOOR, Mixtures, best_path, fit


def mixtures(seed: int = 0) -> Mixtures:
    """Three states of two components in two dimensions."""
    rng = np.random.default_rng(seed)
    weights = np.array([[0.5, 0.5], [0.1, 0.9], [0.7, 0.3]])
    return Mixtures(
        rng.normal(size=(3, 2, 2)).astype(np.float32),
        rng.uniform(0.5, 2.0, (3, 2, 2)).astype(np.float32),
        np.log(weights).astype(np.float32),
    )


def test_densities_equal_those_of_scipy() -> None:
    model = mixtures()
    frames = np.random.default_rng(1).normal(size=(5, 2)).astype(np.float32)
    expected = np.zeros((5, 3))
    for state in range(3):
        for component in range(2):
            density = multivariate_normal(
                model.means[state, component], 1 / model.precisions[state, component]
            )
            expected[:, state] += np.exp(model.log_weights[state, component]) * density.pdf(frames)
    np.testing.assert_allclose(model.log_likelihood(frames), np.log(expected), rtol=1e-4, atol=1e-5)


def test_one_component_is_the_mean_and_variance_of_its_frames() -> None:
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(300, 4)).astype(np.float32)
    labels = rng.integers(0, 3, 300)
    model = fit(frames, labels, 3, 1, seed=0)
    for state in range(3):
        points = frames[labels == state]
        np.testing.assert_allclose(model.means[state, 0], points.mean(0), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(1 / model.precisions[state, 0], points.var(0), rtol=1e-4)
    np.testing.assert_array_equal(model.log_weights, 0.0)


def test_two_components_find_two_heaps() -> None:
    rng = np.random.default_rng(0)
    heaps = [rng.normal(-4, 0.5, (300, 1)), rng.normal(4, 1.0, (100, 1))]
    frames = np.concatenate(heaps).astype(np.float32)
    model = fit(frames, np.zeros(400, np.int64), 1, 2, seed=0)
    order = np.argsort(model.means[0, :, 0])
    # Nine steps of expectation maximisation come near, not to the end.
    np.testing.assert_allclose(model.means[0, order, 0], [heaps[0].mean(), heaps[1].mean()], atol=0.4)
    np.testing.assert_allclose(np.exp(model.log_weights[0, order]), [0.75, 0.25], atol=0.03)


def test_no_variance_falls_below_the_floor() -> None:
    frames = np.concatenate([np.zeros((50, 1)), np.ones((50, 1))]).astype(np.float32)
    model = fit(frames, np.repeat([0, 1], 50), 2, 1, seed=0)
    np.testing.assert_allclose(1 / model.precisions[:, 0, 0], VARIANCE_FLOOR * 0.25, rtol=1e-3)


def test_a_state_of_few_frames_uses_fewer_components() -> None:
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(500, 2)).astype(np.float32)
    model = fit(frames, np.repeat([0, 1], [400, 100]), 2, 4, seed=0)
    used = np.exp(model.log_weights) > 1e-6
    assert used.sum(1).tolist() == [4, 1]


def test_a_state_that_is_never_visited_attracts_nothing() -> None:
    rng = np.random.default_rng(0)
    frames = np.concatenate([rng.normal(-9, 1, (50, 2)), rng.normal(9, 1, (50, 2))]).astype(np.float32)
    model = fit(frames, np.repeat([0, 1], 50), 3, 1, seed=0)
    scores = model.log_likelihood(frames)
    assert np.isfinite(scores).all()
    assert scores.argmax(1).tolist() == [0] * 50 + [1] * 50


def by_hand(scores: np.ndarray, skips: np.ndarray, penalty: float) -> tuple[tuple[int, ...], float]:
    """The best of all paths there are."""
    frames, states = scores.shape
    best: tuple[tuple[int, ...], float] = ((), float("-inf"))
    for path in itertools.product(range(states), repeat=frames):
        moves = list(itertools.pairwise(path))
        allowed = all(b in (a, a + 1) or skips[b] == a for a, b in moves)
        if path[0] > 1 or path[-1] < states - 2 or not allowed:
            continue
        total = sum(scores[f, s] for f, s in enumerate(path)) + penalty * sum(a != b for a, b in moves)
        if total > best[1]:
            best = path, float(total)
    return best


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("skips", [[-1, -1, -1, -1, -1], [-1, -1, -1, 1, -1], [-1, -1, 0, -1, 2]])
def test_the_best_path_is_the_best_of_all(seed: int, skips: list[int]) -> None:
    scores = 3 * np.random.default_rng(seed).normal(size=(5, 5)).astype(np.float32)
    path, total = best_path(scores, np.array(skips), -0.5)
    expected, value = by_hand(scores, np.array(skips), -0.5)
    assert tuple(path) == expected
    assert total == pytest.approx(value, rel=1e-5)


def test_a_skip_is_what_makes_a_short_recording_fit() -> None:
    scores = np.zeros((3, 6), np.float32)
    assert best_path(scores, np.full(6, -1), -1.0)[1] == float("-inf")
    path, total = best_path(scores, np.array([-1, -1, -1, 1, -1, -1]), -1.0)
    assert path.tolist() == [1, 3, 4]
    assert total == -2.0


@pytest.mark.parametrize(("states", "expected"), [(1, [0, 0, 0]), (2, [1, 1, 1])])
def test_the_shortest_chains(states: int, expected: list[int]) -> None:
    scores = np.zeros((3, states), np.float32)
    scores[:, -1] = 1.0
    path, total = best_path(scores, np.full(states, -1), -0.5)
    assert path.tolist() == expected
    assert total == 3.0
