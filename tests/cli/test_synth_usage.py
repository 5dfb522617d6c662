"""`tiedtts synth`: arguments that do not go together and texts that cannot be read are told before any work."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.outputs import Captured
from tiedtts_cli.main import main


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Hello", "-o", "-", "--timestamps", "srt"], "`--timestamps` needs `-o FILE` or `-d DIR`"),
        (["Hello", "--play", "--timestamps", "srt"], "`--timestamps` needs `-o FILE` or `-d DIR`"),
        (
            ["Hello", "-o", "a.wav", "--timestamps", "xml"],
            "`--timestamps` must be one of json, srt, vtt, textgrid, got: xml",
        ),
        (["Hello"], "the sound needs a place to go: `-o FILE` or `-d DIR`"),
        (["Hello", "-o", "a.wav", "-d", "out"], "`-o` and `-d` exclude each other"),
        (["Hello", "-i", "in.txt", "-o", "a.wav"], "a text and `-i` exclude each other"),
        (["-o", "a.wav"], "there is no text to say"),
        (["Hello", "-o", "-", "--json"], "`-o -` and `--json` exclude each other"),
        (["Hello", "-o", "a.wav", "--speed", "0.2"], "`--speed` must be 0.25 to 4, got: 0.2"),
        (["Hello", "-o", "a.wav", "--speed", "nan"], "`--speed` must be 0.25 to 4, got: nan"),
        (["Hello", "-o", "a.wav", "--pitch", "25"], "`--pitch` must be -24 to 24, got: 25"),
        (["Hello", "-o", "a.wav", "--pitch", "-inf"], "`--pitch` must be -24 to 24, got: -inf"),
        (["Hello", "-o", "a.wav", "--seed", "-1"], "`--seed` must not be negative, got: -1"),
        (["Hello", "-o", "a.wav", "--read-as", "xml"], "`--read-as` must be one of auto, lines, "),
        (
            ["Hello", "-d", "out", "--name-by", "mood"],
            "`--name-by` must be one of id, index, text, got: mood",
        ),
        (["Hello", "-o", "a.wav", "--sample-rate", "1"], "`--sample-rate` must be one of 8000, "),
        (["Hello", "-o", "a.wav", "--raw"], "`--raw` needs `-o -`"),
        (["Hello", "-o", "a.wav", "--play"], "`--play` excludes `-o` and `-d`"),
        (["-i", "a", "-i", "b", "-o", "a.wav"], "`-o` takes one `-i`"),
        (["Hello", "-d", "out", "--workers", "0"], "`--workers` must be at least 1, got: 0"),
        (["Hello", "-o", "a.wav", "--volume", "21"], "`--volume` must be -96 to 20, got: 21"),
        (["Hello", "-o", "a.wav", "--pause", "nan"], "`--pause` must be 0 to 60, got: nan"),
        (["Hello", "--explain"], "no such option: --explain"),
        (["--list-voices"], "no such option: --list-voices"),
        (["Hello", "-o", "a.wav", "--loudness", "2"], "no such option: --loudness"),
        (["Hello", "-o", "a.wav", "--speed", "fast"], "invalid value for '--speed'"),
    ],
)
def test_wrong_usage_ends_with_2(
    arguments: list[str], said: str, voice: Any, here: Path, pipe: Any, capsys: Captured
) -> None:
    pipe(terminal=True)
    assert main(["synth", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert said in err
    assert "\nhint: " in err
    assert not voice.loaded
    assert not list(here.iterdir())


def test_sound_is_not_written_to_a_terminal(
    voice: Any, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["synth", "Hello", "-o", "-"]) == 2
    assert "sound is not written to a terminal" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-o", "a.txt"], "cannot tell the format of `a.txt` from its suffix"),
        (["-o", "a"], "cannot tell the format of `a` from its suffix"),
        (["-o", "folder"], "folder is a folder"),
        (["-o", "missing/a.wav"], "there is no folder missing"),
        (["-o", "file/a.wav"], "there is no folder file"),
        (["-o", "a.flac", "--subtype", "float"], ".flac files have no subtype `float`"),
        (["-d", "folder", "--format", "aiff"], "there is no format `aiff`"),
        (["-d", "file"], "file is not a folder"),
        (["-d", "file/sub"], "cannot write to "),
        (["-o", "a.wav", "--voice", "nobody"], "no such voice: nobody"),
    ],
)
def test_what_cannot_work_is_told_before_work_begins(
    arguments: list[str], said: str, voice: Any, here: Path, capsys: Captured
) -> None:
    (here / "folder").mkdir()
    (here / "file").write_text("x")
    assert main(["synth", "Hello", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {said}" if "/sub" not in arguments[1] else "error: ")
    assert said in err
    assert "\nhint: " in err
    assert not voice.calls
    assert sorted(path.name for path in here.iterdir()) == ["file", "folder"]


def test_unreadable_texts(voice: Any, here: Path, pipe: Any, capsys: Captured) -> None:
    (here / "broken.txt").write_bytes(b"one\ncaf\x81\n")
    for arguments, said in (
        (["-i", "missing.txt"], "cannot read missing.txt: no such file or directory"),
        (["-i", "."], "cannot read .: is a directory"),
        (["-i", "broken.txt"], "broken.txt is not UTF-8: byte 0x81 in line 2"),
        (["caf\udce9"], "the text is not UTF-8: byte 0xe9 in line 1"),
        (["   "], "there is nothing to say in the text"),
    ):
        assert main(["synth", *arguments, "-o", "a.wav"]) == 1
        assert capsys.readouterr().err.splitlines()[0] == f"error: {said}"
    pipe(b"\n \n")
    assert main(["synth", "-d", "out"]) == 1
    assert capsys.readouterr().err.startswith("error: there is nothing to say in the text\nhint: ")
    assert [path.name for path in here.iterdir()] == ["broken.txt"]
