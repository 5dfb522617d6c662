import math
from pathlib import Path

import numpy as np
import pytest

from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus.features import PEAK, Features, extract, normalise_level
from tiedtts.errors import CorpusError

SETTINGS = AudioSettings()
RATE = SETTINGS.sample_rate


def tone(hertz: float, seconds: float, amplitude: float = 0.2) -> np.ndarray:
    """The first six harmonics of a pitch."""
    time = np.arange(round(seconds * RATE)) / RATE
    harmonics = [np.cos(2 * np.pi * hertz * k * time) / k for k in range(1, 7)]
    return (amplitude * np.sum(harmonics, axis=0)).astype(np.float32)


def small() -> Features:
    rng = np.random.default_rng(0)
    return Features(
        rng.uniform(-1, 1, 512).astype(np.float32),
        rng.uniform(-11, 2, (2, 80)).astype(np.float32),
        np.array([5.1, 5.2], np.float32),
        np.array([True, False]),
        np.array([-3.0, 3.0], np.float32),
    )


@pytest.mark.parametrize("amplitude", [0.001, 0.05, 0.9])
def test_speech_comes_to_one_level_whatever_its_own(amplitude: float) -> None:
    sine = amplitude * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
    level = np.sqrt(np.mean(normalise_level(sine.astype(np.float32), SETTINGS) ** 2))
    assert level == pytest.approx(SETTINGS.level, rel=0.01)


def test_pauses_do_not_make_the_speech_louder() -> None:
    sound = tone(200, 1.0)
    paused = np.concatenate([np.zeros(2 * RATE, np.float32), sound])
    alone, after_pause = normalise_level(sound, SETTINGS), normalise_level(paused, SETTINGS)[2 * RATE :]
    assert np.std(after_pause) == pytest.approx(np.std(alone), rel=0.02)


def test_a_constant_offset_is_taken_out() -> None:
    sound = tone(200, 1.0)
    np.testing.assert_allclose(
        normalise_level(sound + np.float32(0.1), SETTINGS), normalise_level(sound, SETTINGS), atol=1e-4
    )


def test_a_lone_peak_stays_below_full_scale() -> None:
    sound = tone(200, 1.0, 0.01)
    sound[5_000] = 1.0
    assert np.abs(normalise_level(sound, SETTINGS)).max() == pytest.approx(PEAK)


@pytest.mark.parametrize("size", [1, RATE])
def test_silence_stays_silence(size: int) -> None:
    assert not normalise_level(np.zeros(size, np.float32), SETTINGS).any()


def test_all_features_cover_the_same_frames() -> None:
    features = extract(tone(200, 0.5)[: 40 * 256 + 255], SETTINGS)
    assert features.frames == 40
    assert features.samples.shape == (40 * 256,)
    assert features.mel.shape == (40, 80)
    assert features.log_f0.shape == features.voiced.shape == features.phase.shape == (40,)


def test_a_tone_has_its_pitch_and_no_phase_of_its_own() -> None:
    features = extract(tone(220, 1.0), SETTINGS)
    inside = slice(10, -10)
    assert features.voiced[inside].all()
    np.testing.assert_allclose(features.log_f0[inside], math.log(220), atol=2e-3)
    # Tracked pitch and tone drift apart slowly: from frame to frame nothing turns.
    turns = np.angle(np.exp(1j * np.diff(features.phase[inside])))
    assert np.abs(turns).max() < 0.1


def test_noise_has_no_pitch() -> None:
    noise = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    assert extract(noise, SETTINGS).voiced.mean() < 0.3


def test_saved_features_come_back_as_precise_as_they_were_kept(tmp_path: Path) -> None:
    features = small()
    features.save(tmp_path / "a.npz")
    back = Features.load(tmp_path / "a.npz")
    np.testing.assert_allclose(back.samples, features.samples, atol=0.51 / 32_767)
    np.testing.assert_array_equal(back.mel, features.mel.astype(np.float16))
    np.testing.assert_array_equal(back.log_f0, features.log_f0)
    np.testing.assert_array_equal(back.voiced, features.voiced)
    np.testing.assert_array_equal(back.phase, features.phase)
    assert {back.samples.dtype, back.mel.dtype, back.phase.dtype} == {np.dtype(np.float32)}


def test_the_same_features_give_the_same_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        small().save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


@pytest.mark.parametrize("keep", [0, 3, 100, -30])
def test_a_damaged_file_is_named(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.npz"
    small().save(path)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CorpusError, match=r"cannot read features .*a\.npz") as caught:
        Features.load(path)
    assert caught.value.hint == "run `tiedtts prepare` again"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"cannot read features .*none\.npz"):
        Features.load(tmp_path / "none.npz")


def test_a_file_without_all_arrays_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", samples=np.zeros(3, np.int16))
    with pytest.raises(CorpusError, match="mel"):
        Features.load(tmp_path / "a.npz")
