"""The memory of a batch does not grow with what is said in it."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import FakeVoice
from tiedtts.batch import job as jobs
from tiedtts.batch import lines, run
from tiedtts.batch.lines import Row
from tiedtts.settings import Settings


class Forgetful(FakeVoice):
    """Keeps no record of what it said."""

    def stream(self, text: str, settings: Settings) -> Iterator[object]:
        self.calls.clear()
        return super().stream(text, settings)


def peak(count: int, folder: Path) -> int:
    rows = (Row(number, f"Line {number}. " + "many words " * 50) for number in range(1, count + 1))
    tracemalloc.start()
    try:
        run.run(lines.named(rows, digits=5), folder, jobs.BatchSpec(voice="fake"), Settings(), workers=1)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_line_costs_its_name_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = Forgetful()
    monkeypatch.setattr(jobs.BatchSpec, "load", lambda self: voice)
    peak(20, tmp_path / "first")
    growth = (peak(220, tmp_path / "many") - peak(20, tmp_path / "few")) / 200
    assert growth < 800, "bytes a line, of which each has more in its text alone"
