"""Mu-law: amplitudes as 256 numbers, fine steps near zero (ITU-T G.711's curve, as in van den Oord 2016)."""

import numpy as np
import numpy.typing as npt

LEVELS = 256
"""Numbers that an amplitude can be."""
_MU = LEVELS - 1.0


def encode(values: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """Return the number of each amplitude, any shape; what is outside [-1, 1] becomes the nearest end."""
    inside = np.clip(np.asarray(values, np.float64), -1.0, 1.0)
    curve = np.sign(inside) * np.log1p(_MU * np.abs(inside)) / np.log1p(_MU)
    return np.asarray(np.rint((curve + 1.0) / 2.0 * _MU), np.int64)


def decode(numbers: npt.NDArray[np.integer]) -> npt.NDArray[np.float32]:
    """Return the amplitude, in [-1, 1], of each number."""
    curve = 2.0 * np.asarray(numbers, np.float64) / _MU - 1.0
    return np.asarray(np.sign(curve) * np.expm1(np.abs(curve) * np.log1p(_MU)) / _MU, np.float32)
