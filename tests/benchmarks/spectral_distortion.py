"""How far predicted all-pole filters are from those of a recording, frame by frame."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.audio import lpc
from tiedtts.audio.lpc import LpcFrames
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import ConfigError

BINS = 513
"""Frequencies from 0 to half the sampling rate at which envelopes are compared."""
_DECIBELS = 20.0 / np.log(10.0)


@dataclass(frozen=True, kw_only=True)
class SpectralDistortion:
    """Mean differences between filters, over the frames that count."""

    distortion_db: float
    """Mean over frames of the root-mean-square difference of log spectral envelopes, dB. Paliwal &
    Atal (1993) call a coding of telephone speech transparent at 1 dB."""
    share_over_4_db: float
    """Share of the frames that are off by more than 4 dB: their outliers of the second kind."""
    line_error_hz: float
    """Root mean square of the differences of line spectral frequencies, Hz."""
    gain_error_db: float
    """Root mean square of the differences of gains, dB."""
    frames: int
    """Frames that counted."""


def frame_distortion(
    reference: LpcFrames, other: LpcFrames, *, gain: bool = False
) -> npt.NDArray[np.float64]:
    """Return the log spectral distortion of each frame, dB, (F,).

    The root mean square, over linear frequency, of the difference of the filters' responses in dB
    (Gray & Markel, "Distance measures for speech processing", 1976).

    Args:
        reference: F frames.
        other: F frames, of any order.
        gain: Compare the filters with their gains. Without it each filter is taken as it is, its first
            coefficient 1: all such filters have the same mean log response, so no level is left in it.

    Raises:
        ConfigError: They do not have as many frames.
    """
    _check(reference, other)
    first = np.log(lpc.envelope(reference, BINS, gain=gain))
    second = np.log(lpc.envelope(other, BINS, gain=gain))
    # Trapezoidal: the outer frequencies stand for half a step.
    weight = np.full(BINS, 1.0 / (BINS - 1))
    weight[[0, -1]] /= 2.0
    return np.asarray(_DECIBELS * np.sqrt((first - second) ** 2 @ weight))


def compare(
    reference: LpcFrames,
    other: LpcFrames,
    settings: AudioSettings,
    *,
    mask: npt.NDArray[np.bool_] | None = None,
    gain: bool = False,
) -> SpectralDistortion:
    """Measure how far the frames of one are from those of the other.

    Args:
        reference: F frames of order P.
        other: F frames of order P.
        settings: The sampling rate, for Hz.
        mask: Frames that count, (F,): those of speech. All of them without it.
        gain: Whether gains count in the distortion.

    Raises:
        ConfigError: The frames, orders or mask do not fit each other, or no frame counts.
    """
    _check(reference, other)
    if reference.order != other.order:
        raise ConfigError(f"orders differ: {reference.order} and {other.order}")
    counted = np.ones(len(reference), np.bool_) if mask is None else np.asarray(mask, np.bool_)
    if counted.shape != (len(reference),):
        raise ConfigError(f"a mask of {counted.shape} does not fit {len(reference)} frames")
    if not counted.any():
        raise ConfigError("no frames to compare")
    distortion = frame_distortion(reference, other, gain=gain)[counted]
    lines = (reference.lsf.astype(np.float64) - other.lsf)[counted]
    gains = (reference.log_gain.astype(np.float64) - other.log_gain)[counted]
    return SpectralDistortion(
        distortion_db=float(distortion.mean()),
        share_over_4_db=float((distortion > 4.0).mean()),
        line_error_hz=float(np.sqrt(np.mean(lines**2)) * settings.sample_rate / (2 * np.pi)),
        gain_error_db=float(_DECIBELS * np.sqrt(np.mean(gains**2))),
        frames=int(counted.sum()),
    )


def _check(reference: LpcFrames, other: LpcFrames) -> None:
    """Refuse sides of different length."""
    if len(reference) != len(other):
        raise ConfigError(
            f"{len(reference)} frames cannot be compared with {len(other)}",
            hint="align or cut them first",
        )
