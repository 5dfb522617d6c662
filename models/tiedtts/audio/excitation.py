"""The sounds that a harmonic-plus-noise vocoder filters: a pulse train at the pitch, and noise."""

import numpy as np
import numpy.typing as npt

from tiedtts.audio.pitch import oscillator_phase

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
    frames = len(log_f0)
    if not frames:
        return np.zeros(0, np.float32)
    times = np.arange(frames * hop) / hop
    frame_times = np.arange(frames)
    angle = oscillator_phase(log_f0, hop, sample_rate)
    if phase is not None:
        # Angles wrap: interpolate the points on the circle instead.
        sine = np.interp(times, frame_times, np.sin(phase))
        cosine = np.interp(times, frame_times, np.cos(phase))
        angle = angle + np.arctan2(sine, cosine)
    f0 = np.exp(np.interp(times, frame_times, log_f0))
    harmonics = np.floor(TOP * sample_rate / 2 / f0)
    half = np.sin(angle / 2)
    at_pulse = np.abs(half) < 1e-4
    safe = np.where(at_pulse, 1.0, half)
    kernel = np.where(at_pulse, harmonics, 0.5 * (np.sin((harmonics + 0.5) * angle) / safe - 1.0))
    weight = np.interp(times, frame_times, voiced)
    return np.asarray(HARMONIC_AMPLITUDE * kernel * weight, np.float32)
