"""Channels of a recording become one."""

import numpy as np
import numpy.typing as npt

_LOST = 0.25
"""Share of the loudest channel's energy below which the mean of all has lost what was recorded."""
_BLOCK = 2**20
"""Samples of a channel that are looked at together."""


def mix(samples: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], bool]:
    """Return one channel made of several, and whether some were turned round for it.

    The mean of two channels in opposite phase, as a wrongly wired cable or a balanced line records them,
    is silence: channels against the loudest one are turned round, if the mean would lose what is in them.

    Args:
        samples: Full scale 1, (S, channels).

    Returns:
        The mean, (S,), and whether a channel was turned round before.
    """
    if samples.shape[1] == 1:
        return samples[:, 0], False
    mean: npt.NDArray[np.float32] = samples.mean(axis=1, dtype=np.float32)
    if not len(samples) or not np.isfinite(mean).all():
        return mean, False
    products = _products(samples)
    energies = np.diag(products)
    loudest = int(energies.argmax())
    if not energies[loudest] > 0:
        return mean, False
    # A channel that records nothing makes the mean quieter, too, but loses nothing.
    recording = energies > 0.01 * energies[loudest]
    count = int(recording.sum())
    signs = np.where(recording & (products[loudest] < 0), -1.0, 1.0).astype(np.float32)
    kept = float(products[np.ix_(recording, recording)].sum()) / count**2
    if (signs > 0).all() or kept >= _LOST * energies[loudest]:
        return mean, False
    turned: npt.NDArray[np.float32] = (samples @ signs / np.float32(len(signs))).astype(np.float32)
    return turned, True


def _products(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the products of all pairs of channels without their constant offsets, (channels, channels)."""
    means = samples.mean(axis=0, dtype=np.float64)
    products = np.zeros((samples.shape[1],) * 2)
    for start in range(0, len(samples), _BLOCK):
        block = samples[start : start + _BLOCK] - means
        products += block.T @ block
    return products
