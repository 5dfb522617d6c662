"""Harmonic-plus-noise synthesis: a pulse train at the pitch and noise, each through a filter of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.audio import excitation, filtering
from tiedtts.audio.settings import AudioSettings
from tiedtts.comparing import ByContent

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Filters(ByContent):
    """G filters, one each `step` samples."""

    real: Samples
    """Real part of the pulses' filter, (G, n_fft / 2 + 1)."""
    imaginary: Samples
    """Imaginary part, (G, n_fft / 2 + 1)."""
    gain: Samples
    """Gain of the noise, (G, n_fft / 2 + 1)."""
    n_fft: int
    """Window length, samples."""
    step: int
    """Samples between filters."""


def synthesise(
    filters: Filters, log_f0: Samples, voiced: Samples, settings: AudioSettings, seed: Sequence[int]
) -> Samples:
    """Return samples, (F * hop,).

    Args:
        filters: Filters of the F frames.
        log_f0: Pitch, natural logarithm of Hz, (F,).
        voiced: 1 where there is a pitch, else 0, (F,).
        settings: Frames and rates.
        seed: Seed of the noise.
    """
    pulses = excitation.pulse_train(log_f0, voiced, settings.hop, settings.sample_rate)
    noise = np.random.default_rng(seed).standard_normal(len(pulses), np.float32)
    return filtering.shape(
        pulses, noise, filters.real, filters.imaginary, filters.gain, filters.n_fft, filters.step
    )
