import contextlib
import io
import json
import os
import select
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import soundfile

from tiedtts import extras
from tiedtts.audio import files
from tiedtts_cli import talk
from tiedtts_cli.main import main

ROOT = Path(__file__).parents[2]
MANIFEST = "manifest.jsonl"
Captured = pytest.CaptureFixture[str]
USUAL = {"speed": 1.0, "pitch": 0.0, "volume": 0.0, "pause": None, "seed": 0, "ssml": False}
"""Settings of an utterance if nothing is chosen."""


class Stdin(io.TextIOWrapper):
    """Standard input: a pipe with bytes in it, or an empty terminal."""

    def __init__(self, data: bytes = b"", *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda data=b"", **options: monkeypatch.setattr(sys, "stdin", Stdin(data, **options))


def seconds(path: Path) -> float:
    sound = files.read(path)
    return len(sound.samples) / sound.rate


@pytest.mark.parametrize(("suffix", "magic"), [(".wav", b"RIFF"), (".FLAC", b"fLaC"), (".ogg", b"OggS")])
def test_a_text_into_a_file(suffix: str, magic: bytes, voice: Any, here: Path, capsys: Captured) -> None:
    assert main(["synth", "Hello there.", "-o", f"hello{suffix}"]) == 0
    assert (here / f"hello{suffix}").read_bytes()[:4] == magic
    assert seconds(here / f"hello{suffix}") == pytest.approx(0.2)
    assert capsys.readouterr() == ("", f"hello{suffix}: 0.20 s\n")
    assert voice.loaded == [("fake", ())]
    assert voice.calls == [("Hello there.", USUAL)]


def test_options_reach_the_voice(voice: Any, here: Path) -> None:
    options = (
        "--voice other.onnx --speed 0.5 --pitch -2.5 --volume -6 --pause 1.5 --seed 7 "
        "--lexicon general.txt --lexicon own.txt --vocoder lpc -q".split()
    )
    assert main(["synth", "Hello", "-o", "a.wav", *options]) == 0
    assert voice.loaded == [("other.onnx", ("general.txt", "own.txt"))]
    assert voice.vocoders == ["lpc"]
    assert voice.calls == [
        ("Hello", {"speed": 0.5, "pitch": -2.5, "volume": -6.0, "pause": 1.5, "seed": 7, "ssml": False})
    ]


def test_a_file_is_one_running_text(voice: Any, here: Path, capsys: Captured) -> None:
    (here / "in.txt").write_bytes("\ufeffOne two.\r\nThree.".encode())
    assert main(["synth", "-i", "in.txt", "-o", "out.wav"]) == 0
    assert voice.calls[0][0] == "One two.\nThree."
    assert seconds(here / "out.wav") == pytest.approx(0.3)


@pytest.mark.parametrize("arguments", [[], ["-"], ["-i", "-"]])
def test_stdin(arguments: list[str], voice: Any, here: Path, pipe: Any) -> None:
    pipe("Über two".encode())
    assert main(["synth", *arguments, "-o", "out.wav"]) == 0
    assert voice.calls[0][0] == "Über two"


def test_sound_on_stdout_is_all_that_is_there(
    voice: Any, here: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["synth", "Hello \u263a.", "-o", "-"]) == 0
    out, err = capsysbinary.readouterr()
    assert out == files.encode(voice.say("Hello \u263a.").samples, voice.sample_rate)
    assert err == "warning: cannot be spoken: \u263a\n".encode()
    assert not list(here.iterdir())


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


def test_json_lines(voice: Any, here: Path, capsys: Captured) -> None:
    (here / "in.txt").write_text("a|Ünë \u263a\n...\nTwo words\n", encoding="utf-8")
    assert main(["synth", "-i", "in.txt", "-d", "out", "--json"]) == 1
    out, _ = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [
        {
            "id": "a",
            "text": "Ünë \u263a",
            "file": "out/a.wav",
            "seconds": 0.2,
            "phones": ["HH", "AH0"],
            "warnings": ["cannot be spoken: \u263a"],
        },
        {
            "id": "0003",
            "text": "Two words",
            "file": "out/0003.wav",
            "seconds": 0.2,
            "phones": ["HH", "AH0"],
            "warnings": [],
        },
    ]
    assert main(["synth", "One. Two.", "-o", "b.flac", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["id"], said["text"], said["seconds"]) == ("b", "One. Two.", 0.2)
    assert said["phones"] == ["HH", "AH0", "HH", "AH0"]


def test_quiet_says_only_errors(voice: Any, here: Path, capsys: Captured) -> None:
    (here / "in.txt").write_text("/a|One \u263a\n", encoding="utf-8")
    assert main(["synth", "-q", "-i", "in.txt", "-d", "out"]) == 0
    assert main(["synth", "-q", "One \u263a", "-o", "a.wav"]) == 0
    assert capsys.readouterr() == ("", "")


def test_voices_are_listed(voice: Any, capsys: Captured) -> None:
    assert main(["voices"]) == 0
    assert capsys.readouterr() == ("fake\nother\n", "")


def test_ssml(voice: Any, here: Path, pipe: Any) -> None:
    text = "<speak>Hello <mark name='x'/>there.</speak>"
    assert main(["synth", "--ssml", text, "-o", "a.flac", "-q"]) == 0
    assert voice.calls == [(text, USUAL | {"ssml": True})]
    assert soundfile.SoundFile(here / "a.flac").title == "Hello there."
    pipe(f"{text[:10]}\n\n{text[10:]}".encode())
    assert main(["synth", "--ssml", "-o", "-", "--raw", "-q"]) == 0
    assert voice.calls[1][0] == f"{text[:10]}\n\n{text[10:]}", "one document, whatever its lines"
    (here / "in.jsonl").write_text(json.dumps({"text": text, "ssml": True}) + '\n{"text": "Hi."}\n')
    assert main(["synth", "-i", "in.jsonl", "-d", "out", "-q", "--format", "flac"]) == 0
    assert [settings["ssml"] for _, settings in voice.calls[2:]] == [True, False]
    assert soundfile.SoundFile(here / "out" / "0001.flac").title == "Hello there."


def test_timestamps_beside_a_file(voice: Any, here: Path, capsys: Captured) -> None:
    assert main(["synth", "One two. Three", "-o", "a.b.flac", "--timestamps", "JSON", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["timestamps"] == "a.b.json"
    times = json.loads((here / "a.b.json").read_text("utf-8"))
    assert (times["sample_rate"], times["seconds"]) == (8_000, 0.3)
    assert [(word["text"], word["start"], word["end"]) for word in times["words"]] == [
        *(("One", 0.0, 0.1), ("two", 0.1, 0.2), ("Three", 0.2, 0.3))
    ]
    assert [sentence["text"] for sentence in times["sentences"]] == ["One two", "Three"]


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


def test_no_times_without_a_sound(voice: Any, here: Path, capsys: Captured) -> None:
    assert main(["synth", "One. bug", "-o", "a.wav", "--timestamps", "vtt"]) == 1
    assert not list(here.iterdir())
    (here / "talk.srt").write_text("One.")
    assert main(["synth", "-i", "talk.srt", "-o", "talk.wav", "--timestamps", "srt"]) == 2
    assert "the timestamps would replace the text talk.srt" in capsys.readouterr().err
    assert (here / "talk.srt").read_text() == "One."


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
        (["Hello", "-d", "out", "--workers", "0"], "invalid value for '--workers'"),
        (["Hello", "-o", "a.wav", "--volume", "21"], "`--volume` must be -96 to 20, got: 21"),
        (["Hello", "-o", "a.wav", "--pause", "nan"], "`--pause` must be 0 to 60, got: nan"),
        (["Hello", "--explain"], "no such option: --explain"),
        (["--list-voices"], "no such option: --list-voices"),
        (["Hello", "-o", "a.wav", "--loudness", "2"], "no such option: --loudness"),
        (["Hello", "there", "-o", "a.wav"], "unexpected extra argument"),
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
        (["-d", "folder", "--format", "aiff"], "cannot tell the format of `x.aiff` from its suffix"),
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
    (here / "latin.txt").write_bytes(b"one\ncaf\xe9\n")
    for arguments, said in (
        (["-i", "missing.txt"], "cannot read missing.txt: no such file or directory"),
        (["-i", "."], "cannot read .: is a directory"),
        (["-i", "latin.txt"], "latin.txt is not UTF-8: byte 0xe9 in line 2"),
        (["caf\udce9"], "the text is not UTF-8: byte 0xe9 in line 1"),
        (["   "], "there is nothing to say in the text"),
    ):
        assert main(["synth", *arguments, "-o", "a.wav"]) == 1
        assert capsys.readouterr().err.splitlines()[0] == f"error: {said}"
    pipe(b"\n \n")
    assert main(["synth", "-d", "out"]) == 1
    assert capsys.readouterr().err.startswith("error: there is nothing to say in the text\nhint: ")
    assert [path.name for path in here.iterdir()] == ["latin.txt"]


def test_an_interrupted_list_keeps_what_was_made(voice: Any, here: Path, capsys: Captured) -> None:
    (here / "in.txt").write_text("One\ninterrupt\nThree\n", encoding="utf-8")
    assert main(["synth", "-i", "in.txt", "-d", "out"]) == 130
    assert sorted(path.name for path in (here / "out").iterdir()) == ["0001.wav", MANIFEST]
    assert capsys.readouterr().err.startswith("error: interrupted\nhint: with `-d`, `--skip-existing`")


def test_a_bug_leaves_no_file_and_no_traceback(voice: Any, here: Path, capsys: Captured) -> None:
    assert main(["synth", "One. bug", "-o", "a.wav"]) == 1
    assert capsys.readouterr().err.startswith("error: internal error: ZeroDivisionError: division by zero\n")
    assert not list(here.iterdir())


def test_a_long_text_shows_a_bar_on_a_terminal(
    voice: Any, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(talk, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert main(["synth", "One [b]. Two \u263a.", "-o", "a.wav"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "synth" in err
    assert "Two \u263a" in err
    assert "\x1b[3" not in err
    assert "warning: cannot be spoken: \u263a\n" in err


def test_formats_of_a_file(voice: Any, here: Path) -> None:
    options = "--subtype 24 --sample-rate 16000 -q".split()
    assert main(["synth", "Hello there.", "-o", "a.flac", *options]) == 0
    sound = soundfile.SoundFile(here / "a.flac")
    assert (sound.samplerate, sound.subtype, sound.frames) == (16_000, "PCM_24", 3_200)
    assert (sound.title, sound.artist) == ("Hello there.", "fake")


def test_formats_of_a_folder(voice: Any, here: Path) -> None:
    assert main(["synth", "Hello there.\nBye.", "-d", ".", "--format", "ogg", "--name-by", "text", "-q"]) == 0
    assert sorted(path.name for path in here.iterdir()) == ["bye.ogg", "hello-there.ogg", MANIFEST]


def test_samples_alone_on_stdout(voice: Any, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["synth", "Hello there.", "-o", "-", "--raw"]) == 0
    out, _ = capsysbinary.readouterr()
    assert out == files.to_pcm16(voice.say("Hello there.").samples).tobytes()


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


def test_verbose_says_more(voice: Any, here: Path, capsys: Captured) -> None:
    assert main(["synth", "One\nTwo", "-d", "out", "-v"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "line 1: out/0001.wav, 0.10 s"
    assert "x real time" in said[-1]
    assert main(["synth", "One", "-o", "a.wav", "-v"]) == 0
    assert capsys.readouterr().err.startswith("first sound after 0.")


def test_playing_needs_its_package(voice: Any, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert main(["synth", "Hello", "--play"]) == 1
    assert capsys.readouterr().err == (
        f"error: playing needs the package `sounddevice`\nhint: {extras.install_command('play')}\n"
    )


class Device:
    """Stands for a loudspeaker."""

    played: ClassVar[list[np.ndarray]] = []

    def __init__(self, **settings: Any) -> None:
        assert settings == {"samplerate": 8_000, "channels": 1, "dtype": "float32"}

    def write(self, samples: np.ndarray) -> None:
        self.played.append(samples)

    def start(self) -> None:
        self.played.clear()

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass


def test_playing(voice: Any, monkeypatch: pytest.MonkeyPatch, here: Path, capsys: Captured) -> None:
    module: Any = types.ModuleType("sounddevice")
    module.OutputStream, module.PortAudioError = Device, OSError
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    assert main(["synth", "Hello there. Bye.", "--play"]) == 0
    assert [samples.shape for samples in Device.played] == [(1_600, 1), (800, 1)]
    assert capsys.readouterr() == ("", "")
    assert not list(here.iterdir())


def test_what_comes_through_a_pipe_is_said_when_it_comes(tmp_path: Path) -> None:
    """With the real voice: a sentence goes in, its sound comes out, and only then the next goes in."""
    with program("synth", "-o", "-", "--raw") as process:
        for line in (b"Hello there.\n", b"no stop\n"):
            process.stdin.write(line)
            process.stdin.flush()
            assert len(process.stdout.read(20_000)) == 20_000
            while select.select([process.stdout], [], [], 0.5)[0]:
                process.stdout.read1(1 << 20)
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait() == 0
        assert process.stderr.read() == b""


def test_lines_through_a_pipe_become_files_when_they_come(tmp_path: Path) -> None:
    with program("synth", "-d", str(tmp_path / "out"), "--json") as process:
        for line in (b"Hello there.\n", b"b|Again.\n"):
            process.stdin.write(line)
            process.stdin.flush()
            row = json.loads(process.stdout.readline())
            assert seconds(Path(row["file"])) == pytest.approx(row["seconds"])
        process.stdin.close()
        assert process.wait() == 0


@pytest.mark.parametrize("options", [(), ("--raw",)])
def test_a_reader_that_has_heard_enough(options: tuple[str, ...]) -> None:
    with program("synth", "Two words are here. " * 200, "-o", "-", *options) as process:
        assert len(process.stdout.read(1_000)) == 1_000
        process.stdout.close()
        assert process.wait() == 0
        assert process.stderr.read() == b""


@contextlib.contextmanager
def program(*arguments: str) -> Iterator[Any]:
    paths = os.pathsep.join((str(ROOT), str(ROOT / "models")))
    process = subprocess.Popen(
        [sys.executable, "-m", "tiedtts_cli", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": paths},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()
