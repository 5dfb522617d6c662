"""Loudness: gain for whole utterances and single phones, without overload."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

CEILING = 0.98
"""No sample is larger, full scale 1."""

BLOCK_SECONDS = 0.001
"""Length of a block whose peak the limiter looks at."""
_REACH = 5
"""Blocks before and after a peak in which the limiter turns down and up again."""

Samples = npt.NDArray[np.float32]
Write = Callable[[npt.NDArray[np.floating]], None]
"""Takes mono samples, (S,)."""


def amplify(samples: Samples, gain: float | Samples, rate: int) -> Samples:
    """Return samples made louder or softer; peaks that would be over `CEILING` are held back.

    Args:
        samples: Full scale 1, (S,).
        gain: Factor, one or (S,).
        rate: Hz.
    """
    louder = np.asarray(samples * np.asarray(gain, np.float32), np.float32)
    return limit(louder, rate)


def curve(decibels: npt.NDArray[np.float64], lengths: npt.NDArray[np.int64], ramp: int) -> Samples:
    """Return the gain of each sample for volumes of phones, (T,) to (S,), without steps.

    Args:
        decibels: Gain of each phone, (T,).
        lengths: Samples of each phone, (T,).
        ramp: Samples over which one gain becomes the next.
    """
    gain = np.repeat(10 ** (decibels / 20), lengths)
    if len(gain) > ramp > 1 and (decibels != decibels[0]).any():
        padded = np.pad(gain, (ramp // 2, ramp - 1 - ramp // 2), mode="edge")
        total = np.cumsum([0.0, *padded])
        gain = (total[ramp:] - total[:-ramp]) / ramp
    return np.asarray(gain, np.float32)


def limit(samples: Samples, rate: int) -> Samples:
    """Turn samples down around the peaks that are over `CEILING`, some milliseconds ahead; (S,) to (S,).

    The gain of a block is the mean of its neighbours', each the least that any block in reach needs: so
    it moves without a step and is never more than the block's own peak allows.
    """
    if not len(samples) or np.abs(samples).max() <= CEILING:
        return samples
    size = max(1, round(BLOCK_SECONDS * rate))
    count = -(-len(samples) // size)
    padded = np.zeros(count * size, np.float32)
    padded[: len(samples)] = np.abs(samples)
    curve = gain_under(padded.reshape(count, size).max(1), CEILING, len(samples), size)
    return np.asarray(np.clip(samples * curve, -CEILING, CEILING), np.float32)


def gain_under(
    peaks: npt.NDArray[np.floating], ceiling: float, count: int, size: int
) -> npt.NDArray[np.float64]:
    """Return the gain of each of `count` samples that keeps all peaks under a ceiling, without a step.

    Args:
        peaks: Peak of each block, (S / size,).
        ceiling: Full scale 1.
        count: Samples.
        size: Samples of a block.
    """
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    # A block further than is averaged: between blocks, the gain is drawn as a line.
    least = _windows(needed, _REACH + 1).min(1)
    gain = _windows(least, _REACH).mean(1)
    centres = (np.arange(len(peaks)) + 0.5) * size - 0.5
    return np.asarray(np.interp(np.arange(count), centres, gain), np.float64)


def _windows(values: npt.NDArray[np.float64], reach: int) -> npt.NDArray[np.float64]:
    padded = np.pad(values, reach, mode="edge")
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
