"""Completion in the shell: names of the package, values of options, the user's own files."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.outputs import Captured
from tiedtts.choices import SCHEMES
from tiedtts.speech.library import list_voices
from tiedtts_cli import completion
from tiedtts_cli.main import main

PROGRAM = f"{sys.executable} -m tiedtts_cli"


def complete(line: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> list[str]:
    """Return what bash is offered at the end of a line."""
    words = line.split(" ")
    monkeypatch.setenv("_TIEDTTS_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    assert main([]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tiedtts sy", ["synth"]),
        ("tiedtts synth --vo", ["--voice", "--vocoder", "--volume"]),
        ("tiedtts synth --voice kath", ["kathleen"]),
        ("tiedtts synth --format ", ["wav", "flac", "ogg", "opus", "mp3"]),
        ("tiedtts synth --subtype f", ["float"]),
        ("tiedtts synth --timestamps ", ["json", "srt", "vtt", "textgrid"]),
        ("tiedtts synth --sample-rate 44", ["44100"]),
        ("tiedtts synth --read-as cs", ["csv"]),
        ("tiedtts synth --vocoder gr", ["griffinlim"]),
        ("tiedtts train --recipe tac", ["tacotron", "tacotron-fine", "tacotron-mel"]),
        ("tiedtts train --precision b", ["bf16"]),
        ("tiedtts train --init-from cl", ["clara"]),
        ("tiedtts train --tie wave", ["wavenet-lowrank", "wavenet-share"]),
        ("tiedtts tie --plan tin", ["tiny"]),
        ("tiedtts tie --scheme ", list(SCHEMES)),
        ("tiedtts tie --bias k", ["keep"]),
        ("tiedtts prepare --format lj", ["ljspeech"]),
        ("tiedtts export --precision ", ["int8", "fp16", "fp32"]),
        ("tiedtts export --base k", ["kathleen"]),
        ("tiedtts eval kath", ["kathleen"]),
        ("tiedtts stats kath", ["kathleen"]),
    ],
)
def test_values(
    line: str, offered: list[str], here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert complete(line, monkeypatch, capsys) == offered


def test_voices_of_the_user(here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    for name in ("mine.onnx", "run/voice.safetensors", "run/deep/old.voice", "run/losses.csv", ".hid/a.onnx"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    assert complete("tiedtts synth --voice ", monkeypatch, capsys) == [*list_voices(), "mine.onnx", "run/"]
    assert complete("tiedtts synth --voice m", monkeypatch, capsys) == ["mine.onnx"]
    # The only folder is opened.
    assert complete("tiedtts synth --voice r", monkeypatch, capsys) == ["run/deep/", "run/voice.safetensors"]
    assert complete("tiedtts synth --voice run/d", monkeypatch, capsys) == ["run/deep/old.voice"]
    assert complete("tiedtts synth --voice ./m", monkeypatch, capsys) == ["./mine.onnx"]
    assert complete(f"tiedtts synth --voice {here}/m", monkeypatch, capsys) == [f"{here}/mine.onnx"]
    assert complete("tiedtts export --base r", monkeypatch, capsys) == ["run/deep/old.voice"]
    assert complete("tiedtts synth --voice none/", monkeypatch, capsys) == []
    monkeypatch.setenv("HOME", str(here))
    assert complete("tiedtts synth --voice ~/m", monkeypatch, capsys) == ["~/mine.onnx"]


def test_nothing_heavy_is_loaded_at_a_press_of_a_key(here: Path) -> None:
    code = (
        "import sys; from tiedtts_cli import completion; print(completion.KINDS['voice']('')[:1], completion.KINDS['plan']('tin'));"
        "print([name for name in ('numpy', 'torch', 'onnxruntime', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['clara'] ['tiny']", "[]"]


def test_capitals_do_not_matter() -> None:
    assert completion.one_of(("json", "textgrid"))("TEXT") == ["textgrid"]


@pytest.mark.parametrize(
    ("shell", "script"),
    [
        (
            "bash",
            'eval "$1"; COMP_WORDS=(tiedtts synth --voice ka); COMP_CWORD=3; _tiedtts_completion tiedtts; '
            'echo "${COMPREPLY[@]}"',
        ),
        ("fish", "eval $argv[1]; complete -C 'tiedtts synth --voice ka'"),
        (
            "zsh",
            'compdef() { :; }; _arguments() { echo "$@"; }; eval "$1"; words=(tiedtts synth --voice ka); '
            "CURRENT=4; _tiedtts_completion",
        ),
    ],
)
def test_shells(shell: str, script: str, tmp_path: Path) -> None:
    """With a real shell, and the script that `--show-completion` prints for it."""
    program = shutil.which(shell)
    if program is None or sys.platform == "win32":
        pytest.skip(f"needs {shell}")
    command = tmp_path / "tiedtts"
    command.write_text(f'#!/bin/sh\nexec {PROGRAM} "$@"\n')
    command.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONPATH": ":".join(sys.path),
    }
    shown = subprocess.run(
        [str(command), "--show-completion"],
        capture_output=True,
        text=True,
        env={**environment, "_TIEDTTS_COMPLETE": f"source_{shell}"},
        check=True,
    ).stdout
    arguments = ["-c", script, *([] if shell == "fish" else [shell]), shown]
    done = subprocess.run([program, *arguments], capture_output=True, text=True, env=environment, check=False)
    assert "kathleen" in done.stdout, done.stderr
    assert "clara" not in done.stdout
