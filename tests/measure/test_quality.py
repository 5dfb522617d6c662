import dataclasses
import math

import numpy as np
import pytest

from tiedtts.corpus.features import Features
from tiedtts.measure import quality

DURATIONS = np.array([5, 10, 7, 4, 14])
SPEECH = np.array([False, True, True, False, True])
FRAMES, BANDS = 40, 80


def speech(seed: int = 0) -> Features:
    """Forty frames, no two alike; the middle of the pitch is 200 Hz."""
    rng = np.random.default_rng(seed)
    log_f0 = np.log(200.0) + rng.normal(0, 0.2, FRAMES)
    return Features(
        samples=np.zeros(FRAMES * 256, np.float32),
        mel=rng.normal(-5, 2, (FRAMES, BANDS)).astype(np.float32),
        log_f0=log_f0.astype(np.float32),
        voiced=np.arange(FRAMES) % 4 != 3,
        phase=np.zeros(FRAMES, np.float32),
    )


def take(features: Features, frames: np.ndarray) -> Features:
    """Pick frames, in any order and number."""
    return Features(
        samples=np.zeros(len(frames) * 256, np.float32),
        mel=features.mel[frames],
        log_f0=features.log_f0[frames],
        voiced=features.voiced[frames],
        phase=features.phase[frames],
    )


def measure(reference: Features, other: Features) -> quality.Distances:
    return quality.summarise([quality.compare(reference, other, DURATIONS, SPEECH)])


def wave(order: int) -> np.ndarray:
    """One period-th of a cosine over the mel bands."""
    return np.cos(math.pi * order * (np.arange(BANDS) + 0.5) / BANDS)


@pytest.mark.parametrize("order", [0, 1, 5, 24])
def test_cepstrum_of_a_cosine(order: int) -> None:
    expected = np.zeros(25)
    expected[order] = 0.3 if order else 0.6
    assert quality.cepstra(0.3 * wave(order)[None])[0] == pytest.approx(expected, abs=1e-12)


def test_distortion_of_one_coefficient() -> None:
    first, second = np.zeros((2, 25)), np.zeros((2, 25))
    second[0, 3] = 1.0
    second[1, 0] = 9.0  # The level does not count.
    assert quality.distortion(first, second) == pytest.approx([6.14185, 0.0], abs=1e-5)


def test_distortion_is_the_difference_of_smooth_spectra_in_decibels() -> None:
    rng = np.random.default_rng(1)
    here, there = (sum(rng.normal() * wave(m) for m in range(1, 25))[None] for _ in range(2))
    decibels = 20 / math.log(10) * (here - there)
    assert quality.distortion(quality.cepstra(here), quality.cepstra(there))[0] == pytest.approx(
        math.sqrt((decibels**2).mean())
    )


def test_a_recording_is_like_itself() -> None:
    assert measure(speech(), speech()) == quality.Distances(
        mel_cepstral_distortion_db=0.0,
        f0_error_cents=0.0,
        log_f0_correlation=pytest.approx(1.0),
        voicing_error=0.0,
        speaking_rate_ratio=1.0,
        phone_duration_correlation=pytest.approx(1.0),
        log_f0_spread=1.0,
        mel_spread=1.0,
    )


@pytest.mark.parametrize("times", [2, 3])
def test_slower_speech_differs_in_rate_alone(times: int) -> None:
    slow = take(speech(), np.repeat(np.arange(FRAMES), times))
    comparison = quality.compare(speech(), slow, DURATIONS, SPEECH)
    assert comparison.distortion_db == 0.0
    assert comparison.voicing_error == 0.0
    assert comparison.speech_frames == (31, 31 * times)
    assert comparison.phone_frames.tolist() == [[10, 7, 14], [10 * times, 7 * times, 14 * times]]
    distances = quality.summarise([comparison])
    assert distances.speaking_rate_ratio == pytest.approx(1 / times)
    assert distances.f0_error_cents == 0.0
    assert distances.mel_spread == pytest.approx(1.0)


def test_one_longer_phone() -> None:
    longer = take(speech(), np.sort(np.concatenate([np.arange(FRAMES), np.arange(15, 22)])))
    comparison = quality.compare(speech(), longer, DURATIONS, SPEECH)
    assert comparison.phone_frames.tolist() == [[10, 7, 14], [10, 14, 14]]


def test_what_happens_in_pauses_does_not_count() -> None:
    other = speech()
    pause = np.repeat(~SPEECH, DURATIONS)
    other.mel[pause] += 0.5 * wave(7).astype(np.float32)
    other.log_f0[pause] += 1.0
    other.voiced[pause] ^= True
    distances = measure(speech(), other)
    assert distances.mel_cepstral_distortion_db == 0.0
    assert distances.f0_error_cents == 0.0
    assert distances.voicing_error == 0.0


def test_a_changed_timbre_is_the_whole_distortion() -> None:
    other = dataclasses.replace(speech(), mel=speech().mel + 0.2 * wave(4).astype(np.float32))
    distances = measure(speech(), other)
    assert distances.mel_cepstral_distortion_db == pytest.approx(0.2 * 6.14185, rel=1e-4)
    assert distances.speaking_rate_ratio == 1.0


@pytest.mark.parametrize("cents", [-100, 100, 1200])
def test_a_shifted_pitch_keeps_its_shape(cents: float) -> None:
    shift = np.float32(cents / 1200 * math.log(2))
    other = dataclasses.replace(speech(), log_f0=speech().log_f0 + shift)
    distances = measure(speech(), other)
    assert distances.f0_error_cents == pytest.approx(abs(cents), rel=1e-4)
    assert distances.log_f0_correlation == pytest.approx(1.0)
    assert distances.log_f0_spread == pytest.approx(1.0, rel=1e-5)


def test_an_inverted_pitch_correlates_negatively() -> None:
    other = dataclasses.replace(speech(), log_f0=2 * np.float32(math.log(200)) - speech().log_f0)
    assert measure(speech(), other).log_f0_correlation == pytest.approx(-1.0)


def test_a_flat_pitch_has_no_correlation_and_no_spread() -> None:
    other = dataclasses.replace(speech(), log_f0=np.full(FRAMES, 5.0, np.float32))
    distances = measure(speech(), other)
    assert distances.log_f0_correlation is None
    assert distances.log_f0_spread == 0.0


def test_voicing_error_counts_frames_of_speech() -> None:
    other = speech()
    voiced = other.voiced.copy()
    voiced[[6, 8, 30]] ^= True  # In speech.
    voiced[[0, 23]] ^= True  # In silence and in a pause.
    assert measure(speech(), dataclasses.replace(other, voiced=voiced)).voicing_error == (
        pytest.approx(3 / 31)
    )


def test_smoothed_spectra_have_less_spread() -> None:
    mean = speech().mel.mean(0)
    other = dataclasses.replace(speech(), mel=mean + 0.5 * (speech().mel - mean))
    comparison = quality.compare(speech(), other, np.array([FRAMES]), np.array([True]))
    assert quality.summarise([comparison]).mel_spread == pytest.approx(0.5, rel=1e-5)


def test_whispered_speech_has_no_pitch_to_compare() -> None:
    other = dataclasses.replace(speech(), voiced=np.zeros(FRAMES, np.bool_))
    distances = measure(other, speech())
    assert distances.f0_error_cents is None
    assert distances.log_f0_correlation is None
    assert distances.log_f0_spread is None
    assert measure(speech(), other).log_f0_spread == 0.0


def test_summary_of_two() -> None:
    third = np.float32(math.log(2) / 4)
    higher = dataclasses.replace(speech(), log_f0=speech().log_f0 + third)
    comparisons = [quality.compare(speech(), other, DURATIONS, SPEECH) for other in (speech(), higher)]
    distances = quality.summarise(comparisons)
    assert distances.f0_error_cents == pytest.approx(300 / math.sqrt(2), rel=1e-4)
    # Each recording's own mean is taken off: that one is higher costs nothing here.
    assert distances.log_f0_correlation == pytest.approx(1.0)
