"""Denoising: the steady noise that a room and a microphone add to every recording is taken down.

A voice learns the noise of its recordings along with the speech, and then hisses while it speaks.
"""

import numpy as np
import numpy.typing as npt

from tiedtts.audio import filtering

WINDOW = 0.032
"""Window of the short-time spectrum, seconds; the next power of two in samples."""
QUIETEST = 0.08
"""Share of a recording's frames that are taken for noise alone."""
FEWEST = 6
"""Frames that tell what the noise is, at least."""
MARGIN = 1.4
"""The noise is taken for a little stronger than it was in its quietest frames."""
MEMORY = 0.98
"""Weight of the frame before in telling how far speech stands out: it keeps what is left from tinkling."""


def denoise(samples: npt.NDArray[np.float32], rate: int, depth: float) -> npt.NDArray[np.float32]:
    """Take steady noise down, but not out.

    The gain is that of the log-spectral amplitude estimator (Ephraim and Malah, "Speech enhancement using a
    minimum mean-square error log-spectral amplitude estimator", 1985); the noise is the recording's own,
    from its quietest frames.

    Args:
        samples: (S,), with some silence before or after the speech.
        rate: Hz.
        depth: By how much noise is taken down, dB; 0 changes nothing.

    Returns:
        Samples, (S,).
    """
    size = 1 << int(np.ceil(np.log2(WINDOW * rate)))
    step = size // 4
    if depth <= 0 or len(samples) < FEWEST * step or not samples.any():
        return samples
    padded = np.pad(samples, (0, -len(samples) % step))
    spectra = filtering.spectrum(padded, size, step)
    power = (np.abs(spectra) ** 2).astype(np.float64)
    spectra *= gains(power, _noise(power), 10 ** (-depth / 20)).astype(np.float32)
    return filtering.overlap_add(spectra, size, step)[: len(samples)]


def gains(
    power: npt.NDArray[np.float64], noise: npt.NDArray[np.float64], lowest: float
) -> npt.NDArray[np.float64]:
    """Return by what each frame's spectrum is multiplied, (F, bins).

    Args:
        power: Power of the frames, (F, bins).
        noise: Power of the noise, (bins,).
        lowest: Smallest gain, above 0.
    """
    from scipy.special import exp1

    gain = np.empty_like(power)
    clean = np.zeros_like(noise)
    for number, frame in enumerate(power):
        posterior = np.minimum(frame / noise, 1e6)
        prior = MEMORY * clean + (1 - MEMORY) * np.maximum(posterior - 1, 0)
        prior = np.maximum(prior, lowest**2)
        wiener = prior / (1 + prior)
        exponent = np.maximum(wiener * posterior, 1e-8)
        gain[number] = np.clip(wiener * np.exp(0.5 * exp1(exponent)), lowest, 1.0)
        clean = gain[number] ** 2 * posterior
    return gain


def _noise(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the power of the noise, (bins,), from the frames, (F, bins), with the least of it."""
    # The lowest bins hold rumble, which says nothing about the rest.
    loudness = np.log(power[:, 4:] + 1e-12).mean(1)
    count = max(FEWEST, round(QUIETEST * len(power)))
    quiet = power[np.argsort(loudness, kind="stable")[:count]].mean(0)
    smooth = np.convolve(np.pad(quiet, 2, "edge"), np.full(5, 0.2), "valid")
    return MARGIN * np.maximum(smooth, 1e-12)
