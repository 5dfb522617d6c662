"""`tiedtts synth` with a text: one file, or sound on stdout."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.cli.outputs import USUAL, Captured, seconds
from tiedtts.audio import files
from tiedtts_cli import talk
from tiedtts_cli.main import main


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
        (
            "Hello",
            USUAL | {"speed": 0.5, "pitch": -2.5, "volume": -6.0, "pause": 1.5, "seed": 7},
        )
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


def test_no_times_without_a_sound(voice: Any, here: Path, capsys: Captured) -> None:
    assert main(["synth", "One. bug", "-o", "a.wav", "--timestamps", "vtt"]) == 1
    assert not list(here.iterdir())
    (here / "talk.srt").write_text("One.")
    assert main(["synth", "-i", "talk.srt", "-o", "talk.wav", "--timestamps", "srt"]) == 2
    assert "the timestamps would replace the text talk.srt" in capsys.readouterr().err
    assert (here / "talk.srt").read_text() == "One."


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


def test_samples_alone_on_stdout(voice: Any, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["synth", "Hello there.", "-o", "-", "--raw"]) == 0
    out, _ = capsysbinary.readouterr()
    assert out == files.to_pcm16(voice.say("Hello there.").samples).tobytes()


def test_verbose_says_more(voice: Any, here: Path, capsys: Captured) -> None:
    assert main(["synth", "One\nTwo", "-d", "out", "-v"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "line 1: out/0001.wav, 0.10 s"
    assert "x real time" in said[-1]
    assert main(["synth", "One", "-o", "a.wav", "-v"]) == 0
    assert capsys.readouterr().err.startswith("first sound after 0.")
