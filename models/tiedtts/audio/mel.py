"""Samples to log mel spectrograms.

The only features that both nets share: the acoustic net predicts them, the vocoder reads them.
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tiedtts.audio.settings import AudioSettings
from tiedtts.audio.short_time import hann32, windows
from tiedtts.errors import ConfigError

FLOOR = 1e-5
"""Smallest amplitude before the logarithm: about -115 dB."""
BREAK_HZ = 1_000.0
"""Frequency below which the mel scale is straight, and above which it is logarithmic."""
HZ_PER_MEL = 200 / 3
"""Width of a mel below it, Hz."""
LOG_STEP = math.log(6.4) / 27
"""Width of a mel above it, natural logarithm of Hz: 27 of them reach 6.4 times the frequency."""


@lru_cache(maxsize=4)
def filterbank(settings: AudioSettings) -> npt.NDArray[np.float32]:
    """Return Slaney's mel filters, triangles of equal area, (M, n_fft / 2 + 1).

    Slaney, "Auditory Toolbox", 1998: neighbouring triangles overlap by half, and their corners are equally
    far apart on the mel scale.

    Raises:
        ConfigError: The bands are so narrow that one lies between two frequencies of the spectrum.
    """
    corners = np.linspace(to_mel(settings.f_min), to_mel(settings.f_max), settings.n_mels + 2)
    edges = to_hz(corners)[:, None]
    low, centre, high = edges[:-2], edges[1:-1], edges[2:]
    frequencies = np.arange(settings.n_fft // 2 + 1) * settings.sample_rate / settings.n_fft
    rising, falling = (frequencies - low) / (centre - low), (high - frequencies) / (high - centre)
    # Rounded before the scale as well as after it: features of data folders keep their last bit.
    triangles = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    bank: npt.NDArray[np.float32] = (triangles * (2.0 / (high - low))).astype(np.float32)
    if not bank.any(axis=1).all():
        raise ConfigError(
            f"{settings.n_mels} mel bands are too many for windows of {settings.n_fft} samples",
            hint="lower `n_mels` or raise `n_fft`",
        )
    return bank


def to_mel(hz: float) -> float:
    """Return the place of a frequency, Hz, on Slaney's mel scale."""
    if hz < BREAK_HZ:
        return hz / HZ_PER_MEL
    return BREAK_HZ / HZ_PER_MEL + math.log(hz / BREAK_HZ) / LOG_STEP


def to_hz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the frequencies, Hz, of places on Slaney's mel scale; the inverse of `to_mel`."""
    above = mels - BREAK_HZ / HZ_PER_MEL
    return np.where(above < 0, mels * HZ_PER_MEL, BREAK_HZ * np.exp(above * LOG_STEP))


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
