import numpy as np
import pytest

from tiedtts.audio.loudness import CEILING, amplify, limit

RATE = 24_000


def noise(seconds: float, size: float) -> np.ndarray:
    return (size * np.random.default_rng(0).standard_normal(int(seconds * RATE))).astype(np.float32)


def test_what_fits_is_left_alone() -> None:
    samples = noise(0.1, 0.1)
    assert limit(samples, RATE) is samples
    assert np.array_equal(amplify(samples, 2.0, RATE), 2 * samples)
    assert len(limit(np.zeros(0, np.float32), RATE)) == 0


@pytest.mark.parametrize("length", [1, 23, 24, 25, 1_000, 24_000])
@pytest.mark.parametrize("gain", [1.5, 10.0])
def test_nothing_is_overloaded_nor_clipped(length: int, gain: float) -> None:
    samples = noise(1.0, 0.5)[:length]
    samples[length // 2] = 1.0
    made = amplify(samples, gain, RATE)
    assert np.abs(made).max() <= CEILING
    # Turned down, not cut off: few samples lie at the ceiling.
    assert (np.abs(made) > 0.999 * CEILING).mean() < 0.02 or length < 1_000


def test_the_limiter_acts_only_near_a_peak_and_without_steps() -> None:
    samples = np.full(RATE, 0.5, np.float32)
    samples[RATE // 2] = 2.0
    gain = limit(samples, RATE) / samples
    near = np.abs(np.arange(RATE) - RATE // 2) < 0.015 * RATE
    assert np.array_equal(gain[~near], np.ones((~near).sum(), np.float32))
    assert gain[RATE // 2] == pytest.approx(CEILING / 2, rel=1e-5)
    assert np.abs(np.diff(gain)).max() < 0.005


def test_gain_may_change_on_its_way() -> None:
    samples = noise(0.1, 0.05)
    gain = np.linspace(0, 4, len(samples), dtype=np.float32)
    assert np.array_equal(amplify(samples, gain, RATE), samples * gain)
