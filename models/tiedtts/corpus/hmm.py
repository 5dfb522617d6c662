"""Gaussian mixtures on the states of a left-to-right hidden Markov model, and the best path through it.

Rabiner, "A tutorial on hidden Markov models and selected applications in speech recognition", 1989, trained
by Viterbi passes from a flat start.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
MIN_POINTS = 60
"""A mixture component is kept for at least this many frames."""
VARIANCE_FLOOR = 0.05
"""Smallest variance of a component, as a share of that of all frames."""


@dataclass(frozen=True)
class Mixtures:
    """Diagonal Gaussian mixtures, one for each of N states, K components of D dimensions."""

    means: Array
    """(N, K, D)."""
    precisions: Array
    """1 / variance, (N, K, D)."""
    log_weights: Array
    """(N, K); a very low weight marks a component not in use."""

    def log_likelihood(self, frames: Array) -> Array:
        """Return the log density of each frame in each state, (F, D) to (F, N)."""
        states, components, size = self.means.shape
        constant = self.log_weights + 0.5 * (
            np.log(self.precisions).sum(-1)
            - size * np.log(2 * np.pi)
            - (self.means**2 * self.precisions).sum(-1)
        )
        # The square of a difference, multiplied out: two matrix products instead of F * N * K rows.
        flat = self.precisions.reshape(-1, size)
        scores = frames @ (self.means.reshape(-1, size) * flat).T - 0.5 * (frames**2) @ flat.T
        scores = (scores + constant.reshape(-1)).reshape(len(frames), states, components)
        top = scores.max(-1, keepdims=True)
        total: Array = top[..., 0] + np.log(np.exp(scores - top).sum(-1))
        return total


def fit(frames: Array, labels: npt.NDArray[np.int64], states: int, components: int, seed: int) -> Mixtures:
    """Fit a mixture to the frames of each state by expectation maximisation.

    Args:
        frames: All frames of the corpus, (F, D).
        labels: State of each frame, (F,).
        states: N.
        components: K; a state with few frames uses fewer.
        seed: Seed of the components' start.
    """
    rng = np.random.default_rng(seed)
    size = frames.shape[1]
    overall = frames.var(0) + 1e-6
    means = np.zeros((states, components, size), np.float32)
    precisions = np.ones_like(means)
    log_weights = np.full((states, components), -30.0, np.float32)
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(states + 1))
    for state in range(states):
        points = frames[order[bounds[state] : bounds[state + 1]]]
        if len(points) < 10:
            # A state that is hardly ever visited looks like everything, so that it draws no path.
            points = frames[rng.integers(0, len(frames), 50)]
        used = min(components, max(1, len(points) // MIN_POINTS))
        centre, variance, weight = _expectation_maximisation(points, used, overall, rng)
        means[state, :used], precisions[state, :used] = centre, 1.0 / variance
        means[state, used:], precisions[state, used:] = centre[0], 1.0 / variance[0]
        log_weights[state, :used] = np.log(weight)
    return Mixtures(means, precisions, log_weights)


def _expectation_maximisation(
    points: Array, components: int, overall: Array, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Return means (K, D), variances (K, D) and weights (K,) of one state's frames, (F, D)."""
    floor = VARIANCE_FLOOR * overall
    mean, variance = points.mean(0), np.maximum(points.var(0), floor)
    if components == 1:
        return mean[None], variance[None], np.ones(1, np.float32)
    spread = rng.standard_normal((components, len(mean))).astype(np.float32)
    centres = mean + 0.3 * spread * np.sqrt(variance)
    variances = np.tile(variance, (components, 1))
    weights = np.full(components, 1.0 / components, np.float32)
    squares = points**2
    for _ in range(9):
        constant = np.log(weights) - 0.5 * (np.log(variances).sum(-1) + (centres**2 / variances).sum(-1))
        scores = points @ (centres / variances).T - 0.5 * squares @ (1.0 / variances).T + constant
        share = np.exp(scores - scores.max(1, keepdims=True))
        share /= share.sum(1, keepdims=True)
        mass = share.sum(0) + 1e-3
        centres = share.T @ points / mass[:, None]
        variances = np.maximum(share.T @ squares / mass[:, None] - centres**2, floor)
        weights = mass / mass.sum()
    return centres, variances, weights


def best_path(
    scores: Array, skips: npt.NDArray[np.int64], penalty: float
) -> tuple[npt.NDArray[np.int64], float]:
    """Find the best way through a chain of states by dynamic programming.

    A path starts in the first or second state, ends in the last or last but one, and in each frame stays,
    steps to the next state, or takes that state's skip.

    Args:
        scores: Log density of each frame in each state of the chain, (F, N).
        skips: For each state the earlier state it can also be entered from, or -1, (N,).
        penalty: Added whenever a path moves on.

    Returns:
        State of each frame, (F,), and the path's score; minus infinity where there is none.
    """
    frames, states = scores.shape
    never = np.float64(-1e30)
    best = np.full(states, never)
    best[:2] = scores[0, :2]
    came_from = np.zeros((frames, states), np.int64)
    here = np.arange(states)
    has_skip, source = skips >= 0, np.maximum(skips, 0)
    stepped = np.full(states, never)
    for frame in range(1, frames):
        stepped[1:] = best[:-1] + penalty
        skipped = np.where(has_skip, best[source] + penalty, never)
        origin = np.where(stepped > best, here - 1, here)
        value = np.maximum(stepped, best)
        take_skip = skipped > value
        came_from[frame] = np.where(take_skip, source, origin)
        best = np.where(take_skip, skipped, value) + scores[frame]
    state = states - 2 if states > 1 and best[-2] > best[-1] else states - 1
    total = float(best[state])
    path = np.zeros(frames, np.int64)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state = came_from[frame, state]
    return path, total if total > -1e29 else float("-inf")
