"""Differences of low rank in 8 bits: the strongest terms of a matrix."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tiedtts.speech.difference import LowRank

ENOUGH = 1e-3
"""Share of a difference's norm that may be left out: what training with adapters leaves is rounding."""
TINY = 1e-6
"""Norm of a difference that is none."""
SMALL = 2048
"""Values of a matrix that may have a difference of any rank: it weighs nothing."""
MOST_LEVELS = 127
"""Largest number of the strongest term of a difference: of fewer, the voice is rated lower."""
FEWEST_LEVELS = 15
"""Largest number of the weakest term: with fewer, it would be another one."""


def largest(shape: tuple[int, ...], most: int) -> int:
    """Return the most terms of a matrix, (O, ...): fewer where they would be more numbers than it has."""
    return min(most, (math.prod(shape) - 1) // (shape[0] + math.prod(shape[1:])))


def low_rank(matrix: npt.NDArray[Any], most: int | None = None) -> LowRank | None:
    """Split a matrix of low rank; nothing if its rank is high.

    Args:
        matrix: (O, ...), with I values in each row.
        most: Most terms, fewer where they would be more numbers than the matrix; the rest is left out.
    """
    u, sizes, v = np.linalg.svd(matrix.reshape(len(matrix), -1).astype(np.float64), full_matrices=False)
    left = np.sqrt(np.cumsum(sizes[::-1] ** 2)[::-1])
    rank = int((left > ENOUGH * left[0]).sum()) if left[0] > TINY else 0
    if matrix.size >= SMALL:
        if most is not None:
            rank = min(rank, largest(matrix.shape, most))
        elif largest(matrix.shape, rank) < rank:
            return None
    # The size of each term is spread over both its sides, so that neither loses more than the other.
    up, down = u[:, :rank], v[:rank]
    tops = np.abs(up).max(0), np.abs(down).max(1)
    # A weak term needs fewer levels to be as exact as a strong one; small numbers are compressed well.
    steps = np.clip(np.ceil(MOST_LEVELS * sizes[:rank] / sizes[0]), FEWEST_LEVELS, MOST_LEVELS)
    levels = [np.rint(steps * of / top).astype(np.int8) for of, top in ((up, tops[0]), (down.T, tops[1]))]
    factors = (sizes[:rank] * tops[0] * tops[1] / steps**2).astype(np.float32)
    return LowRank(levels[0], factors, np.ascontiguousarray(levels[1].T))
