"""The short-time transform: overlapping windows of a signal, and the Hann window that weighs them."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


@lru_cache(maxsize=8)
def hann(size: int) -> npt.NDArray[np.float64]:
    """Return a periodic Hann window, (size,), read-only."""
    window: npt.NDArray[np.float64] = np.hanning(size + 1)[:-1]
    window.flags.writeable = False
    return window


@lru_cache(maxsize=8)
def hann32(size: int) -> Samples:
    """Return the same in single precision."""
    window = hann(size).astype(np.float32)
    window.flags.writeable = False
    return window


def windows(signal: npt.NDArray[np.floating], size: int, step: int) -> npt.NDArray[np.floating]:
    """Return a view of the samples under each window, (S,) to ((S - size) // step + 1, size)."""
    return np.lib.stride_tricks.sliding_window_view(signal, size)[::step]


def spectra(frames: npt.NDArray[np.floating]) -> npt.NDArray[np.complex64]:
    """Return the spectra of weighted windows, (N, size) to (N, size / 2 + 1)."""
    return np.fft.rfft(frames, axis=1).astype(np.complex64, copy=False)


def signals(spectra: npt.NDArray[np.complex64], size: int) -> Samples:
    """Return the windows of spectra, weighted once more, (N, size / 2 + 1) to (N, size)."""
    frames = np.fft.irfft(spectra, size, axis=1).astype(np.float32, copy=False)
    frames *= hann32(size)
    return frames
