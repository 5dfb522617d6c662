"""Samples to log mel spectrograms.

The only features that both nets share: the acoustic net predicts them, the vocoder reads them.
"""

import warnings
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tiedtts.audio.settings import AudioSettings
from tiedtts.audio.short_time import hann32, windows
from tiedtts.errors import ConfigError

FLOOR = 1e-5
"""Smallest amplitude before the logarithm: about -115 dB."""


@lru_cache(maxsize=4)
def filterbank(settings: AudioSettings) -> npt.NDArray[np.float32]:
    """Return Slaney-style area-normalised mel filters, (M, n_fft / 2 + 1).

    Raises:
        ConfigError: The bands are so narrow that one lies between two frequencies of the spectrum.
    """
    import librosa

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Empty filters")
        bank: npt.NDArray[np.float32] = librosa.filters.mel(
            sr=settings.sample_rate,
            n_fft=settings.n_fft,
            n_mels=settings.n_mels,
            fmin=settings.f_min,
            fmax=settings.f_max,
        )
    if not bank.any(axis=1).all():
        raise ConfigError(
            f"{settings.n_mels} mel bands are too many for windows of {settings.n_fft} samples",
            hint="lower `n_mels` or raise `n_fft`",
        )
    return bank


def magnitudes(samples: npt.NDArray[np.float32], settings: AudioSettings) -> npt.NDArray[np.float32]:
    """Return short-time spectral magnitudes, (F, n_fft / 2 + 1), with F = S // hop.

    Frame f is centred on sample f * hop; outside the recording there is silence.
    """
    frames = len(samples) // settings.hop
    padded = np.pad(samples, (settings.n_fft // 2, settings.n_fft))
    views = windows(padded, settings.n_fft, settings.hop)[:frames]
    return np.abs(np.fft.rfft(views * hann32(settings.n_fft), axis=1)).astype(np.float32)


def log_mel(samples: npt.NDArray[np.float32], settings: AudioSettings) -> npt.NDArray[np.float32]:
    """Return the natural logarithm of mel band amplitudes, (F, M), with F = S // hop."""
    energies = magnitudes(samples, settings) @ filterbank(settings).T
    logs: npt.NDArray[np.float32] = np.log(np.maximum(energies, FLOOR))
    return logs
