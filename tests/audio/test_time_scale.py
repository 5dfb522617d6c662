import numpy as np
import pytest

from tiedtts.audio import time_scale

RATE = 16000


def joined(samples: np.ndarray, factor: float) -> np.ndarray:
    return np.concatenate(list(time_scale.faster(samples, factor, RATE)))


@pytest.mark.parametrize("factor", [1.0, 1.01, 1.5, 2.0, 3.7, 10.0])
@pytest.mark.parametrize("size", [0, 1, 100, 999, 16000])
def test_it_is_as_long_as_it_should_be(factor: float, size: int) -> None:
    noise = np.random.default_rng(0).standard_normal(size).astype(np.float32) * 0.1
    made = joined(noise, factor)
    assert made.dtype == np.float32
    assert len(made) == round(size / factor)
    assert np.isfinite(made).all()


@pytest.mark.parametrize("hz", [90.0, 180.0, 330.0])
@pytest.mark.parametrize("factor", [1.3, 2.0, 4.0])
def test_pitch_and_level_stay(hz: float, factor: float) -> None:
    time = np.arange(RATE) / RATE
    wave = sum(np.cos(2 * np.pi * hz * k * time) / k for k in range(1, 6)).astype(np.float32)
    made = joined(wave, factor)
    spectrum = np.abs(np.fft.rfft(made * np.hanning(len(made)), 4 * RATE))
    assert np.argmax(spectrum) / 4 == pytest.approx(hz, abs=4)
    assert np.sqrt(np.mean(made**2)) == pytest.approx(np.sqrt(np.mean(wave**2)), rel=0.06)


def test_places_stay_in_proportion() -> None:
    wave = np.zeros(RATE, np.float32)
    wave[8000:8400] = np.random.default_rng(0).standard_normal(400)
    heard = np.flatnonzero(np.abs(joined(wave, 2.0)) > 0.1)
    assert heard[0] == pytest.approx(4000, abs=250)
    assert heard[-1] == pytest.approx(4200, abs=250)
