import numpy as np
import pytest

from tiedtts.corpus import trust
from tiedtts.corpus.alignment import Alignment
from tiedtts.text.phones import Phone

SYMBOLS = ("AA", "IY", "UW", "S", "M", "T")
RNG = np.random.default_rng(0)
LOOKS = RNG.normal(0, 1.5, (len(SYMBOLS), 80))


def recording(length: int = 20) -> tuple[tuple[np.ndarray, list[Phone]], np.ndarray]:
    """A spectrogram of phones that look like themselves, and their durations."""
    ids = RNG.integers(0, len(SYMBOLS), length)
    durations = RNG.integers(3, 16, length)
    mel = LOOKS[np.repeat(ids, durations)] + RNG.normal(0, 0.5, (durations.sum(), 80))
    phones = [Phone("sil"), *(Phone(SYMBOLS[i], word=0) for i in ids), Phone(".")]
    quiet = RNG.normal(-4, 0.5, (20, 80))
    return (np.concatenate([quiet, mel, quiet]).astype(np.float32), phones), np.array([20, *durations, 20])


MADE = [recording() for _ in range(20)]
PAIRS = [pair for pair, _ in MADE]


def evenly(pair: tuple[np.ndarray, list[Phone]]) -> np.ndarray:
    frames, phones = pair
    return np.diff(np.linspace(0, len(frames), len(phones) + 1).round().astype(int))


def nothing(pair: tuple[np.ndarray, list[Phone]]) -> np.ndarray:
    """2, 2, 174, 2 ..."""
    frames, phones = pair
    durations = np.full(len(phones), 2)
    durations[RNG.integers(1, len(phones) - 1)] += len(frames) - durations.sum()
    return durations


def judge(durations: list[np.ndarray], count: int = 20) -> trust.Trust:
    aligned = [
        Alignment(tuple(phones), tuple(map(int, each)), -1.0)
        for (_, phones), each in zip(PAIRS, durations, strict=True)
    ]
    found = trust.judge(PAIRS[:count], aligned[:count])
    assert found is not None
    return found


@pytest.mark.parametrize("count", [10, 20])
def test_what_is_right_is_trusted(count: int) -> None:
    found = judge([durations for _, durations in MADE], count)
    assert not found.is_poor
    assert found.gain > found.even + 3


@pytest.mark.parametrize("how", [evenly, nothing])
@pytest.mark.parametrize("count", [10, 20])
def test_what_knows_nothing_is_not(how: "type[object]", count: int) -> None:
    assert judge([how(pair) for pair in PAIRS], count).is_worthless  # type: ignore[misc]


def test_too_little_speech_tells_nothing() -> None:
    aligned = [
        Alignment(tuple(phones), tuple(evenly((frames, phones))), -1.0) for frames, phones in PAIRS[:3]
    ]
    assert trust.judge(PAIRS[:3], aligned) is None
    short = [Alignment(each.phones, each.durations, float("-inf")) for each in aligned]
    assert trust.judge(PAIRS[:3], short) is None
