"""Recordings in disguise: for nets that should hear what is said, not who says it how."""

import numpy as np
import numpy.typing as npt

MASKED_FRAMES = 12
"""Longest stretch of frames hidden from the net in training."""
MASKED_BANDS = 12
"""Widest stretch of mel bands hidden from the net in training."""
GAIN = 0.5
"""Standard deviation of a random loudness and of a random tilt, natural logarithm of amplitude."""


def disguise(mel: npt.NDArray[np.float32], floor: float, seed: int) -> npt.NDArray[np.float32]:
    """Hide random frames and bands, and change loudness and spectral tilt.

    Park et al., "SpecAugment", 2019.

    Args:
        mel: Natural logarithm of mel band amplitudes, (F, M).
        floor: What is put in place of what is hidden.
        seed: Of all choices.
    """
    rng = np.random.default_rng(seed)
    frames, bands = mel.shape
    tilt = np.linspace(-1, 1, bands) * rng.normal(0, GAIN) + rng.normal(0, GAIN)
    changed = (mel + tilt).astype(np.float32)
    for _ in range(2):
        width, start = rng.integers(0, MASKED_BANDS + 1), rng.integers(0, bands)
        changed[:, start : start + width] = floor
        width, start = rng.integers(0, MASKED_FRAMES + 1), rng.integers(0, frames)
        changed[start : start + width] = floor
    return changed
