"""Dynamic time warping: two recordings of one text on a common clock.

librosa finds the same paths, but compiles itself for 20 seconds in every process that keeps no cache.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_DIAGONAL, _DOWN, _RIGHT = 0, 1, 2


@dataclass(frozen=True)
class Path:
    """Pairs of frames, P of them, from the first pair to the last; neither side ever goes back."""

    rows: npt.NDArray[np.int64]
    """Frame of the first sequence, (P,)."""
    columns: npt.NDArray[np.int64]
    """Frame of the second sequence, (P,)."""


def align(first: npt.NDArray[np.floating], second: npt.NDArray[np.floating]) -> Path:
    """Pair the frames of two sequences so that their distances add up to the least.

    Sakoe and Chiba, "Dynamic programming algorithm optimization for spoken word recognition",
    1978, with steps (1, 1), (1, 0) and (0, 1) of the same weight and no limit on the slope; where
    sums are equal, the diagonal wins. The distance is Euclidean.

    Args:
        first: Feature vectors, (F, C).
        second: Feature vectors, (G, C).
    """
    from scipy.spatial.distance import cdist

    costs = cdist(first, second)
    rows, columns = costs.shape
    flat = costs.ravel()
    steps = np.zeros((rows + columns - 1, rows), np.int8)
    # One entry a row and one in front: where a diagonal does not reach a row, it is never the best.
    before, last = np.full(rows + 1, np.inf), np.full(rows + 1, np.inf)
    last[1] = flat[0]
    # All cells of a diagonal depend only on the two diagonals before: numpy takes them at once.
    for diagonal in range(1, rows + columns - 1):
        low, high = max(0, diagonal - columns + 1), min(rows, diagonal + 1)
        cells = np.arange(low, high)
        arrivals = np.stack([before[low:high], last[low:high], last[low + 1 : high + 1]])
        step = arrivals.argmin(0)
        steps[diagonal, low:high] = step
        now = np.full(rows + 1, np.inf)
        now[low + 1 : high + 1] = flat[diagonal + cells * (columns - 1)] + arrivals.min(0)
        before, last = last, now
    return _trace(steps, rows, columns)


def _trace(steps: npt.NDArray[np.int8], rows: int, columns: int) -> Path:
    """Walk back from the last pair of frames to the first."""
    row, column = rows - 1, columns - 1
    pairs = [(row, column)]
    while row or column:
        step = steps[row + column, row]
        row -= step in (_DIAGONAL, _DOWN)
        column -= step in (_DIAGONAL, _RIGHT)
        pairs.append((row, column))
    pairs.reverse()
    path = np.array(pairs, np.int64)
    return Path(path[:, 0], path[:, 1])
