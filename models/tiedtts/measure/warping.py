"""Two recordings of one text on a common clock: dynamic time warping."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_STEPS = np.array([[1, 1], [1, 0], [0, 1]])
"""Steps of a path; where sums are equal, the first wins."""


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
    from librosa.sequence import dtw

    _, backwards = dtw(
        first.T,
        second.T,
        step_sizes_sigma=_STEPS,
        weights_add=np.zeros(len(_STEPS)),
        weights_mul=np.ones(len(_STEPS)),
    )
    path = backwards[::-1].astype(np.int64)
    return Path(path[:, 0], path[:, 1])
