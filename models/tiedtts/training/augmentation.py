"""Augmentation: changes to a recording's spectrogram that leave its phones as they are."""

import numpy as np
import numpy.typing as npt

MASKED_FRAMES = 12
"""Longest stretch of frames that is hidden."""
MASKED_BANDS = 12
"""Widest stretch of mel bands that is hidden."""
GAIN = 0.5
"""Standard deviation of a random loudness and of a random tilt, natural logarithm of amplitude."""


def augment(mel: npt.NDArray[np.float32], floor: float, seed: int) -> npt.NDArray[np.float32]:
    """Change loudness and spectral tilt and hide random frames and bands.

    Park et al., "SpecAugment", 2019. The verdict on a synthetic voice must not hang on its timbre.

    Args:
        mel: Natural logarithm of mel band amplitudes, (F, M); is left as it is.
        floor: Value in place of hidden ones.
        seed: Seed of the changes.
    """
    rng = np.random.default_rng(seed)
    frames, bands = mel.shape
    tilt = np.linspace(-1, 1, bands) * rng.normal(0, GAIN) + rng.normal(0, GAIN)
    mel = (mel + tilt).astype(np.float32)
    for _ in range(2):
        width, start = rng.integers(0, MASKED_BANDS + 1), rng.integers(0, bands)
        mel[:, start : start + width] = floor
        width, start = rng.integers(0, MASKED_FRAMES + 1), rng.integers(0, frames)
        mel[start : start + width] = floor
    return mel
