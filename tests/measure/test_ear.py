"""Clips in which the words are wrong are found by listening, and are told."""

from pathlib import Path

import numpy as np

import tiedtts
from tiedtts.corpus import limits
from tiedtts.corpus.teacher.distil import distil
from tiedtts.measure.ear import CheckpointEar

NAMES = "Anna Peter Susan Martin Helen Robert Alice Walter Nora Arthur".split()
PLACES = ("the old garden", "a small kitchen", "their yellow boat", "the railway station")
WRONG = {f"{NAMES[n]} has seen the doctor at {PLACES[n % 4]}.": n for n in range(3)}
"""Texts of which half is skipped, another half is said, or the end is said twice."""


def test_wrong_words_are_found(tmp_path: Path) -> None:
    voice = tiedtts.Voice.load()
    texts = [f"{name} was looking for {place}." for name in NAMES for place in PLACES] + list(WRONG)

    def say(text: str) -> tuple[np.ndarray, int]:
        said = text
        if text in WRONG:
            start, end = text.split(" the doctor ")
            said = [f"{start}.", f"{start} no mountain umbrella, never.", f"{text[:-1]} {end}"][WRONG[text]]
        speech = voice.say(said)
        # In time with the text, so that its length is no sign.
        return speech.samples, speech.sample_rate

    given = [(None, text) for text in texts]
    ear = CheckpointEar()
    report = distil(given, tmp_path / "corpus", say, name="kathleen", ear=ear, retries=0)
    by_name = {
        line.split("|")[0]: line.split("|")[1]
        for line in (tmp_path / "corpus" / "metadata.csv").read_text().splitlines()
    }
    assert report.heard_right is not None
    assert report.heard_right > 0.6
    assert not set(WRONG) & set(by_name.values())
    thrown = {name for names in report.rejected.values() for name in names}
    assert len(thrown) == report.texts - report.clips <= len(WRONG) + 2
    assert report.rejected.get(limits.UNHEARD)
    asked: list[str] = []
    again = distil(
        given, tmp_path / "corpus", lambda text: asked.append(text), name="kathleen", ear=ear, retries=0
    )  # type: ignore[arg-type, func-returns-value]
    assert (again.clips, again.rejected, asked) == (report.clips, report.rejected, [])


def test_another_recogniser_listens_to_what_is_there(tmp_path: Path) -> None:
    class Deaf:
        key = "deaf"

        def hear(self, samples: np.ndarray, rate: int) -> list[str]:
            return []

    calls: list[str] = []

    def say(text: str) -> tuple[np.ndarray, int]:
        calls.append(text)
        time = np.arange(12_000) / 8_000
        return 0.3 * np.sin(700 * time) * np.sin(20 * time), 8_000

    given = [(None, "Hello there, my friend."), (None, "Good morning to you all.")]
    distil(given, tmp_path / "corpus", say, name="buzz")
    heard = CheckpointEar()
    for ear in (heard, Deaf(), heard):
        assert distil(given, tmp_path / "corpus", say, name="buzz", ear=ear).clips == 2
    assert len(calls) == 2
