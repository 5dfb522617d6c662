"""The sounds that a harmonic-plus-noise vocoder filters: a pulse train at the pitch, and noise."""

import numpy as np
import numpy.typing as npt

from tiedtts.audio.interpolation import between_frames

HARMONIC_AMPLITUDE = 0.05
"""Amplitude of each harmonic of the pulse train, full scale 1."""
TOP = 0.98
"""Harmonics stop at this share of half the sampling rate, so that none folds back."""
BLOCK = 64
"""Frames that are made at once: what is between input and output stays in the processor's cache."""


def pulse_train(
    log_f0: npt.NDArray[np.float32],
    voiced: npt.NDArray[np.floating],
    hop: int,
    sample_rate: int,
    phase: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Sum all harmonics of a pitch below half the sampling rate, each with the same amplitude.

    The sum of K cosines has a closed form (Dirichlet's kernel), so the cost does not depend on K.

    Args:
        log_f0: Pitch, natural logarithm of Hz, (F,).
        voiced: Weight of the pulses in a frame, 0 to 1, (F,).
        hop: Samples a frame.
        sample_rate: Hz.
        phase: How far the fundamental is ahead of an oscillator at the pitch, radians, (F,): locks the
            pulses to a recording. Without it the phase starts at zero and runs free.

    Returns:
        Samples, (F * hop,).
    """
    made = np.zeros((len(log_f0), hop), np.float32)
    turned = 0.0
    for start in range(0, len(log_f0), BLOCK):
        f0 = np.exp(_block(log_f0, start, hop))
        turns = np.cumsum(f0, dtype=np.float64).reshape(f0.shape)
        turns *= 1 / sample_rate
        turns += turned
        turned = turns[-1, -1] % 1.0
        weight = _block(voiced, start, hop)
        heard = np.flatnonzero(weight.any(axis=1))
        if not len(heard):
            continue
        turns = turns[heard]
        if phase is not None:
            # Angles wrap: interpolate the points on the circle instead.
            sine, cosine = (_block(part, start, hop)[heard] for part in (np.sin(phase), np.cos(phase)))
            turns += np.arctan2(sine, cosine) / (2 * np.pi)
        # A whole turn changes the sign of both sines below alike; small angles are exact enough in 32 bits,
        # in which sines take a tenth of the time.
        turns -= np.rint(turns)
        angle = turns.astype(np.float32)
        angle *= np.float32(2 * np.pi)
        harmonics = np.floor(np.float32(TOP * sample_rate / 2) / f0[heard])
        half = np.sin(angle * np.float32(0.5))
        at_pulse = np.abs(half) < 1e-4
        half[at_pulse] = 1.0
        angle *= harmonics + np.float32(0.5)
        kernel = np.sin(angle, out=angle)
        kernel /= half
        kernel -= np.float32(1.0)
        kernel *= np.float32(0.5)
        kernel[at_pulse] = harmonics[at_pulse]
        kernel *= weight[heard]
        kernel *= np.float32(HARMONIC_AMPLITUDE)
        made[start + heard] = kernel
    return made.reshape(-1)


def _block(values: npt.NDArray[np.floating], start: int, hop: int) -> npt.NDArray[np.float32]:
    """Interpolate some frames' values for their samples, (F,) to (at most BLOCK, hop)."""
    count = min(BLOCK, len(values) - start)
    return between_frames(values[start : start + BLOCK + 1], hop)[: count * hop].reshape(count, hop)
