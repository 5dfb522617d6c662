import inspect
import os
import re
import subprocess
import sys
import types
import typing
from pathlib import Path
from typing import Any

import pytest
import typer

from tiedtts import __version__
from tiedtts.settings import SENTENCE_PAUSE
from tiedtts.speech import library
from tiedtts_cli.main import app, main

ROOT = Path(__file__).parents[2]
HEAVY = (
    "torch",
    "librosa",
    "nltk",
    "inflect",
    "numba",
    "matplotlib",
    "scipy",
    "rich.progress",
    "starlette",
    "uvicorn",
    "wyoming",
)


@pytest.mark.parametrize(
    "command",
    [
        "synth",
        "explain",
        "voices",
        "serve",
        "speechd",
        "distil",
        "prepare",
        "train",
        "export",
        "eval",
        "tie",
        "untie",
        "suggest",
        "stats",
    ],
)
def test_help_fits_a_screen_and_shows_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert len(out.splitlines()) <= 50
    assert max(map(len, out.splitlines())) <= 80
    assert re.search(rf"\n  tiedtts {command}[ \n]", out)


def test_help_shows_every_default(capsys: pytest.CaptureFixture[str]) -> None:
    group: Any = typer.main.get_command(app)
    shown = 0
    for name, command in group.commands.items():
        assert main([name, "--help"]) == 0
        out = " ".join(capsys.readouterr().out.split())
        for parameter in command.params:
            if parameter.param_type_name != "option" or parameter.default in (None, False, ()):
                continue
            name_of = max(parameter.opts, key=len)
            value = name_of[2:] if parameter.default is True else parameter.default
            record = out[out.rindex(f" {name_of} ") :].partition("]")[0]
            assert record.endswith(f"[default: {value}"), (name, record)
            shown += 1
    assert shown > 20


def test_defaults_that_stand_for_nothing_are_those_of_the_core(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["synth", "--help"]) == 0
    out = capsys.readouterr().out
    assert f"[default: {library.DEFAULT}]" in out
    assert f"[default: {SENTENCE_PAUSE}]" in out


def test_no_arguments_show_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    commands = err.partition("\nSpeak:\n")[2].splitlines()
    assert [line.split()[0] for line in commands] == [
        *("synth", "explain", "voices", "serve", "speechd"),
        *("Make", "distil", "prepare", "train", "export", "eval"),
        *("Tie:", "tie", "untie", "suggest", "stats"),
    ]
    assert all(len(line) <= 80 for line in err.splitlines())
    assert err.count("...") == 1, "only in the usage line: no help is cut off"


@pytest.mark.parametrize("option", ["--version", "-V"])
def test_version(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([option]) == 0
    assert capsys.readouterr() == (f"tiedtts {__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        (("synth", "Hello.", "--explain"), "tiedtts explain"),
        (("synth", "--list-voices"), "tiedtts voices"),
        (("tie", "--untie", "a.safetensors", "-o", "b.safetensors"), "tiedtts untie"),
        (("tie", "--suggest", "a.safetensors"), "tiedtts suggest"),
        (("tie", "--magic"), "tiedtts tie --help"),
    ],
)
def test_options_that_became_commands_name_these(
    arguments: tuple[str, ...], way_out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: no such option")
    assert hint.startswith(f"hint: {way_out}")


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "models")))}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False
    )


def test_nothing_heavy_is_imported_for_help() -> None:
    code = (
        "import sys; from tiedtts_cli.main import main; "
        f"main(sys.argv[1:]); print([m for m in {(*HEAVY, 'numpy', 'rich')} if m in sys.modules])"
    )
    done = run("-c", code, "synth", "--help")
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_module_runs_as_a_program(tmp_path: Path) -> None:
    done = run("-m", "tiedtts_cli", "synth", "Hello", "-o", str(tmp_path / "none" / "a.wav"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: there is no folder ")
    assert "Traceback" not in done.stderr
    for module in ("tiedtts_cli", "tiedtts"):
        done = run("-m", module, "-V")
        assert (done.returncode, done.stdout, done.stderr) == (0, f"tiedtts {__version__}\n", "")


def test_callbacks_are_annotated_as_python_3_10_can_read() -> None:
    """`issubclass(list[str], …)`, which typer asks of callbacks, fails there."""
    found = 0
    for command in app.registered_commands:
        assert command.callback is not None
        for parameter in inspect.signature(command.callback).parameters.values():
            for info in getattr(parameter.annotation, "__metadata__", ()):
                check = getattr(info, "callback", None)
                if check is not None:
                    found += 1
                    kinds = typing.get_type_hints(check).values()
                    assert not any(isinstance(kind, types.GenericAlias) for kind in kinds), check
    assert found > 5
