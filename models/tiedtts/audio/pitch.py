"""Fundamental frequency of a recording, and the phase of its fundamental."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.audio.interpolation import between_frames
from tiedtts.audio.settings import AudioSettings
from tiedtts.comparing import ByContent

UNVOICED_HZ = 170.0
"""Pitch given to a recording without a single voiced frame: any value does, nothing sounds there."""


@dataclass(frozen=True, eq=False)
class Pitch(ByContent):
    """Pitch of every frame."""

    log_f0: npt.NDArray[np.float32]
    """Natural logarithm of Hz, (F,); straight lines across unvoiced frames."""
    voiced: npt.NDArray[np.bool_]
    """Whether the frame has a pitch of its own, (F,)."""


def track(samples: npt.NDArray[np.float32], settings: AudioSettings) -> Pitch:
    """Track the pitch with DIO and StoneMask.

    Morise et al., "Rapid F0 estimation for high-SNR speech based on fundamental component extraction", 2010.
    Harvest, of the same family, calls far more frames voiced and takes twelve times as long.
    """
    import pyworld

    frames = len(samples) // settings.hop
    if not frames:
        return Pitch(np.zeros(0, np.float32), np.zeros(0, dtype=bool))
    signal = samples.astype(np.float64)
    f0, times = pyworld.dio(
        signal,
        settings.sample_rate,
        f0_floor=settings.f0_min,
        f0_ceil=settings.f0_max,
        frame_period=1000.0 * settings.hop / settings.sample_rate,
        allowed_range=0.15,
    )
    f0 = pyworld.stonemask(signal, f0, times, settings.sample_rate)[:frames]
    # StoneMask may leave the range it was given; a little beyond is a real pitch, far beyond is not.
    voiced = (f0 > 0.93 * settings.f0_min) & (f0 < 1.12 * settings.f0_max)
    if voiced.sum() < 2:
        return Pitch(np.full(frames, np.log(UNVOICED_HZ), np.float32), np.zeros(frames, dtype=bool))
    where = np.flatnonzero(voiced)
    log_f0 = np.interp(np.arange(frames), where, np.log(f0[where])).astype(np.float32)
    return Pitch(log_f0, voiced)


def fundamental_phase(
    samples: npt.NDArray[np.float32],
    log_f0: npt.NDArray[np.float32],
    settings: AudioSettings,
) -> npt.NDArray[np.float32]:
    """Return how far the recording's fundamental is ahead of an oscillator at its pitch.

    The recording is shifted down by its own pitch, so that the fundamental comes to stand at 0 Hz, and
    smoothed over three frames: the angle that is left is the answer.

    Args:
        samples: Recording, (S,).
        log_f0: Pitch, natural logarithm of Hz, (F,).
        settings: Rate and hop.

    Returns:
        Radians, (F,).
    """
    from scipy.signal import fftconvolve

    frames = len(log_f0)
    carrier = oscillator_phase(log_f0, settings.hop, settings.sample_rate)
    window = np.hanning(3 * settings.hop + 1)
    shifted = samples[: len(carrier)] * np.exp(-1j * carrier)
    smoothed = fftconvolve(shifted, window / window.sum(), mode="same")[:: settings.hop]
    return np.asarray(np.angle(smoothed[:frames]), np.float32)


def oscillator_phase(log_f0: npt.NDArray[np.float32], hop: int, sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the running phase of an oscillator at a pitch, radians, (F * hop,)."""
    f0 = np.exp(between_frames(log_f0, hop))
    phase: npt.NDArray[np.float64] = np.cumsum(f0, dtype=np.float64)
    phase *= 2 * np.pi / sample_rate
    return phase
