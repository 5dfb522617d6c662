"""Time-varying filters, applied in the short-time spectrum."""

import numpy as np
import numpy.typing as npt

from tiedtts.audio.short_time import hann32, signals, spectra, windows

Samples = npt.NDArray[np.float32]

BLOCK = 128
"""Windows that are filtered at once: few enough for their spectra to stay in the cache, and for memory to be
used again instead of asked for, which took most of the time."""


def shape(
    pulses: Samples,
    noise: Samples,
    real: Samples,
    imaginary: Samples,
    gain: Samples,
    n_fft: int,
    step: int,
) -> Samples:
    """Filter pulses and noise and add them up: what `HarmonicVocoder.forward` does, in numpy.

    Args:
        pulses: (S,), S = G * step.
        noise: (S,).
        real: Real part of the pulses' filter, (G, n_fft / 2 + 1).
        imaginary: Imaginary part, likewise.
        gain: Gain of the noise, likewise.
        n_fft: Window length, samples.
        step: Samples between filters.

    Returns:
        Samples, (S,).
    """
    count, window = len(real), hann32(n_fft)
    voice, hiss = _frames(pulses, n_fft, step), _frames(noise, n_fft, step)
    adder = _Adder(count, n_fft, step)
    for start in range(0, count, BLOCK):
        block = slice(start, start + BLOCK)
        shaped = np.empty(real[block].shape, np.complex64)
        shaped.real, shaped.imag = real[block], imaginary[block]
        shaped *= spectra(voice[block] * window)
        rest = spectra(hiss[block] * window)
        rest *= gain[block]
        shaped += rest
        adder.add(start, shaped)
    return adder.signal()


def spectrum(signal: Samples, n_fft: int, step: int) -> npt.NDArray[np.complex64]:
    """Return spectra of Hann windows centred on every `step`th sample, (S,) to (S / step, bins).

    The signal is mirrored at its ends.
    """
    return spectra(_frames(signal, n_fft, step) * hann32(n_fft))


def overlap_add(transformed: npt.NDArray[np.complex64], n_fft: int, step: int) -> Samples:
    """Turn spectra back into a signal, (G, bins) to (G * step,): the inverse of `spectrum`."""
    adder = _Adder(len(transformed), n_fft, step)
    adder.add(0, transformed)
    return adder.signal()


def _frames(signal: Samples, n_fft: int, step: int) -> Samples:
    """Return a view of what lies under each window, (S,) to (S / step, n_fft)."""
    padded = np.pad(signal, n_fft // 2, "reflect" if len(signal) > n_fft // 2 else "constant")
    return windows(padded, n_fft, step)[: len(signal) // step]


class _Adder:
    """Windows of a signal that are laid over each other as they come.

    Args:
        count: Windows, G.
        n_fft: Their length, samples.
        step: Samples between them.
    """

    def __init__(self, count: int, n_fft: int, step: int) -> None:
        self.count, self.n_fft, self.step = count, n_fft, step
        self.parts = n_fft // step
        self.total = np.zeros((count + self.parts, step), np.float32)

    def add(self, start: int, transformed: npt.NDArray[np.complex64]) -> None:
        """Add the windows from number `start` on, (N, bins)."""
        frames = signals(transformed, self.n_fft)
        for part in range(self.parts):
            self.total[start + part : start + part + len(frames)] += frames[:, part * self.step :][
                :, : self.step
            ]

    def signal(self) -> Samples:
        """Even the sum of the windows out, (G * step,)."""
        squares = (hann32(self.n_fft) ** 2).reshape(self.parts, self.step)
        ends = np.r_[0 : min(self.parts, self.count), self.count : self.count + self.parts]
        window = ends[:, None] - np.arange(self.parts)
        # The window that would be centred on the end is missing: its weight alone evens out the tail.
        weight = ((window >= 0) & (window <= self.count)).astype(np.float32) @ squares
        edges = self.total[ends] / np.maximum(weight, 1e-8)
        self.total /= squares.sum(0)
        self.total[ends] = edges
        return np.ascontiguousarray(self.total.reshape(-1)[self.n_fft // 2 :][: self.count * self.step])
