"""Linear prediction finds known filters, and what it synthesises has the pitch and level asked for."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.audio.reflection import reflection_to_predictor
from tiedtts.audio import line_spectrum, lpc, mel
from tiedtts.audio.lpc import LpcFrames
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import ConfigError

SETTINGS = AudioSettings()
RATE, HOP = SETTINGS.sample_rate, SETTINGS.hop
FORMANTS = [(700.0, 130.0), (1_220.0, 120.0), (2_600.0, 160.0), (3_500.0, 250.0)]
# Up to the top, as in speech: four formants alone fall by 80 dB.
FORMANTS += [(5_000.0, 400.0), (6_500.0, 500.0), (8_000.0, 500.0), (9_500.0, 600.0), (11_000.0, 700.0)]


def resonances(formants: list[tuple[float, float]]) -> npt.NDArray[np.float64]:
    """The predictor with poles at frequencies and bandwidths in Hz, and one at 0 Hz for the slope."""
    whitening = np.array([1.0, -0.8])
    for frequency, width in formants:
        radius = math.exp(-math.pi * width / RATE)
        pair = [1.0, -2 * radius * math.cos(2 * math.pi * frequency / RATE), radius**2]
        whitening = np.convolve(whitening, pair)
    return -whitening[1:]


def driven(
    predictor: npt.NDArray[np.float64], excitation: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The recursion, sample by sample."""
    order = len(predictor)
    out = np.zeros(len(excitation) + order)
    for n, value in enumerate(excitation):
        out[n + order] = value + predictor @ out[n : n + order][::-1]
    return out[order:]


def vowel(frames: int = 60, seed: int = 0) -> npt.NDArray[np.float64]:
    noise = np.random.default_rng(seed).standard_normal(frames * HOP)
    return driven(resonances(FORMANTS), 0.002 * noise)


def steady(predictor: npt.NDArray[np.float64], gain: float, frames: int) -> LpcFrames:
    lsf = line_spectrum.from_predictor(predictor[None]).repeat(frames, 0).astype(np.float32)
    return LpcFrames(lsf, np.full(frames, math.log(gain), np.float32))


def test_levinson_solves_the_normal_equations() -> None:
    lags = np.random.default_rng(0).standard_normal((4, 40))
    spectra = np.abs(np.fft.rfft(lags, 128, axis=1)) ** 2
    autocorrelation = np.fft.irfft(spectra, axis=1)[:, :9]
    predictor, reflection, error = lpc.levinson(autocorrelation)
    for row, found, left in zip(autocorrelation, predictor, error, strict=True):
        matrix = row[np.abs(np.subtract.outer(np.arange(8), np.arange(8)))]
        wanted = np.linalg.solve(matrix, row[1:])
        np.testing.assert_allclose(found, wanted, atol=1e-9)
        assert left == pytest.approx(row[0] - wanted @ row[1:])
    np.testing.assert_allclose(reflection_to_predictor(reflection), predictor, atol=1e-12)
    assert (np.abs(reflection) < 1).all()


def test_levinson_recovers_an_autoregressive_process() -> None:
    """Its exact autocorrelation is that of the impulse response of the filter."""
    wanted = resonances(FORMANTS[:2])
    response = driven(wanted, np.eye(1, 6_000)[0])
    autocorrelation = np.array([response[: 6_000 - lag] @ response[lag:] for lag in range(6)])
    predictor, _, error = lpc.levinson(autocorrelation[None])
    np.testing.assert_allclose(predictor[0], wanted, atol=1e-6)
    assert error[0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("source", ["samples", "mel"])
def test_finds_the_envelope_and_gain_of_a_vowel(source: str) -> None:
    samples = vowel(200).astype(np.float32)
    frames = (
        lpc.analyse(samples, SETTINGS, 26)
        if source == "samples"
        else lpc.from_mel(mel.log_mel(samples, SETTINGS), SETTINGS, 26)
    )
    assert frames.lsf.shape == (200, 26)
    assert (frames.lsf.dtype, frames.log_gain.dtype) == (np.float32, np.float32)
    assert (len(frames), frames.order) == (200, 26)
    found = np.log(lpc.envelope(frames, 513)[5:-5]).mean(0)
    wanted = np.log(lpc.envelope(steady(resonances(FORMANTS), 0.002, 1), 513)[0])
    # dB; the mean of logarithms of a noise's spectrum is a little low.
    difference = 20 / np.log(10) * (found - wanted)
    assert np.sqrt(np.mean(difference[4:] ** 2)) < 1.5
    assert abs(np.mean(difference[4:])) < 1.0
    peak = np.abs(np.fft.rfftfreq(1024, 1 / RATE) - 700).argmin()
    assert abs(int(found[:40].argmax()) - peak) <= 2


def test_a_known_filter_comes_back_from_its_own_synthesis() -> None:
    frames = steady(resonances(FORMANTS), 0.002, 120)
    silent = np.zeros(120, np.float32)
    samples = lpc.synthesise(frames, silent, silent, SETTINGS)
    assert samples.shape == (120 * HOP,)
    assert samples.dtype == np.float32
    wanted = driven(resonances(FORMANTS), 0.002 * np.random.default_rng(3).standard_normal(120 * HOP))
    assert np.std(samples) == pytest.approx(np.std(wanted), rel=0.1)
    again = np.log(lpc.envelope(lpc.analyse(samples, SETTINGS, 20), 257))[3:-3].mean(0)
    true = np.log(lpc.envelope(frames, 257)[0])
    assert np.sqrt(np.mean((again - true)[3:] ** 2)) * 20 / np.log(10) < 2.0


@pytest.mark.parametrize("hz", [100.0, 200.0, 317.0])
def test_pulses_have_the_pitch(hz: float) -> None:
    frames = steady(resonances(FORMANTS), 0.002, 94)
    pitch, voiced = np.full(94, math.log(hz), np.float32), np.ones(94, np.float32)
    samples = lpc.synthesise(frames, pitch, voiced, SETTINGS)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))[:3_000]
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)[:3_000]
    tall = frequencies[spectrum > 0.2 * spectrum.max()]
    # A window of a second resolves 2 Hz.
    assert (np.abs(tall - np.round(tall / hz) * hz) <= 2.1).all()
    assert len({round(line / hz) for line in tall}) >= 2


def test_pulses_are_as_loud_as_noise() -> None:
    """The gain is of the excitation, whatever it is; a narrow resonance between harmonics would tell."""
    frames = steady(np.array([0.8, 0.0]), 0.01, 94)
    pitch = np.full(94, math.log(150.0), np.float32)
    loud = [np.std(lpc.synthesise(frames, pitch, np.full(94, v, np.float32), SETTINGS)) for v in (0, 1)]
    assert loud[0] == pytest.approx(0.01 / math.sqrt(1 - 0.64), rel=0.03)
    assert loud[1] == pytest.approx(loud[0], rel=0.1)


def test_voiced_speech_is_noisy_at_the_top_only() -> None:
    frames = steady(np.zeros(2), 0.05, 94)
    pitch, voiced = np.full(94, math.log(200.0), np.float32), np.ones(94, np.float32)
    samples = lpc.synthesise(frames, pitch, voiced, SETTINGS)
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    at_harmonics = np.abs(frequencies - np.round(frequencies / 200) * 200) < 5

    def share(low: float, high: float) -> float:
        band = (frequencies > low) & (frequencies < high)
        return float(power[band & at_harmonics].sum() / power[band].sum())

    assert share(100, 2_000) > 0.9
    assert share(9_000, 11_900) < 0.3


def test_gain_is_interpolated_without_a_click() -> None:
    """From loud to soft within a frame: the largest step between samples is that of the loud part."""
    gains = np.where(np.arange(40) < 20, math.log(0.005), math.log(0.00005)).astype(np.float32)
    lsf = steady(resonances(FORMANTS[:1]), 1.0, 40).lsf
    zeros = np.zeros(40, np.float32)
    samples = lpc.synthesise(LpcFrames(lsf, gains), zeros, zeros, SETTINGS)
    steps = np.abs(np.diff(samples))
    assert steps[19 * HOP :].max() <= steps[: 19 * HOP].max()
    assert np.std(samples[25 * HOP :]) < 0.02 * np.std(samples[: 15 * HOP])


def test_filters_are_those_of_the_recursion() -> None:
    """One frame's impulse response, against the recursion sample by sample."""
    predictor = resonances(FORMANTS)
    frames = steady(predictor, 0.001, 40)
    pitch, voiced = np.full(40, math.log(80.0), np.float32), np.ones(40, np.float32)
    samples = lpc.synthesise(frames, pitch, voiced, SETTINGS)
    driving = lpc.synthesise(steady(np.zeros(len(predictor)), 0.001, 40), pitch, voiced, SETTINGS)
    wanted = driven(predictor, driving.astype(np.float64))
    middle = slice(4 * HOP, -2 * HOP)
    error = np.std(samples[middle] - wanted[middle]) / np.std(wanted[middle])
    assert error < 1e-3


def test_same_seed_same_noise() -> None:
    frames, zeros = steady(np.array([0.5]), 0.01, 4), np.zeros(4, np.float32)
    first, again, other = (lpc.synthesise(frames, zeros, zeros, SETTINGS, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_silence_stays_silent() -> None:
    frames = lpc.analyse(np.zeros(10 * HOP, np.float32), SETTINGS, 26)
    assert np.isfinite(frames.lsf).all()
    zeros = np.zeros(10, np.float32)
    assert np.abs(lpc.synthesise(frames, zeros, zeros, SETTINGS)).max() < 1e-3


@pytest.mark.parametrize("count", [0, 1, HOP - 1, HOP, HOP + 1, 5 * HOP - 1])
def test_frames_are_whole_hops(count: int) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, count).astype(np.float32)
    frames = lpc.analyse(samples, SETTINGS, 26)
    assert frames.lsf.shape == (count // HOP, 26)
    assert frames.log_gain.shape == (count // HOP,)
    zeros = np.zeros(len(frames), np.float32)
    assert lpc.synthesise(frames, zeros, zeros, SETTINGS).shape == (count // HOP * HOP,)
    assert lpc.from_mel(mel.log_mel(samples, SETTINGS), SETTINGS, 26).lsf.shape == (count // HOP, 26)


def test_a_frame_is_centred_on_its_sample() -> None:
    """A click on sample 4 * hop is loudest in frame 4, by the same in 3 and 5."""
    samples = np.zeros(9 * HOP, np.float32)
    samples[4 * HOP] = 0.5
    gains = lpc.analyse(samples, SETTINGS, 10).log_gain
    assert gains.argmax() == 4
    assert gains[3] == pytest.approx(gains[5], abs=0.3)


@pytest.mark.parametrize("order", [1, 65])
def test_refuses_an_order(order: int) -> None:
    with pytest.raises(ConfigError, match=f"^the order of linear prediction must be 2 to 64, got: {order}$"):
        lpc.analyse(np.zeros(1_000, np.float32), SETTINGS, order)


def test_other_rates_and_hops() -> None:
    odd = AudioSettings(sample_rate=8_000, n_fft=256, hop=75, n_mels=20, f_max=4_000.0)
    samples = 0.1 * np.random.default_rng(0).standard_normal(4_000).astype(np.float32)
    frames = lpc.analyse(samples, odd, 10)
    zeros = np.zeros(len(frames), np.float32)
    made = lpc.synthesise(frames, zeros, zeros, odd)
    assert made.shape == (53 * 75,)
    assert np.std(made) == pytest.approx(0.1, rel=0.1)


ANYTHING = st.floats(-30, 30, width=32) | st.sampled_from([np.nan, np.inf, -np.inf, 1e30])


@settings(max_examples=40, deadline=None)
@given(
    lsf=hnp.arrays(np.float32, (5, 8), elements=ANYTHING),
    rest=hnp.arrays(np.float32, (3, 5), elements=ANYTHING),
)
def test_nothing_blows_up(lsf: npt.NDArray[np.float32], rest: npt.NDArray[np.float32]) -> None:
    small = AudioSettings(sample_rate=8_000, n_fft=256, hop=64, n_mels=20, f_max=4_000.0)
    made = lpc.synthesise(LpcFrames(lsf, rest[0]), rest[1], rest[2], small)
    assert np.isfinite(made).all()
    # The bound is on the root mean square; a pulse is some times higher.
    assert np.abs(made).max() < 40 * lpc.LOUDEST


@settings(max_examples=30, deadline=None)
@given(samples=hnp.arrays(np.float32, st.integers(0, 400), elements=st.floats(-1, 1, width=32)))
def test_any_signal_has_a_stable_filter(samples: npt.NDArray[np.float32]) -> None:
    small = AudioSettings(sample_rate=8_000, n_fft=128, hop=32, n_mels=10, f_max=4_000.0)
    for frames in (
        lpc.analyse(samples, small, 8),
        lpc.from_mel(mel.log_mel(samples, small), small, 8),
    ):
        assert np.isfinite(frames.log_gain).all()
        assert (np.diff(frames.lsf, axis=1, prepend=0.0, append=np.pi) > 0).all()
        for row in lpc.to_coefficients(frames.lsf).astype(np.float64):
            assert np.abs(np.roots([1.0, *-row])).max() < 1.0
