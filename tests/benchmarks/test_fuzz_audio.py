"""Generated texts become sound; what sound must not be is found."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.benchmarks import fuzz_audio
from tiedtts.errors import VoiceError
from tiedtts.speech.speech import Speech
from tiedtts.speech.voice import Voice

Samples = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def voice() -> Voice:
    return Voice.load()


@pytest.fixture(scope="module")
def part(voice: Voice) -> Speech:
    return voice.say("Well.")


def test_generated_texts(voice: Voice) -> None:
    result = fuzz_audio.fuzz(voice, 15, seed=6)
    assert result.inputs == 15
    assert result.failures == []
    assert 0 < result.refused < 8
    assert result.audio > 15


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda samples: np.where(samples == samples.max(), np.nan, samples), "no numbers"),
        (lambda samples: samples * np.float32(2 / samples.max()), "beyond full scale"),
        (lambda samples: samples.astype(np.float64), "samples of kind float64"),
        (lambda samples: samples[:-1], "durations"),
    ],
    ids=["not a number", "too loud", "of another kind", "cut short"],
)
def test_what_is_wrong_with_sound(part: Speech, change: Callable[[Samples], Samples], message: str) -> None:
    assert fuzz_audio.wrong_with(part) == ""
    assert message in fuzz_audio.wrong_with(replace(part, samples=change(part.samples)))


def test_failures_are_told(voice: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Speech:
        raise VoiceError("out of tune")

    monkeypatch.setattr(fuzz_audio, "COUNTED", 1)
    monkeypatch.setattr(fuzz_audio, "MOST_MILLISECONDS", 0.0)
    slow = fuzz_audio.fuzz(voice, 6, seed=0)
    assert slow.failures
    assert all(" ms a character: {" in failure for failure in slow.failures)
    monkeypatch.setattr(voice, "say", lambda text: None)
    monkeypatch.setattr(voice, "stream", fail)
    failures = fuzz_audio.fuzz(voice, 3, seed=0).failures
    assert [failure.partition(" {")[0] for failure in failures] == ["VoiceError: out of tune:"] * 3


def test_a_stream_is_compared_with_the_whole(voice: Voice, part: Speech) -> None:
    parts = list(voice.stream("Well. Then."))
    whole = voice.say("Well. Then.")
    assert fuzz_audio.same(parts, whole)
    assert not fuzz_audio.same(parts, voice.say("Well. Then.", seed=1))
    assert not fuzz_audio.same(parts[:1], whole)
