"""Interpolation in time: values of frames at any moment between them."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

_Values = TypeVar("_Values", npt.NDArray[np.float32], npt.NDArray[np.float64])


def between_frames(values: npt.NDArray[np.floating], hop: int) -> npt.NDArray[np.float32]:
    """Interpolate values of frames for all samples, (F,) to (F * hop,); after the last frame they stay."""
    values = np.asarray(values, np.float32)
    rise = np.diff(values, append=values[-1:])
    samples = values[:, None] + rise[:, None] * (np.arange(hop, dtype=np.float32) / np.float32(hop))
    return np.asarray(samples.reshape(-1), np.float32)


def rows_between(values: _Values, moments: npt.NDArray[np.float64]) -> _Values:
    """Return rows between rows, (F, ...) to (G, ...), in the type of the values; the last one holds.

    Args:
        values: Rows, one a frame.
        moments: Times from 0 on, in frames, (G,).
    """
    left = np.minimum(moments.astype(np.int64), len(values) - 1)
    right = np.minimum(left + 1, len(values) - 1)
    share = (moments - left).astype(values.dtype).reshape(-1, *(1 for _ in values.shape[1:]))
    result: _Values = values[left] * (1 - share) + values[right] * share
    return result
