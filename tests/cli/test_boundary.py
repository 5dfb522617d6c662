import errno
import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from tiedtts import extras
from tiedtts.errors import TextError
from tiedtts_cli import boundary, talk
from tiedtts_cli.boundary import UsageError


def run(error: BaseException, *arguments: str) -> int:
    def fail(given: Any) -> None:
        raise error

    return boundary.run(fail, arguments)


class OutOfMemoryError(RuntimeError):
    """Named as torch's."""


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (TextError("no text", hint="write one"), 1, "error: no text\nhint: write one\n"),
        (TextError("no text"), 1, "error: no text\n"),
        (UsageError("not both", hint="one"), 2, "error: not both\nhint: one\n"),
        (SystemExit("it has failed"), 1, "error: it has failed\n"),
        (SystemExit(3), 3, ""),
        (SystemExit(), 0, ""),
        (
            ModuleNotFoundError("No module named 'torch'", name="torch.nn"),
            1,
            f"error: the package `torch` is not installed\nhint: {extras.install_command('train')}\n",
        ),
        (
            ModuleNotFoundError("No module named 'numpy'", name="numpy"),
            1,
            f"error: the package `numpy` is not installed\nhint: {extras.install_command()}\n",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/root/x"),
            1,
            "error: /root/x: permission denied\n",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "error: no space left on device\n"),
        (MemoryError(), 1, "error: out of memory\n"),
        (
            ValueError("bad"),
            1,
            "error: internal error: ValueError: bad\n"
            "hint: run it again with TIEDTTS_TRACEBACK=1 in the environment and report what it prints\n",
        ),
    ],
)
def test_every_exception_becomes_a_line_and_a_status(
    error: BaseException, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(error) == status
    assert capsys.readouterr() == ("", said)


def test_a_full_gpu_in_training_has_a_way_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(OutOfMemoryError("CUDA out of memory"), "train") == 1
    assert capsys.readouterr().err == "error: out of memory\nhint: use a smaller `batch_size` in the recipe\n"


@pytest.mark.parametrize(("command", "hint"), [("prepare", "goes on"), ("synth", "`--skip-existing`")])
def test_interrupt(command: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(KeyboardInterrupt(), command) == 130
    said = capsys.readouterr().err
    assert said.startswith("error: interrupted\nhint: ")
    assert hint in said


def test_tracebacks_are_shown_only_on_demand(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(boundary.TRACEBACK, "1")
    run(ValueError("bad"))
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_has_gone_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    end, begin = os.pipe()
    os.close(end)
    with os.fdopen(begin, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert boundary.run(lambda _: print("x" * 100), []) == 1


def test_one_process_of_a_machine_tells_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert run(TextError("no text")) == 1
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (7_500, "2 h 05 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert talk.duration(seconds) == words


def test_progress_without_a_terminal_is_a_line_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter((0.0, 1.0, 30.0, 40.0, 91.0))
    monkeypatch.setattr(talk, "PATIENCE_SECONDS", 2.0)
    # The clock of this module alone: servers of other tests live by that of the process.
    monkeypatch.setattr(talk, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with talk.progress("eval") as show:
        for share in (0.0, 0.25, 0.5, 0.75):
            show(share, f"at {share}")
    assert capsys.readouterr() == ("", "eval: 25%, at 0.25\neval: 75%, at 0.75\n")


def test_quiet_progress(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "PATIENCE_SECONDS", 0.0)
    with talk.progress("eval", quiet=True) as show:
        show(0.5, "half")
    assert capsys.readouterr() == ("", "")
