import numpy as np
import pytest

from tests.corpus.corpora import RATE, voice
from tiedtts.audio.mel import log_mel
from tiedtts.audio.settings import AudioSettings
from tiedtts.corpus import twins
from tiedtts.corpus.features import normalise_level
from tiedtts.corpus.twins import Print, Twins

AUDIO = AudioSettings()
NOISE = np.random.default_rng(0).standard_normal(4 * RATE)


def sound(seed: int, seconds: float = 3.0) -> np.ndarray:
    """Six stretches of a buzz of other colours each, so that no two sounds are alike anywhere."""
    return np.concatenate([voice(100 * seed + part, seconds / 6) for part in range(6)])


def fingerprint(samples: np.ndarray) -> Print:
    return twins.fingerprint(log_mel(normalise_level(samples.astype(np.float32), AUDIO), AUDIO))


FIRST = sound(1)
CHANGES = {
    "itself": FIRST,
    "louder": 2.5 * FIRST,
    "turned round": -FIRST,
    "later": np.concatenate([np.zeros(3_333), FIRST]),
    "cut a little": FIRST[1_111:],
    "noisier": FIRST + 0.003 * FIRST.std() * NOISE[: len(FIRST)],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_sound_and_its_like(change: str) -> None:
    prints = [fingerprint(each) for each in (sound(2), FIRST, sound(3), CHANGES[change])]
    assert twins.find(prints, ["two", "one", "three", "other"]) == [Twins(1, 3, True)]


@pytest.mark.parametrize("part", [slice(0, len(FIRST) // 2), slice(len(FIRST) // 2, None)])
def test_a_part(part: slice) -> None:
    prints = [fingerprint(FIRST), fingerprint(FIRST[part])]
    assert twins.find(prints, ["one", "one"]) == [Twins(0, 1, False)]


def test_other_sounds_are_no_twins() -> None:
    prints = [fingerprint(sound(seed)) for seed in range(6)]
    assert twins.find(prints, ["the same text"] * 6) == []
    assert twins.find(prints[:1], ["one"]) == []
    assert twins.find([], []) == []


def test_a_hum_and_silence_are_no_twins_of_all() -> None:
    time = np.arange(2 * RATE) / RATE
    hums = [0.1 * np.sin(2 * np.pi * pitch * time) for pitch in (100, 150)]
    prints = [fingerprint(each) for each in (*hums, np.zeros(RATE), NOISE[:RATE], NOISE[RATE : 2 * RATE])]
    assert twins.find(prints, list("abcde")) == []
