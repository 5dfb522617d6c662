"""The pulse train against the sum of cosines that it is a closed form of."""

import math

import numpy as np
import pytest

from tiedtts.audio.excitation import HARMONIC_AMPLITUDE, TOP, pulse_train
from tiedtts.audio.pitch import oscillator_phase

HOP, RATE = 128, 16_000


def test_is_the_sum_of_its_harmonics() -> None:
    # More frames than are made at once.
    log_f0 = np.full(140, math.log(130.0), np.float32)
    made = pulse_train(log_f0, np.ones(140, np.float32), HOP, RATE)
    angle = oscillator_phase(log_f0, HOP, RATE)
    count = math.floor(TOP * RATE / 2 / 130.0)
    wanted = sum(np.cos(k * angle) for k in range(1, count + 1)) * HARMONIC_AMPLITUDE
    assert made.dtype == np.float32
    np.testing.assert_allclose(made, wanted, atol=2e-4)


def test_peaks_hold_where_the_closed_form_divides_by_nothing() -> None:
    """At 125 Hz a period is exactly 128 samples, so that every pulse falls on a sample."""
    made = pulse_train(np.full(8, math.log(125.0), np.float32), np.ones(8, np.float32), HOP, RATE)
    np.testing.assert_allclose(made[127::128], HARMONIC_AMPLITUDE * 62, rtol=1e-4)


def test_phase_turns_all_harmonics_along() -> None:
    log_f0 = np.full(30, math.log(200.0), np.float32)
    phase = np.full(30, 1.3, np.float32)
    made = pulse_train(log_f0, np.ones(30, np.float32), HOP, RATE, phase)
    angle = oscillator_phase(log_f0, HOP, RATE) + 1.3
    count = math.floor(TOP * RATE / 2 / 200.0)
    wanted = sum(np.cos(k * angle) for k in range(1, count + 1)) * HARMONIC_AMPLITUDE
    np.testing.assert_allclose(made, wanted, atol=2e-4)


def test_phase_is_interpolated_the_short_way_round() -> None:
    """From 3.1 to -3.1 it is 0.08 radians, across pi, and not 6.2 across zero."""
    log_f0 = np.full(2, math.log(100.0), np.float32)
    phase = np.array([3.1, -3.1], np.float32)
    made = pulse_train(log_f0, np.ones(2, np.float32), HOP, RATE, phase)
    near = pulse_train(
        log_f0, np.ones(2, np.float32), HOP, RATE, np.array([3.1, 2 * np.pi - 3.1], np.float32)
    )
    still = pulse_train(log_f0, np.ones(2, np.float32), HOP, RATE, np.full(2, math.pi, np.float32))
    np.testing.assert_allclose(made, near, atol=3e-5)
    assert np.abs(made[HOP // 2] - still[HOP // 2]) < 1e-3


def test_silent_where_unvoiced() -> None:
    voiced = np.array([1, 1, 0, 0, 0, 1, 1], np.float32)
    made = pulse_train(np.full(7, 5.0, np.float32), voiced, HOP, RATE)
    assert not made[2 * HOP : 4 * HOP + 1].any()
    assert np.abs(made[: 2 * HOP]).max() > 0.5


def test_shortest_trains() -> None:
    assert pulse_train(np.zeros(0, np.float32), np.zeros(0, np.float32), HOP, RATE).shape == (0,)
    assert pulse_train(np.full(1, 5.0, np.float32), np.ones(1, np.float32), HOP, RATE).shape == (HOP,)


@pytest.mark.parametrize("hz", [60.0, 440.0, 3_999.0])
def test_nothing_folds_back(hz: float) -> None:
    """All energy lies on multiples of the pitch below the top; the last one is there."""
    frames, hop = 125, 128
    made = pulse_train(np.full(frames, math.log(hz), np.float32), np.ones(frames, np.float32), hop, RATE)
    size = np.abs(np.fft.rfft(made * np.hanning(len(made)))) / (len(made) / 4)
    lines = np.flatnonzero(size > 0.5 * HARMONIC_AMPLITUDE)
    assert (np.abs(lines - np.round(lines / hz) * hz) <= 1.01).all()
    assert lines.max() <= TOP * RATE / 2 + 1
    assert len({round(line / hz) for line in lines}) == math.floor(TOP * RATE / 2 / hz)
