"""Sound brought to a loudness: as pyloudnorm measures it as a whole, with true peaks under the limit."""

import io
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile
from scipy.signal import resample_poly

from tiedtts.audio import files, leveling
from tiedtts.audio.encoding import Encoding, encoder
from tiedtts.audio.leveling import Meter, leveled, true_peaks
from tiedtts.errors import AudioError


def speechlike(seconds: float, rate: int, seed: int = 0) -> np.ndarray:
    """Noise in bursts with pauses and a few clicks, about as peaky as speech."""
    rng = np.random.default_rng(seed)
    size = round(seconds * rate)
    envelope = np.repeat(rng.choice([0.0, 0.02, 0.1], size // (rate // 5) + 1), rate // 5)[:size]
    noise = np.cumsum(rng.normal(size=size))
    noise -= np.convolve(noise, np.ones(50) / 50, "same")
    sound = envelope * noise / noise.std()
    sound[:: rate // 3] *= 4
    return np.asarray(sound, np.float32)


def loudness(samples: np.ndarray, rate: int) -> float:
    return float(pyloudnorm.Meter(rate).integrated_loudness(np.asarray(samples, float)))


def peak(samples: np.ndarray) -> float:
    return float(20 * np.log10(np.abs(resample_poly(np.asarray(samples, float), 16, 1)).max()))


def made(samples: np.ndarray, rate: int, lufs: float | None, parts: int = 3) -> np.ndarray:
    found: list[np.ndarray] = []
    with leveled(lambda part: found.append(part), rate, lufs) as add:
        for part in np.array_split(samples, parts):
            add(part)
    return np.concatenate(found)


@pytest.mark.parametrize(("seconds", "rate"), [(0.5, 24_000), (29.9, 8_000), (31.27, 22_050), (75.0, 11_025)])
def test_the_meter_measures_parts_as_the_whole(seconds: float, rate: int) -> None:
    samples = speechlike(seconds, rate)
    meter = Meter(rate)
    for part in np.array_split(samples, 7):
        meter.add(part)
    assert meter.loudness() == pytest.approx(loudness(samples, rate), abs=0.01)


@pytest.mark.parametrize("lufs", [-40.0, -23.0, -16.0, -14.0])
def test_loudness_and_true_peaks(lufs: float) -> None:
    samples = speechlike(12.0, 24_000)
    found = made(samples, 24_000, lufs)
    assert len(found) == len(samples)
    assert loudness(found, 24_000) == pytest.approx(lufs, abs=0.1)
    assert peak(found) <= -1.0


def test_what_is_cut_in_parts_is_the_same_as_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = speechlike(9.0, 8_000)
    whole = made(samples, 8_000, -14.0, parts=1)
    assert np.array_equal(whole, made(samples, 8_000, -14.0, parts=50))
    monkeypatch.setattr(leveling, "_AT_ONCE", 2)
    assert np.allclose(whole, made(samples, 8_000, -14.0), atol=2e-3)


def test_short_and_silent_sounds() -> None:
    tone = np.asarray(0.01 * np.sin(np.arange(2_400)), np.float32)
    found = made(tone, 24_000, -20.0)
    assert Meter(24_000).loudness() == -np.inf
    meter = Meter(24_000)
    meter.add(found)
    assert meter.loudness() == pytest.approx(-20.0, abs=0.1)
    for silent in (np.zeros(24_000, np.float32), np.zeros(0, np.float32)):
        assert not made(silent, 24_000, -20.0, parts=1).any() if len(silent) else True


def test_true_peaks_lie_between_samples() -> None:
    # A sine at a quarter of the rate, sampled 45 degrees from its peaks.
    samples = np.sin(np.pi / 2 * np.arange(4_000) + np.pi / 4)
    assert np.abs(samples).max() == pytest.approx(np.sqrt(0.5))
    assert true_peaks(samples, 48_000, 100)[5:-5].max() == pytest.approx(1.0, abs=0.01)
    assert len(true_peaks(samples[:101], 8_000, 100)) == 2


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".opus", ".mp3"])
def test_every_format(suffix: str) -> None:
    samples = speechlike(6.0, 24_000)
    data = files.encoded(samples, 24_000, Encoding(suffix=suffix, lufs=-20.0))
    found, rate = soundfile.read(io.BytesIO(data))
    assert loudness(found, rate) == pytest.approx(-20.0, abs=0.6)


def test_an_error_writes_nothing() -> None:
    file = io.BytesIO()

    def fail() -> None:
        with encoder(file, 8_000, Encoding(lufs=-20.0)) as add:
            add(speechlike(1.0, 8_000))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(file.getvalue()) <= 44


@pytest.mark.parametrize("lufs", [0.0, -11.0, -51.0, float("nan"), float("-inf"), True, "loud"])
def test_what_is_no_loudness(lufs: object) -> None:
    with pytest.raises(AudioError, match="a loudness is -50 to -12 LUFS, got"):
        Encoding(lufs=lufs)  # type: ignore[arg-type]


def test_without_the_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(leveling.util, "find_spec", lambda name: None)
    with pytest.raises(AudioError, match="needs the package pyloudnorm") as caught:
        files.encoded(np.zeros(100), 8_000, Encoding(lufs=-20.0))
    assert "[loudness]" in str(caught.value.hint)
