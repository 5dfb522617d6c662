"""Log mel spectrograms back to spectra: what their bands leave open is filled in smoothly."""

import numpy as np
import numpy.typing as npt

from tiedtts.audio.mel import filterbank
from tiedtts.audio.settings import AudioSettings

Array = npt.NDArray[np.float64]

ROUNDS = 10
"""Rounds of the search for a spectrum with the given bands."""


def spectrum_of(mel: npt.NDArray[np.floating], settings: AudioSettings, *, rounds: int = ROUNDS) -> Array:
    """Return spectral amplitudes, never below zero, with given bands, (F, M) to (F, n_fft / 2 + 1).

    Drawn through the bands' centres first, then brought closer to the bands by multiplying (Richardson
    1972, Lucy 1974), which stays positive and, in few rounds, smooth.
    """
    amplitudes = np.exp(np.clip(np.nan_to_num(np.asarray(mel, np.float64), nan=-30.0), -30.0, 10.0))
    bank = filterbank(settings).astype(np.float64)
    heights = bank.sum(axis=1)
    bins = np.arange(bank.shape[1])
    centres = bank @ bins / heights
    logs = np.log(amplitudes / heights)
    # Linear between the centres of bands; the outer bands' beyond.
    if len(centres) == 1:
        return np.repeat(np.exp(logs), len(bins), axis=1)
    right = np.clip(np.searchsorted(centres, bins), 1, len(centres) - 1)
    share = np.clip((bins - centres[right - 1]) / (centres[right] - centres[right - 1]), 0.0, 1.0)
    spectrum: Array = np.exp(logs[:, right - 1] * (1.0 - share) + logs[:, right] * share)
    cover = np.maximum(bank.sum(axis=0), 1e-12)
    heard = bank.any(axis=0)
    for _ in range(rounds):
        ratio = amplitudes / np.maximum(spectrum @ bank.T, 1e-15)
        spectrum *= np.where(heard, ratio @ bank / cover, 1.0)
    return spectrum
