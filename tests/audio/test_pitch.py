"""Pitch of synthetic tones, and the phase of their fundamental."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from tiedtts.audio import pitch
from tiedtts.audio.excitation import pulse_train
from tiedtts.audio.settings import AudioSettings

SETTINGS = AudioSettings()
FRAMES = 60
INSIDE = slice(8, FRAMES - 8)
Array = npt.NDArray[np.float32]


def buzz(log_f0: Array, voiced: Array | None = None) -> Array:
    """Pulses, softened to the slope of a voice."""
    voiced = np.ones(len(log_f0), np.float32) if voiced is None else voiced
    pulses = pulse_train(log_f0, voiced, SETTINGS.hop, SETTINGS.sample_rate)
    return np.convolve(pulses, 0.9 ** np.arange(60), mode="full")[: len(pulses)].astype(np.float32)


@pytest.mark.parametrize("hz", [90.0, 145.0, 220.0, 385.0])
def test_steady_tone(hz: float) -> None:
    track = pitch.track(buzz(np.full(FRAMES, math.log(hz), np.float32)), SETTINGS)
    assert track.log_f0.shape == track.voiced.shape == (FRAMES,)
    assert track.log_f0.dtype == np.float32
    assert track.voiced[INSIDE].all()
    cents = 1200 / math.log(2) * (track.log_f0[INSIDE] - math.log(hz))
    assert np.abs(cents).max() < 5


def test_glide() -> None:
    log_f0 = np.linspace(math.log(120), math.log(240), FRAMES, dtype=np.float32)
    track = pitch.track(buzz(log_f0), SETTINGS)
    cents = 1200 / math.log(2) * (track.log_f0 - log_f0)[INSIDE]
    assert np.abs(cents).max() < 15


def test_straight_line_across_a_gap() -> None:
    log_f0 = np.full(FRAMES, math.log(150), np.float32)
    log_f0[FRAMES // 2 :] = math.log(200)
    voiced = np.ones(FRAMES, np.float32)
    voiced[20:40] = 0
    track = pitch.track(buzz(log_f0, voiced), SETTINGS)
    gap = np.flatnonzero(~track.voiced[8:52]) + 8
    assert 10 <= len(gap) <= 20
    assert (np.diff(gap) == 1).all()
    np.testing.assert_allclose(np.diff(track.log_f0[gap[0] : gap[-1] + 1], n=2), 0, atol=1e-5)
    assert math.log(149) < track.log_f0[gap[0]] < track.log_f0[gap[-1]] < math.log(201)


@pytest.mark.parametrize("count", [0, 100, 256, 700, 256 * FRAMES])
def test_silence_has_a_pitch_but_no_voice(count: int) -> None:
    track = pitch.track(np.zeros(count, np.float32), SETTINGS)
    assert not track.voiced.any()
    np.testing.assert_allclose(track.log_f0, np.full(count // 256, math.log(pitch.UNVOICED_HZ)), rtol=1e-6)


def test_pitch_outside_the_range_is_not_voiced() -> None:
    tone = buzz(np.full(FRAMES, math.log(600), np.float32))
    track = pitch.track(tone, AudioSettings(f0_max=300.0))
    assert (np.exp(track.log_f0[track.voiced]) < 1.12 * 300).all()


def test_little_beyond_the_range_is_a_pitch(monkeypatch: pytest.MonkeyPatch) -> None:
    """StoneMask moves what DIO found: from 80 to 400 Hz, 74.4 to 448 are kept."""
    found = np.array([0.0, 74.0, 75.0, 200.0, 447.0, 449.0])
    monkeypatch.setattr("pyworld.stonemask", lambda *_: found)
    track = pitch.track(np.zeros(6 * 256, np.float32), SETTINGS)
    assert track.voiced.tolist() == [False, False, True, True, True, False]
    wanted = [75.0, 75.0, 75.0, 200.0, 447.0, 447.0]
    np.testing.assert_allclose(np.exp(track.log_f0), wanted, rtol=1e-5)


def test_oscillator_counts_whole_turns() -> None:
    phase = pitch.oscillator_phase(np.full(10, math.log(240), np.float32), 100, 24_000)
    assert phase.shape == (1000,)
    np.testing.assert_allclose(phase, 2 * np.pi * 240 / 24_000 * np.arange(1, 1001), rtol=1e-6)
    assert pitch.oscillator_phase(np.zeros(0, np.float32), 100, 24_000).shape == (0,)


def test_phase_of_a_shifted_oscillator() -> None:
    log_f0 = (math.log(180) + 0.1 * np.sin(np.arange(FRAMES) / 6)).astype(np.float32)
    carrier = pitch.oscillator_phase(log_f0, SETTINGS.hop, SETTINGS.sample_rate)
    ahead = np.repeat(np.linspace(-4, 4, FRAMES), SETTINGS.hop)
    samples = np.cos(carrier + ahead).astype(np.float32)
    phase = pitch.fundamental_phase(samples, log_f0, SETTINGS)
    difference = np.angle(np.exp(1j * (phase - np.linspace(-4, 4, FRAMES))))
    assert np.abs(difference[INSIDE]).max() < 0.15
