"""Another sampling rate: a sine stays that sine, and nothing comes beside it."""

import numpy as np
import pytest

from tiedtts.audio.resampling import Resampler
from tiedtts.errors import AudioError


def sine(frequency: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def resampled(samples: np.ndarray, source: int, target: int, part: int = 10**9) -> np.ndarray:
    change = Resampler(source, target)
    parts = [change(samples[start : start + part]) for start in range(0, len(samples), part)]
    return np.concatenate([*parts, change.flush()])


RATES = [
    (24_000, 48_000),
    (24_000, 44_100),
    (24_000, 16_000),
    (22_050, 48_000),
    (24_000, 8_000),
    (22_050, 32_000),
]


@pytest.mark.parametrize(("source", "target"), RATES)
def test_a_sine_stays_itself(source: int, target: int) -> None:
    frequency = 0.8 * min(source, target) / 2
    made = resampled(sine(frequency, source), source, target)
    edge = target // 20
    np.testing.assert_allclose(made[edge:-edge], sine(frequency, target)[edge:-edge], atol=3e-5)


@pytest.mark.parametrize(("source", "target"), RATES)
def test_nothing_comes_beside_a_sine(source: int, target: int) -> None:
    made = resampled(sine(1_000, source), source, target)[target // 20 : -target // 20]
    spectrum = np.abs(np.fft.rfft(made * np.blackman(len(made)))) / (0.21 * len(made) * 0.5)
    frequencies = np.fft.rfftfreq(len(made), 1 / target)
    assert 20 * np.log10(spectrum[np.abs(frequencies - 1_000) > 50].max()) < -90


@pytest.mark.parametrize("target", [16_000, 8_000])
def test_what_the_lower_rate_cannot_hold_is_gone(target: int) -> None:
    made = resampled(sine(target / 2 + 100, 24_000), 24_000, target)[1_000:-1_000]
    assert 20 * np.log10(np.abs(made).max() / 0.5) < -80


@pytest.mark.parametrize("part", [1, 37, 5_000])
def test_parts_make_the_same_as_the_whole(part: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 6_000).astype(np.float32)
    assert np.array_equal(resampled(noise, 24_000, 44_100, part), resampled(noise, 24_000, 44_100))


@pytest.mark.parametrize("length", [0, 1, 2, 100, 24_000])
def test_the_length_is_that_of_the_sound(length: int) -> None:
    made = resampled(np.ones(length, np.float32), 24_000, 44_100)
    assert len(made) == round(length * 44_100 / 24_000 + 1e-9)


def test_rates_that_have_little_in_common_are_refused() -> None:
    with pytest.raises(AudioError, match=r"^cannot change 24000 Hz to 24001 Hz$"):
        Resampler(24_000, 24_001)
