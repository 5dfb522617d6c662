"""Time-varying filters, applied in the short-time spectrum."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]


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
        gain: Of the noise, likewise.
        n_fft: Window length, samples.
        step: Samples between filters.

    Returns:
        Samples, (S,).
    """
    voice = spectrum(pulses, n_fft, step)
    # In place, part by part: these arrays are the largest of all of synthesis.
    spectra = spectrum(noise, n_fft, step)
    spectra *= gain
    spectra.real += voice.real * real - voice.imag * imaginary
    spectra.imag += voice.real * imaginary + voice.imag * real
    return overlap_add(spectra, n_fft, step)


def spectrum(signal: Samples, n_fft: int, step: int) -> npt.NDArray[np.complex64]:
    """Return spectra of Hann windows centred on every `step`th sample, (S,) to (S / step, bins).

    The signal is mirrored at its ends.
    """
    count = len(signal) // step
    padded = np.pad(signal, n_fft // 2, "reflect" if len(signal) > n_fft // 2 else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::step][:count]
    return np.fft.rfft(frames * _window(n_fft), axis=1).astype(np.complex64, copy=False)


def overlap_add(spectra: npt.NDArray[np.complex64], n_fft: int, step: int) -> Samples:
    """Turn spectra back into a signal, (G, bins) to (G * step,): the inverse of `spectrum`."""
    count, window = len(spectra), _window(n_fft)
    frames = np.fft.irfft(spectra, n_fft, axis=1).astype(np.float32, copy=False) * window
    parts = n_fft // step
    total = np.zeros((count + parts, step), np.float32)
    weight = np.zeros((count + parts, step), np.float32)
    squares = (window**2).reshape(parts, step)
    for part in range(parts):
        total[part : part + count] += frames[:, part * step : (part + 1) * step]
        weight[part : part + count] += squares[part]
    # The window that would be centred on the end is missing: its weight alone evens out the tail.
    weight[count : count + parts] += squares
    signal = (total / np.maximum(weight, 1e-8)).reshape(-1)[n_fft // 2 :]
    return np.ascontiguousarray(signal[: count * step])


@lru_cache(maxsize=4)
def _window(n_fft: int) -> Samples:
    """Return a periodic Hann window."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n_fft) / n_fft)).astype(np.float32)
