"""Mel spectrograms."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from tiedtts.audio import mel
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import ConfigError

SETTINGS = AudioSettings()


def slaney_hz(mels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Slaney's scale: 15 mel are 1000 Hz; straight below, logarithmic above (27 steps for 6.4)."""
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp((mels - 15) * math.log(6.4) / 27))


def test_filters_are_slaney_triangles_of_equal_area() -> None:
    bank = mel.filterbank(SETTINGS)
    assert bank.shape == (80, 513)
    top = 15 + math.log(12) * 27 / math.log(6.4)
    edges = slaney_hz(np.linspace(0, top, 82))
    frequencies = np.arange(513) * 24_000 / 1024
    for band, (low, centre, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        rising, falling = (frequencies - low) / (centre - low), (high - frequencies) / (high - centre)
        triangle = np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)
        np.testing.assert_allclose(bank[band], triangle, atol=1e-7)


@pytest.mark.parametrize(
    ("settings", "band", "peak", "value"),
    [
        (AudioSettings(), 0, 2, "0x1.5903bcp-6"),
        (AudioSettings(), 19, 36, "0x1.73c7e6p-6"),
        (AudioSettings(), 79, 490, "0x1.038c76p-9"),
        (AudioSettings(sample_rate=16_000, f_max=8_000.0), 79, 493, "0x1.b48d82p-9"),
        (
            AudioSettings(sample_rate=22_050, n_fft=2048, n_mels=128, f_min=50.0, f_max=11_000.0),
            19,
            52,
            "0x1.282a88p-5",
        ),
    ],
)
def test_filters_have_the_values_that_librosa_gives(
    settings: AudioSettings, band: int, peak: int, value: str
) -> None:
    """Values of `librosa.filters.mel` 0.11: data folders and voices were made with them."""
    row = mel.filterbank(settings)[band]
    assert int(row.argmax()) == peak
    assert float(row[peak]) == pytest.approx(float.fromhex(value), rel=1e-6)


@pytest.mark.parametrize(("hz", "mels"), [(0.0, 0.0), (440.0, 6.6), (1_000.0, 15.0), (6_400.0, 42.0)])
def test_the_scale_and_its_inverse(hz: float, mels: float) -> None:
    assert mel.to_mel(hz) == pytest.approx(mels)
    assert mel.to_hz(np.array([mels]))[0] == pytest.approx(hz)


def test_too_many_bands() -> None:
    with pytest.raises(ConfigError, match=r"^300 mel bands are too many for windows of 1024 samples$"):
        mel.filterbank(AudioSettings(n_mels=300))


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 1023, 5 * 256, 5 * 256 + 255])
def test_frames_are_whole_hops(count: int) -> None:
    samples = np.zeros(count, np.float32)
    logs = mel.log_mel(samples, SETTINGS)
    assert logs.shape == (count // 256, 80)
    assert logs.dtype == np.float32
    np.testing.assert_allclose(logs, math.log(mel.FLOOR), rtol=1e-6)


def test_magnitudes_are_windowed_transforms() -> None:
    """Frame f is the Fourier sum of a periodic Hann window centred on sample f * hop."""
    samples = np.random.default_rng(0).standard_normal(256 * 12 + 100).astype(np.float32)
    magnitudes = mel.magnitudes(samples, SETTINGS)
    n = np.arange(1024)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / 1024)
    silence = np.zeros(1024)
    padded = np.concatenate([silence, samples, silence])
    for frame in (0, 1, 5, 11):
        start = 1024 + frame * 256 - 512
        for k in (0, 1, 77, 512):
            value = (padded[start : start + 1024] * window * np.exp(-2j * np.pi * k * n / 1024)).sum()
            assert magnitudes[frame, k] == pytest.approx(abs(value), rel=1e-4, abs=1e-4)


def test_a_frame_depends_only_on_its_window() -> None:
    samples = np.random.default_rng(1).standard_normal(256 * 20).astype(np.float32)
    other = samples.copy()
    other[10 * 256 + 512 :] = 0
    first, second = mel.log_mel(samples, SETTINGS), mel.log_mel(other, SETTINGS)
    np.testing.assert_array_equal(first[:11], second[:11])
    assert not np.allclose(first[11], second[11])


def test_twice_as_loud_is_log_two_more() -> None:
    samples = np.random.default_rng(2).standard_normal(256 * 8).astype(np.float32)
    difference = mel.log_mel(2 * samples, SETTINGS) - mel.log_mel(samples, SETTINGS)
    np.testing.assert_allclose(difference, math.log(2), atol=1e-4)


def test_a_tone_is_loudest_in_its_band() -> None:
    edges = slaney_hz(np.linspace(0, 15 + math.log(12) * 27 / math.log(6.4), 82))
    for band in (10, 40, 70):
        tone = np.sin(2 * np.pi * edges[band + 1] / 24_000 * np.arange(256 * 20)).astype(np.float32)
        assert mel.log_mel(tone, SETTINGS)[10].argmax() == band
