import numpy as np
import pytest

from tiedtts.measure import word_gaps
from tiedtts.text.phones import Phone


@pytest.mark.parametrize(
    ("first", "second", "frames", "is_pause"),
    [
        ("S", "AA", 2, False),
        ("S", "AA", 5, None),
        ("S", "AA", 6, True),
        ("T", "AA", 6, True),
        ("S", "T", 6, None),
        ("S", "T", 8, True),
        ("T", "T", 9, False),
        ("T", "T", 12, True),
    ],
)
def test_closures_of_stops_are_no_pauses(first: str, second: str, frames: int, is_pause: bool | None) -> None:
    mel = np.zeros((60, 4), np.float32)
    mel[30 : 30 + frames] = -9.0
    phones = [Phone("sil"), Phone(first, 0, 4, 2, 0), Phone(second, 0, 4, 2, 1), Phone(".")]
    assert word_gaps.silences(mel, phones, (10, 20, 20, 10)) == {1: (frames, is_pause)}


def test_silence_is_found_in_a_pause_too_and_above_noise() -> None:
    mel = np.random.default_rng(0).normal(0.0, 0.1, (80, 8)).astype(np.float32)
    mel[30:45] = -3.0
    mel[70:] = -3.0
    phones = [Phone("S", 0, 4, 1, 0), Phone(","), Phone("AA", 2, 4, 2, 1), Phone(".")]
    assert word_gaps.silences(mel, phones, (30, 15, 25, 10)) == {1: (15, True)}
