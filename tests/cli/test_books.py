"""`tiedtts synth` with a book: a file for each chapter, or one with chapters in it."""

import json
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.cli.outputs import Captured
from tests.epubs import PNG, epub
from tiedtts_cli.main import main


@pytest.fixture
def book(here: Path) -> Path:
    (here / "book.epub").write_bytes(epub())
    return here / "book.epub"


NAMES = ["01-the-kettle-i", "02-the-fire", "03-water", "04-steam"]


def test_a_file_for_each_chapter(voice: Any, book: Path, here: Path, capsys: Captured) -> None:
    assert main(["synth", "-i", "book.epub", "-d", "out", "--format", "flac", "--workers", "1"]) == 0
    assert sorted(path.name for path in (here / "out").iterdir() if not path.name.startswith(".")) == [
        *(f"{name}.flac" for name in NAMES),
        *("cover.png", "manifest.jsonl"),
    ]
    assert (here / "out" / "cover.png").read_bytes() == PNG
    rows = [json.loads(line) for line in (here / "out" / "manifest.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows][2:] == ["Water\n\nII\n\nIt is wet.", "Steam\n\nIt rises."]
    sound = soundfile.SoundFile(here / "out" / "03-water.flac")
    assert (sound.title, sound.album, sound.artist, sound.tracknumber) == (
        "Water",
        "The Kettle & I",
        "Ada Smith",
        "3",
    )
    before = (here / "out" / "04-steam.flac").read_bytes()
    (here / "out" / "04-steam.flac").unlink()
    voice.calls.clear()
    assert main(["synth", "-i", "book.epub", "-d", "out", "--format", "flac", "--skip-existing", "-q"]) == 0
    assert len(voice.calls) == 1
    assert (here / "out" / "04-steam.flac").read_bytes() == before


def test_one_file_with_chapters(voice: Any, book: Path, here: Path, capsys: Captured) -> None:
    arguments = [
        "synth",
        "-i",
        "book.epub",
        "-o",
        "b.flac",
        "--timestamps",
        "json",
        "--no-titles",
        "--keep",
        "all",
    ]
    assert main([*arguments, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["id"], said["text"]) == ("b", "The Kettle & I")
    data = (here / "b.flac").read_bytes()
    marks = json.loads((here / "b.json").read_text())["marks"]
    assert [mark["name"] for mark in marks] == ["The Kettle & I", "The Fire", "Water", "Steam"]
    for number, mark in enumerate(marks, start=1):
        assert f"CHAPTER{number:03}=00:00:{mark['time']:06.3f}".encode() in data
        assert f"CHAPTER{number:03}NAME={mark['name']}".encode() in data
    assert {settings["markup"] for _, settings in voice.calls} == {"html"}
    assert {settings["footnotes"] for _, settings in voice.calls} == {True}
    assert "<h1>Water" not in voice.calls[2][0]
    assert soundfile.info(here / "b.flac").duration == pytest.approx(said["seconds"])


def test_what_is_no_book(voice: Any, here: Path, capsys: Captured, pipe: Any) -> None:
    (here / "a.epub").write_text("Hello.")
    for place in (["-o", "a.wav"], ["-d", "out"]):
        assert main(["synth", "-i", "a.epub", *place]) == 1
        assert "a.epub is no book in EPUB" in capsys.readouterr().err
    assert not (here / "a.wav").exists()
    pipe(b"x")
    assert main(["synth", "-", "--read-as", "epub", "-o", "a.wav"]) == 2
    assert "error: a book is a file" in capsys.readouterr().err


def test_explain_shows_the_words_of_a_book(book: Path, capsys: Captured) -> None:
    assert main(["explain", "-i", "book.epub", "-q"]) == 0
    assert "rises.\trises\t" in capsys.readouterr().out
