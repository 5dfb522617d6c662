"""Command lines as users of other programs write them: what is meant is said, or done."""

import os
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.cli.outputs import Captured
from tiedtts_cli import hints
from tiedtts_cli.main import app, main


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        # Piper, in both spellings.
        ("synth Hello. --length_scale 1.25 -o a.wav", "you mean `--speed 0.8`"),
        ("synth Hello. --length-scale=2 -o a.wav", "you mean `--speed 0.5`"),
        ("synth Hello. --length-scale -o a.wav", "you mean `--speed`"),
        ("synth Hello. --output_file a.wav", "you mean `-o FILE`"),
        ("synth Hello. --output-file a.wav", "you mean `-o FILE`"),
        ("synth Hello. --output_dir out", "you mean `-d DIR`"),
        ("synth Hello. --output-raw", "you mean `-o - --raw`"),
        ("synth Hello. --model en.onnx -o a.wav", "you mean `--voice NAME`"),
        ("synth Hello. -m en.onnx -o a.wav", "you mean `--voice NAME`"),
        ("synth Hello. --sentence_silence 0.3 -o a.wav", "you mean `--pause SECONDS`"),
        ("synth Hello. --noise-scale 0.6 -o a.wav", "leave it out"),
        ("synth Hello. --noise_w 0.6 -o a.wav", "leave it out"),
        ("synth Hello. --speaker 3 -o a.wav", "each voice is one speaker"),
        ("synth Hello. --cuda -o a.wav", "leave it out: it speaks on the processor"),
        ("synth --json-input -d out", "--read-as jsonl"),
        # espeak-ng and flite.
        ("synth Hello. -w a.wav", "you mean `-o FILE`"),
        ("synth Hello. -s 175 -o a.wav", "you mean `--speed`"),
        ("synth -v en-us Hello. -o a.wav", "`--voice NAME`"),
        ("synth -v fake Hello. -o a.wav", "`--voice NAME`"),
        ("synth Hello. -v en+f3 -o a.wav", "`--voice NAME`"),
        ("synth Hello. -o a.wav -v en_US-lessac-medium", "`--voice NAME`"),
        ("synth Hello. -p 60 -o a.wav", "you mean `--pitch SEMITONES`"),
        ("synth Hello. -x", "you mean `tiedtts explain"),
        ("synth --voices", "tiedtts voices"),
        ("synth Hello. -voice clara -o a.wav", "you mean `--voice`"),
        # say, gTTS, edge-tts, Coqui.
        ("synth Hello. -r 200 -o a.wav", "you mean `--speed`"),
        ("synth Hello. --rate=+20% -o a.wav", "you mean `--speed`"),
        ("synth --text Hello. -o a.wav", "in quotes"),
        ("synth Hello. --write-subtitles a.srt -o a.wav", "you mean `--timestamps srt`"),
        # Ours, spelled another way.
        ("synth Hello. --sample_rate 8000 -o a.wav", "you mean `--sample-rate`"),
        ("synth Hello. --loudnes 3 -o a.wav", "tiedtts synth --help"),
        ("synth Hello. --volum 3 -o a.wav", "you may mean `--volume`"),
        ("synth -V", "tiedtts --version"),
        ("train data --version", "tiedtts --version"),
        ("train data -o run --epochs 9", "you mean `--recipe FILE`"),
        ("train data -o run --init_from a.onnx", "you mean `--init-from`"),
        # No command.
        ("--model en.onnx --output_file a.wav", 'tiedtts synth "Hello there."'),
        ("--list-voices", "tiedtts voices"),
    ],
)
def test_flags_of_others_are_understood(
    arguments: str, way_out: str, voice: Any, here: Path, capsys: Captured
) -> None:
    assert main(arguments.split()) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ")
    assert "Possible" not in error
    assert hint.startswith("hint: ")
    assert way_out in hint
    assert not list(here.iterdir())


def test_options_that_hints_name_are_there() -> None:
    group: Any = typer.main.get_command(app)
    known = {name for parameter in group.commands["synth"].params for name in parameter.opts}
    for flag, found in hints._SPEAK.items():
        assert flag not in known, "this one is understood without a hint"
        for word in found.replace("`", " ").replace(":", " ").split():
            assert not word.startswith("-") or word == "-" or word in known, found
    trains = {name for parameter in group.commands["train"].params for name in parameter.opts}
    assert not set(hints._TRAIN) & trains


@pytest.mark.parametrize(
    "arguments",
    [
        "synth Hello. -o a.wav -o b.wav",
        "synth Hello. -o a.wav --output=a.wav",
        "synth Hello. --speed 1 -o a.wav --speed 2",
        "synth Hello. --voice fake --voice other -o a.wav",
        "explain Hello. -i a.txt -i b.txt",
        "prepare corpus -o a -o b",
        "train data -o run --recipe tiny --recipe default",
        "export a.safetensors -o a.onnx -o b.onnx",
        "tie a.safetensors -o b.safetensors --plan a --plan b",
        "stats kathleen --plot a.png --plot b.png",
    ],
)
def test_an_option_that_is_given_twice_is_refused(
    arguments: str, voice: Any, here: Path, capsys: Captured
) -> None:
    assert main(arguments.split()) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.endswith("is given twice")
    assert hint.startswith("hint: ")
    assert not list(here.iterdir())


def test_what_may_be_repeated_is(voice: Any, here: Path, capsys: Captured) -> None:
    Path("a.txt").write_text("One.")
    Path("b.txt").write_text("Two.")
    assert main("synth -i a.txt -i b.txt -d out --no-breaks --breaks -q -q".split()) == 0
    assert len(list(Path("out").glob("*.wav"))) == 2


def test_words_without_quotes_are_one_text(voice: Any, here: Path, capsys: Captured) -> None:
    assert main("synth Hello there, world. -o a.wav".split()) == 0
    assert main("synth -o b.wav It is 5 degrees.".split()) == 0
    assert [text for text, _ in voice.calls] == ["Hello there, world.", "It is 5 degrees."]
    assert main("explain Hello world.".split()) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()[1:]] == ["Hello", "world."]


@pytest.mark.parametrize(
    ("arguments", "said", "way_out"),
    [
        (["synth", "a.txt", "b.txt", "-d", "out"], "are files", "-i a.txt -i b.txt -d DIR"),
        (["explain", "a.txt", "b.txt"], "are files", "tiedtts explain -i a.txt"),
        (["synth", "-", "Hello", "-o", "a.wav"], "reads stdin", "tiedtts synth -"),
        (["synth", "-v", "Alex", "Hello there.", "-o", "a.wav"], "`--verbose`", "`--voice NAME`"),
        (["synth", "-5 degrees.", "-o", "a.wav"], "no such option: -5", '-- "-5 degrees."'),
        (["explain", "-5"], "no such option: -5", '-- "-5"'),
        (["Hello there."], "no such command", 'tiedtts synth "Hello there." -o speech.wav'),
    ],
)
def test_texts_that_were_not_meant(
    arguments: list[str], said: str, way_out: str, voice: Any, here: Path, capsys: Captured
) -> None:
    for name in ("a.txt", "b.txt"):
        Path(name).write_text("One.")
    assert main(arguments) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert said in error
    assert way_out in hint
    assert sorted(os.listdir()) == ["a.txt", "b.txt"]


def test_verbose_before_a_text_is_no_voice(voice: Any, here: Path) -> None:
    assert main(["synth", "-v", "Hello there.", "-o", "a.wav"]) == 0
    assert main("synth -v it is cold -o b.wav".split()) == 0
    assert main(["synth", "-o", "c.wav", "--", "-5 degrees."]) == 0
    assert [text for text, _ in voice.calls] == ["Hello there.", "it is cold", "-5 degrees."]


def test_the_name_of_a_file_is_said_with_a_warning(voice: Any, here: Path, capsys: Captured) -> None:
    Path("a.txt").write_text("One.")
    assert main(["synth", "a.txt", "-o", "a.wav"]) == 0
    assert (
        "warning: `a.txt` is read as it stands; to say what is in the file: -i a.txt\n"
        in capsys.readouterr().err
    )
    assert voice.calls[0][0] == "a.txt"
    assert main(["synth", "a.txt", "-o", "b.wav", "-q"]) == 0
    assert capsys.readouterr().err == ""
