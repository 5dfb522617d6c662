"""The sounds that a harmonic-plus-noise vocoder filters: a pulse train at the pitch, and noise."""

import numpy as np
import numpy.typing as npt

from tiedtts.audio.pitch import between_frames, oscillator_phase

HARMONIC_AMPLITUDE = 0.05
"""Amplitude of each harmonic of the pulse train, full scale 1."""
TOP = 0.98
"""Harmonics stop at this share of half the sampling rate, so that none folds back."""


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
    angle = oscillator_phase(log_f0, hop, sample_rate)
    if phase is not None:
        # Angles wrap: interpolate the points on the circle instead.
        angle += np.arctan2(between_frames(np.sin(phase), hop), between_frames(np.cos(phase), hop))
    # A whole turn changes the sign of both sines below alike; small angles are exact enough in 32 bits,
    # in which sines take a tenth of the time.
    turns = angle / (2 * np.pi)
    angle = ((turns - np.rint(turns)) * (2 * np.pi)).astype(np.float32)
    f0 = np.exp(between_frames(log_f0, hop))
    harmonics = np.floor(np.float32(TOP * sample_rate / 2) / f0)
    half = np.sin(angle / 2)
    at_pulse = np.abs(half) < 1e-4
    half[at_pulse] = 1.0
    kernel = 0.5 * (np.sin((harmonics + 0.5) * angle) / half - 1.0)
    kernel[at_pulse] = harmonics[at_pulse]
    return np.asarray(HARMONIC_AMPLITUDE * kernel * between_frames(voiced, hop), np.float32)
