"""Mel spectrograms to samples without a model: phases that fit the magnitudes, found by iteration.

Griffin & Lim, "Signal estimation from modified short-time Fourier transform", 1984, with the momentum
of Perraudin, Balazs & Sondergaard, "A fast Griffin-Lim algorithm", 2013.
"""

import numpy as np
import numpy.typing as npt

from tiedtts.audio.mel_inversion import spectrum_of
from tiedtts.audio.settings import AudioSettings
from tiedtts.audio.short_time import hann32, signals, spectra, windows
from tiedtts.errors import ConfigError

Samples = npt.NDArray[np.float32]
Spectra = npt.NDArray[np.complex64]

ROUNDS = 30
"""Rounds of the search for a spectrum with the given bands: harmonics may stand out."""


def griffin_lim(
    mel: npt.NDArray[np.floating],
    settings: AudioSettings,
    *,
    iterations: int = 60,
    momentum: float = 0.99,
    seed: int = 0,
) -> Samples:
    """Return samples with a given log mel spectrogram, (F, M) to (F * hop,).

    Args:
        mel: Natural logarithm of mel band amplitudes, as `tiedtts.audio.mel.log_mel` gives them.
        settings: Frames and rates.
        iterations: Rounds of the search for phases.
        momentum: How far each round goes on in the direction of the last; 0 is Griffin & Lim's own.
        seed: Seed of the phases to start from.

    Raises:
        ConfigError: The iterations are negative or the momentum is not in [0, 1).
    """
    if iterations < 0:
        raise ConfigError(f"`iterations` must not be negative, got: {iterations}")
    if not 0 <= momentum < 1:
        raise ConfigError(f"`momentum` must be in [0, 1), got: {momentum}")
    if not len(mel):
        return np.zeros(0, np.float32)
    magnitudes = spectrum_of(mel, settings, rounds=ROUNDS).astype(np.float32)
    angles = np.random.default_rng(seed).uniform(-np.pi, np.pi, magnitudes.shape).astype(np.float32)
    found = (magnitudes * np.exp(1j * angles)).astype(np.complex64)
    last = np.zeros_like(found)
    for _ in range(iterations):
        consistent = _transform(_inverse(found, settings), settings)
        ahead = consistent + np.float32(momentum) * (consistent - last)
        last = consistent
        found = ahead * (magnitudes / np.maximum(np.abs(ahead), np.float32(1e-12)))
    return _inverse(found, settings)[settings.n_fft // 2 :][: len(mel) * settings.hop]


def _transform(samples: Samples, settings: AudioSettings) -> Spectra:
    """Return the short-time spectra of a signal with half a window before its start."""
    return spectra(windows(samples, settings.n_fft, settings.hop) * hann32(settings.n_fft))


def _inverse(transformed: Spectra, settings: AudioSettings) -> Samples:
    """Return the signal nearest to short-time spectra, (F, bins) to ((F - 1) * hop + n_fft,)."""
    window, hop = hann32(settings.n_fft), settings.hop
    frames = signals(transformed, settings.n_fft)
    total = np.zeros((len(frames) - 1) * hop + settings.n_fft, np.float32)
    weight = np.zeros_like(total)
    for number, frame in enumerate(frames):
        total[number * hop : number * hop + settings.n_fft] += frame
        weight[number * hop : number * hop + settings.n_fft] += window**2
    # At the very ends hardly a window reaches: nothing is to be blown up there.
    return np.asarray(total / np.maximum(weight, np.float32(0.1)), np.float32)
