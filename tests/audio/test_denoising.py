"""Noise goes down by what was asked for, speech stays."""

import numpy as np
import pytest

from tiedtts.audio.denoising import denoise

RATE = 16_000


def _recording(noise: float = 0.003) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return harmonics between silences, the noise over them, and where there is a tone."""
    rng = np.random.default_rng(0)
    times = np.arange(2 * RATE) / RATE
    spoken = (times > 0.4) & (times < 1.0) | (times > 1.2) & (times < 1.6)
    tone = sum(np.sin(2 * np.pi * 150 * k * times) / k for k in range(1, 20)) * 0.2 * spoken
    return tone.astype(np.float32), (rng.standard_normal(len(times)) * noise).astype(np.float32), spoken


def _level(samples: np.ndarray) -> float:
    return float(10 * np.log10((samples.astype(np.float64) ** 2).mean()))


@pytest.mark.parametrize("depth", [6.0, 12.0, 20.0])
def test_pauses_get_quieter_and_speech_does_not(depth: float) -> None:
    tone, noise, _ = _recording()
    made = denoise(tone + noise, RATE, depth)
    assert made.shape == tone.shape
    assert made.dtype == np.float32
    # Away from onsets, where windows hold some of the speech.
    pause = slice(500, 5000)
    assert _level(made[pause]) - _level(noise[pause]) == pytest.approx(-depth, abs=1.5)
    speech = slice(7000, 15_500)
    assert _level(made[speech]) == pytest.approx(_level(tone[speech]), abs=0.1)
    assert _level(made - tone) < _level(noise) - 2


def test_no_tinkling() -> None:
    """The noise that is left is as even as it was: no frequency sticks out now and then."""
    tone, noise, _ = _recording()

    def crest(samples: np.ndarray) -> float:
        frames = np.lib.stride_tricks.sliding_window_view(samples[500:5000], 512)[::128]
        sizes = np.abs(np.fft.rfft(frames * np.hanning(512), axis=1))
        return float(sizes.max() / np.sqrt((sizes**2).mean()))

    assert crest(denoise(tone + noise, RATE, 15.0)) < 1.25 * crest(noise)


def test_what_is_left_alone() -> None:
    tone, noise, _ = _recording()
    np.testing.assert_array_equal(denoise(tone + noise, RATE, 0.0), tone + noise)
    silence = np.zeros(RATE, np.float32)
    np.testing.assert_array_equal(denoise(silence, RATE, 12.0), silence)
    short = noise[:300]
    np.testing.assert_array_equal(denoise(short, RATE, 12.0), short)
    clean = denoise(tone, RATE, 12.0)
    assert _level(clean - tone) < _level(tone) - 30


@pytest.mark.parametrize("count", [4001, 8000, 12_345])
def test_any_length(count: int) -> None:
    tone, noise, _ = _recording()
    made = denoise((tone + noise)[:count], RATE, 12.0)
    assert len(made) == count
    assert np.isfinite(made).all()
