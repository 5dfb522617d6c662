"""Griffin-Lim finds samples whose mel spectrogram is the one given."""

import numpy as np
import numpy.typing as npt
import pytest

from tiedtts.audio import griffinlim, mel, mel_inversion
from tiedtts.audio.griffinlim import griffin_lim
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import ConfigError

SETTINGS = AudioSettings()


def voice(frames: int = 90) -> npt.NDArray[np.float32]:
    """A gliding pitch with a falling spectrum, coming and going, and some noise."""
    times = np.arange(frames * SETTINGS.hop) / SETTINGS.sample_rate
    pitch = 180 + 30 * np.sin(2 * np.pi * 1.5 * times)
    angle = 2 * np.pi * np.cumsum(pitch) / SETTINGS.sample_rate
    tone = sum(np.cos(k * angle + k**2) / k for k in range(1, 30))
    noise = np.random.default_rng(0).standard_normal(len(times))
    loudness = 0.5 - 0.5 * np.cos(2 * np.pi * 4 * times)
    return np.asarray(0.05 * loudness * tone + 0.002 * noise, np.float32)


def error(samples: npt.NDArray[np.float32], wanted: npt.NDArray[np.float32]) -> float:
    return float(np.abs(mel.log_mel(samples, SETTINGS) - wanted).mean())


def test_mel_comes_back() -> None:
    wanted = mel.log_mel(voice(), SETTINGS)
    samples = griffin_lim(wanted, SETTINGS)
    assert samples.shape == (90 * SETTINGS.hop,)
    assert samples.dtype == np.float32
    assert error(samples, wanted) < 0.12


def test_iterations_and_momentum_help() -> None:
    wanted = mel.log_mel(voice(60), SETTINGS)
    none, few, slow, many = (
        error(griffin_lim(wanted, SETTINGS, iterations=count, momentum=momentum), wanted)
        for count, momentum in ((0, 0.99), (8, 0.99), (40, 0.0), (40, 0.99))
    )
    assert none > few > many
    assert many < slow


def test_a_tone_keeps_its_pitch_and_level() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 1_000 / SETTINGS.sample_rate * np.arange(60 * SETTINGS.hop))
    samples = griffin_lim(mel.log_mel(tone.astype(np.float32), SETTINGS), SETTINGS)
    middle = samples[10 * SETTINGS.hop : -10 * SETTINGS.hop]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert spectrum.argmax() * SETTINGS.sample_rate / len(middle) == pytest.approx(1_000, abs=30)
    assert np.std(middle) == pytest.approx(0.1 / np.sqrt(2), rel=0.25)


def test_same_seed_same_samples() -> None:
    wanted = mel.log_mel(voice(12), SETTINGS)
    first, again, other = (griffin_lim(wanted, SETTINGS, iterations=2, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("frames", [0, 1, 2, 5])
def test_short_and_silent(frames: int) -> None:
    silence = np.full((frames, SETTINGS.n_mels), np.log(mel.FLOOR), np.float32)
    samples = griffin_lim(silence, SETTINGS, iterations=3)
    assert samples.shape == (frames * SETTINGS.hop,)
    assert np.abs(samples).max(initial=0) < 1e-3


def test_wild_input_stays_finite() -> None:
    wild = np.random.default_rng(0).normal(0, 300, (6, SETTINGS.n_mels)).astype(np.float32)
    wild[0, 0], wild[1, 1] = np.nan, np.inf
    assert np.isfinite(griffin_lim(wild, SETTINGS, iterations=5)).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"iterations": -1}, r"^`iterations` must not be negative, got: -1$"),
        ({"momentum": 1.0}, r"^`momentum` must be in \[0, 1\), got: 1.0$"),
    ],
)
def test_refuses(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        griffin_lim(np.zeros((3, 80), np.float32), SETTINGS, **options)


def test_transform_and_inverse_are_one() -> None:
    """A signal with silence of half a window at its ends, as the search sees it."""
    samples = np.pad(voice(20), (512, 512))
    samples = samples[: (len(samples) - 1024) // 256 * 256 + 1024]
    back = griffinlim._inverse(griffinlim._transform(samples, SETTINGS), SETTINGS)
    np.testing.assert_allclose(back, samples, atol=1e-6)


@pytest.mark.parametrize("rounds", [0, 10])
def test_a_flat_spectrum_fits_from_the_start(rounds: int) -> None:
    bands = np.log(np.full((1, 513), 0.3) @ mel.filterbank(SETTINGS).T)
    spectra = mel_inversion.spectrum_of(bands, SETTINGS, rounds=rounds)
    np.testing.assert_allclose(spectra[:, 1:-1], 0.3, rtol=1e-5)


def test_spectra_come_closer_to_the_bands() -> None:
    wanted = mel.log_mel(voice(20), SETTINGS)
    errors = []
    for rounds in (0, 1, 10, 50):
        spectra = mel_inversion.spectrum_of(wanted, SETTINGS, rounds=rounds)
        assert spectra.shape == (20, 513)
        assert (spectra > 0).all()
        errors.append(np.abs(np.log(spectra @ mel.filterbank(SETTINGS).T) - wanted).mean())
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.01


def test_one_band() -> None:
    settings = AudioSettings(n_mels=1)
    assert griffin_lim(np.zeros((3, 1), np.float32), settings, iterations=1).shape == (768,)
