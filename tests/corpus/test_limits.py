"""Limits are learnt from clips of which some are wrong, and clips beyond them are found."""

import numpy as np
import pytest

from tiedtts.corpus import hearing, limits
from tiedtts.corpus.limits import Measured

PHONES = 39


def said(rng: np.random.Generator, length: int) -> np.ndarray:
    return rng.integers(0, PHONES, length)


def heard(phones: np.ndarray, rng: np.random.Generator, errors: float) -> np.ndarray:
    """Return what a recogniser hears that takes some phones for others, always the same, and misses or adds some."""
    habits = np.where(np.arange(PHONES) % 3, np.arange(PHONES), (np.arange(PHONES) * 7 + 3) % PHONES)
    found = []
    for phone in phones:
        draw = rng.random()
        if draw < errors / 3:
            continue
        found.append(rng.integers(0, PHONES) if draw < errors else habits[phone])
        if rng.random() < errors / 3:
            found.append(rng.integers(0, PHONES))
    return np.array(found, np.int64)


def clips(count: int, errors: float = 0.15, seed: int = 0) -> list[Measured]:
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        phones = said(rng, int(rng.integers(3, 60)))
        seconds = (0.3 + 0.08 * len(phones)) * float(np.exp(rng.normal(0, 0.08)))
        made.append(Measured(phones, seconds, heard(phones, rng, errors)))
    return made


def changed(clip: Measured, how: str, rng: np.random.Generator) -> Measured:
    """A clip in which about two words are other ones, skipped or said twice."""
    place, length = len(clip.said) // 3, 9
    phones = clip.said
    other = {
        "other words": np.concatenate([phones[:place], said(rng, length), phones[place + length :]]),
        "skipped words": np.concatenate([phones[:place], phones[place + length :]]),
        "repeated words": np.concatenate([phones[: place + length], phones[place:]]),
    }[how]
    return Measured(clip.said, clip.seconds, heard(other, rng, 0.15))


def test_length() -> None:
    found = limits.learn(clips(200))
    assert found.phone == pytest.approx(0.08, rel=0.1)
    for phones in (3, 10, 50):
        usual = 0.3 + 0.08 * phones
        text = np.zeros(phones, np.int64)
        assert found.reason(Measured(text, usual)) is None
        assert found.reason(Measured(text, usual * 1.3)) is None
        assert found.reason(Measured(text, 2 * usual + 0.6)) == limits.TOO_LONG
    assert found.reason(Measured(np.zeros(50, np.int64), 1.5)) == limits.TOO_SHORT


def test_a_tenth_of_wrong_clips_does_not_count() -> None:
    good = clips(200)
    bad = [Measured(clip.said, 3 * clip.seconds + 1, clip.heard) for clip in clips(20, seed=1)]
    found = limits.learn([*good, *bad])
    assert [found.reason(clip) for clip in bad] == [limits.TOO_LONG] * 20
    assert sum(found.reason(clip) == limits.TOO_LONG for clip in good) == 0


@pytest.mark.parametrize("how", ["other words", "skipped words", "repeated words"])
def test_words(how: str) -> None:
    rng = np.random.default_rng(2)
    good = clips(150)
    bad = [changed(clip, how, rng) for clip in clips(24, seed=3) if len(clip.said) > 25]
    found = limits.learn([*good, *bad])
    # Four in ten phones are heard as other ones, and yet most of these are found.
    assert found.right is not None
    assert found.right < 0.65
    assert found.habits is not None
    reasons = [found.reason(clip) for clip in bad]
    assert reasons.count(limits.UNHEARD) > 0.8 * len(bad)
    assert sum(found.reason(clip) is not None for clip in good) < 0.03 * len(good)


def test_a_recogniser_that_understands_nothing_does_not_judge() -> None:
    rng = np.random.default_rng(0)
    noise = [Measured(clip.said, clip.seconds, said(rng, len(clip.said))) for clip in clips(100)]
    found = limits.learn(noise)
    assert found.habits is None
    assert found.right is not None
    assert all(found.reason(clip) is None for clip in noise)


def test_too_few_to_learn_from() -> None:
    assert limits.learn([]).phone is None
    assert limits.learn(clips(limits.LEAST - 1)).phone is None
    found = limits.learn(clips(hearing.LEAST - 1))
    assert found.phone is not None
    assert found.habits is None


def test_texts_all_alike() -> None:
    same = [Measured(np.zeros(5, np.int64), 1.0) for _ in range(30)]
    found = limits.learn(same)
    assert all(found.reason(clip) is None for clip in same)
    assert found.reason(Measured(np.zeros(5, np.int64), 3.0)) == limits.TOO_LONG


def test_alignments() -> None:
    habits = hearing.Habits(1.0 - np.eye(PHONES), np.full(PHONES, 0.8), 0.8)
    assert habits.align(np.array([1, 2, 3]), np.array([1, 3, 4])) == [(1, 1), (2, -1), (3, 3), (-1, 4)]
    assert habits.align(np.array([1]), np.array([], np.int64)) == [(1, -1)]
    assert habits.align(np.array([], np.int64), np.array([7, 7])) == [(-1, 7), (-1, 7)]
    assert habits.worst(np.array([], np.int64), np.array([], np.int64)) == 0.0
