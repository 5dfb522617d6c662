"""Distances between all-pole filters, against cases known in closed form."""

import math

import numpy as np
import pytest

from tests.benchmarks import spectral_distortion
from tiedtts.audio import line_spectrum
from tiedtts.audio.lpc import LpcFrames
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import ConfigError

SETTINGS = AudioSettings()


def frames(predictor: list[list[float]], gain: float = 1.0) -> LpcFrames:
    lsf = line_spectrum.from_predictor(np.array(predictor)).astype(np.float32)
    return LpcFrames(lsf, np.full(len(lsf), math.log(gain), np.float32))


ONE_POLE = frames([[0.6, 0.0], [0.0, 0.0]])
FLAT = frames([[0.0, 0.0], [0.0, 0.0]])


def test_nothing_between_equals() -> None:
    assert not spectral_distortion.frame_distortion(ONE_POLE, ONE_POLE).any()
    measured = spectral_distortion.compare(ONE_POLE, ONE_POLE, SETTINGS, gain=True)
    assert (measured.distortion_db, measured.line_error_hz, measured.gain_error_db) == (0, 0, 0)
    assert measured.share_over_4_db == 0
    assert measured.frames == 2


def test_one_pole_in_closed_form() -> None:
    """-ln |1 - r e^-jw| is the sum of r^k cos(k w) / k, whose mean square is half the sum of r^2k / k^2."""
    distortion = spectral_distortion.frame_distortion(ONE_POLE, FLAT)
    cepstral = sum(0.6 ** (2 * k) / k**2 for k in range(1, 100)) / 2
    np.testing.assert_allclose(distortion, [20 / math.log(10) * math.sqrt(cepstral), 0.0], atol=1e-4)


def test_gain_counts_when_asked() -> None:
    """A level difference is orthogonal to the shape of normalised filters."""
    louder = LpcFrames(FLAT.lsf, FLAT.log_gain + np.float32(math.log(2)))
    shape = spectral_distortion.frame_distortion(ONE_POLE, louder)
    both = spectral_distortion.frame_distortion(ONE_POLE, louder, gain=True)
    level = 20 * math.log10(2)
    np.testing.assert_allclose(both**2, shape**2 + level**2, rtol=1e-4)
    assert spectral_distortion.compare(FLAT, louder, SETTINGS).distortion_db == 0
    assert spectral_distortion.compare(FLAT, louder, SETTINGS).gain_error_db == pytest.approx(level, rel=1e-5)


def test_mask_leaves_frames_out() -> None:
    first = spectral_distortion.compare(ONE_POLE, FLAT, SETTINGS, mask=np.array([True, False]))
    second = spectral_distortion.compare(ONE_POLE, FLAT, SETTINGS, mask=np.array([False, True]))
    both = spectral_distortion.compare(ONE_POLE, FLAT, SETTINGS)
    assert (first.frames, second.frames, both.frames) == (1, 1, 2)
    assert second.distortion_db == pytest.approx(0.0, abs=1e-6)
    assert both.distortion_db == pytest.approx(first.distortion_db / 2, rel=1e-4)


def test_lines_in_hz() -> None:
    shifted = LpcFrames(FLAT.lsf + np.float32(0.1), FLAT.log_gain)
    measured = spectral_distortion.compare(FLAT, shifted, SETTINGS)
    assert measured.line_error_hz == pytest.approx(0.1 * 24_000 / (2 * math.pi), rel=1e-4)


def test_outliers_are_counted() -> None:
    sharp = frames([[0.95, 0.0], [0.0, 0.0], [0.1, 0.0], [0.2, 0.0]])
    flat = frames([[0.0, 0.0]] * 4)
    assert spectral_distortion.compare(sharp, flat, SETTINGS).share_over_4_db == 0.25


def test_orders_may_differ_in_envelopes_only() -> None:
    third = frames([[0.6, 0.0, 0.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(spectral_distortion.frame_distortion(ONE_POLE, third), 0.0, atol=1e-3)
    with pytest.raises(ConfigError, match=r"^orders differ: 2 and 3$"):
        spectral_distortion.compare(ONE_POLE, third, SETTINGS)


def test_refuses_what_does_not_fit() -> None:
    one = frames([[0.0, 0.0]])
    with pytest.raises(ConfigError, match=r"^2 frames cannot be compared with 1$"):
        spectral_distortion.frame_distortion(FLAT, one)
    with pytest.raises(ConfigError, match=r"^a mask of \(3,\) does not fit 2 frames$"):
        spectral_distortion.compare(FLAT, FLAT, SETTINGS, mask=np.ones(3, np.bool_))
    with pytest.raises(ConfigError, match=r"^no frames to compare$"):
        spectral_distortion.compare(FLAT, FLAT, SETTINGS, mask=np.zeros(2, np.bool_))
