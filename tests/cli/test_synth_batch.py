"""`tiedtts synth -d`: lists become files."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.outputs import USUAL, Captured, seconds
from tiedtts_cli.main import main

MANIFEST = "manifest.jsonl"


def test_a_list_becomes_files(voice: Any, here: Path, capsys: Captured) -> None:
    (here / "in.txt").write_text("One\n\nhall|Two words\n../up|Three\n", encoding="utf-8")
    assert main(["synth", "-i", "in.txt", "-d", "new/out"]) == 0
    made = here / "new" / "out"
    assert sorted(path.name for path in made.iterdir()) == ["0001.wav", "_up.wav", "hall.wav", MANIFEST]
    assert [path.name for path in here.iterdir() if path.name not in ("in.txt", "new")] == []
    assert seconds(made / "hall.wav") == pytest.approx(0.2)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "warning: line 4: the id `../up` is written as `_up`\nnew/out: 3 files, 0 s\n"


def test_bad_lines_are_named_and_the_others_said(voice: Any, here: Path, capsys: Captured) -> None:
    (here / "in.txt").write_text("a|One\na|Two\n...\nb|bug\nc|Three\n", encoding="utf-8")
    assert main(["synth", "-i", "in.txt", "-d", "out"]) == 1
    assert sorted(path.name for path in (here / "out").iterdir()) == ["a.wav", "c.wav", MANIFEST]
    assert capsys.readouterr().err == (
        "error: line 2: the id `a` is already that of line 1\n"
        "hint: every line needs an id of its own: `id|text`\n"
        "error: line 3: there is nothing to say in the text\n"
        "hint: give a text with words\n"
        "error: line 4: internal error: ZeroDivisionError: division by zero\n"
        "hint: run it again with TIEDTTS_TRACEBACK=1 in the environment and report what it prints\n"
        "out: 2 files, 0 s\n"
        "error: 3 of 5 lines could not be said\n"
    )


def test_existing_files_are_left_on_demand(voice: Any, here: Path, capsys: Captured) -> None:
    (here / "a.wav").write_bytes(b"mine")
    (here / "in.txt").write_text("a|One\nb|Two\n", encoding="utf-8")
    assert main(["synth", "-i", "in.txt", "-d", ".", "--skip-existing"]) == 0
    assert main(["synth", "One", "-o", "a.wav", "--skip-existing"]) == 0
    assert (here / "a.wav").read_bytes() == b"mine"
    assert [text for text, _ in voice.calls] == ["Two"]
    assert capsys.readouterr().err == ".: 1 file, 0 s, 1 there already\na.wav is there already\n"
    assert main(["synth", "One", "-o", "a.wav"]) == 0
    assert (here / "a.wav").read_bytes()[:4] == b"RIFF"


def test_what_is_missing_is_made_again(voice: Any, here: Path) -> None:
    command = ["synth", "One", "-o", "a.wav", "--timestamps", "textgrid", "--skip-existing", "-q"]
    assert main(command) == 0
    assert main(command) == 0
    assert len(voice.calls) == 1
    sound, times = (here / "a.wav").read_bytes(), (here / "a.TextGrid").read_bytes()
    for name in ("a.wav", "a.TextGrid"):
        (here / name).unlink()
        assert main(command) == 0
        assert ((here / "a.wav").read_bytes(), (here / "a.TextGrid").read_bytes()) == (sound, times)
    assert len(voice.calls) == 3


def test_timestamps_of_a_list(voice: Any, here: Path, capsys: Captured) -> None:
    assert main(["synth", "One.\n...", "-d", "out", "--timestamps", "srt", "--json"]) == 1
    assert sorted(path.name for path in (here / "out").iterdir()) == ["0001.srt", "0001.wav", MANIFEST]
    assert (here / "out" / "0001.srt").read_text() == "1\n00:00:00,000 --> 00:00:00,100\nOne\n"
    row = json.loads(capsys.readouterr().out)
    assert (row["file"], row["timestamps"]) == ("out/0001.wav", "out/0001.srt")


def test_an_interrupted_list_keeps_what_was_made(voice: Any, here: Path, capsys: Captured) -> None:
    (here / "in.txt").write_text("One\ninterrupt\nThree\n", encoding="utf-8")
    assert main(["synth", "-i", "in.txt", "-d", "out"]) == 130
    assert sorted(path.name for path in (here / "out").iterdir()) == ["0001.wav", MANIFEST]
    assert capsys.readouterr().err.startswith("error: interrupted\nhint: with `-d`, `--skip-existing`")


def test_formats_of_a_folder(voice: Any, here: Path) -> None:
    assert main(["synth", "Hello there.\nBye.", "-d", ".", "--format", "ogg", "--name-by", "text", "-q"]) == 0
    assert sorted(path.name for path in here.iterdir()) == ["bye.ogg", "hello-there.ogg", MANIFEST]


def test_lists_of_every_kind_at_once(voice: Any, here: Path, capsys: Captured) -> None:
    (here / "a.csv").write_text("id,text,speed\nx,One,2\n")
    (here / "b.jsonl").write_text('{"text": "Two", "pitch": 3}\n{"text": 4}\n')
    (here / "texts").mkdir()
    (here / "texts" / "c.txt").write_text("Three.\nThree again.")
    assert main(["synth", "-i", "a.csv", "-i", "b.jsonl", "-i", "texts", "-d", "out"]) == 1
    assert sorted(path.name for path in (here / "out").iterdir()) == [
        "b-0001.wav",
        "c.wav",
        MANIFEST,
        "x.wav",
    ]
    assert voice.calls == [
        ("One", USUAL | {"speed": 2.0}),
        ("Two", USUAL | {"pitch": 3}),
        ("Three.\nThree again.", USUAL),
    ]
    assert capsys.readouterr().err.splitlines() == [
        "error: b.jsonl, line 2: `text` is not a string",
        "out: 3 files, 0 s",
        "error: 1 of 4 lines could not be said",
    ]


def test_a_file_may_be_said_as_a_whole(voice: Any, here: Path) -> None:
    (here / "in.txt").write_text("One.\nTwo.")
    assert main(["synth", "-i", "in.txt", "-d", "out", "--read-as", "file", "-q"]) == 0
    assert [text for text, _ in voice.calls] == ["One.\nTwo."]
    assert (here / "out" / "in.wav").exists()
