"""Signals that ask for the end: everything is cleaned up, what is done is kept, and the status tells which it was."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.corpus import corpora
from tiedtts import stopping
from tiedtts_cli import boundary, talk
from tiedtts_cli.main import main

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no such signals on this system")
SIGNALS = list(stopping.SIGNALS[:3])


def start(folder: Path, *arguments: str, launch: tuple[str, ...] = ()) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "models")))}
    return subprocess.Popen(
        [*launch, sys.executable, "-m", "tiedtts_cli", *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Signals go to all processes of a terminal, and so to the whole group here.
        start_new_session=True,
    )


def wait(process: "subprocess.Popen[str]", ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """More than is said while a test runs."""
    path = tmp_path / "lines.txt"
    path.write_text(
        "".join(f"n{n}|This is sentence number {n}, and it goes on for a while.\n" for n in range(9999))
    )
    return path


@pytest.mark.parametrize(("number", "workers"), [(SIGNALS[0], 1), (SIGNALS[1], 2), (SIGNALS[2], 2)])
def test_a_batch(number: signal.Signals, workers: int, lines: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(tmp_path, "synth", "-i", str(lines), "-d", "out", "--workers", str(workers), "-q")
    wait(process, lambda: len(list(out.glob("*.wav"))) > 2)
    os.killpg(process.pid, number)
    error = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + number
    ended = "interrupted" if number == signal.SIGINT else f"ended by {number.name}"
    assert error == f"error: {ended}\nhint: with `-d`, `--skip-existing` makes only what is missing\n"
    rows = [json.loads(line) for line in (out / "manifest.jsonl").read_text().splitlines()]
    assert {path.name for path in out.iterdir()} == {"manifest.jsonl", *(row["file"] for row in rows)}


@pytest.mark.parametrize("number", SIGNALS[1:])
def test_a_file(number: signal.Signals, lines: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    process = start(tmp_path, "synth", "-i", str(lines), "-o", "out/book.wav", "-q")
    wait(process, lambda: bool(list(out.iterdir())))
    os.killpg(process.pid, number)
    assert process.communicate(timeout=60)[1].startswith("error: ")
    assert process.returncode == 128 + number
    assert list(out.iterdir()) == []


def test_what_nohup_ignores_is_ignored(lines: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = start(
        tmp_path, "synth", "-i", str(lines), "-d", "out", "--workers", "1", "-q", launch=("nohup",)
    )
    wait(process, lambda: len(list(out.glob("*.wav"))) > 1)
    process.send_signal(signal.SIGHUP)
    count = len(list(out.glob("*.wav")))
    wait(process, lambda: len(list(out.glob("*.wav"))) > count + 2)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", SIGNALS[1:2])
def test_prepare_goes_on(
    number: signal.Signals,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    corpora.ljspeech(tmp_path / "corpus", 8)
    calls = iter((number, *[None] * 999))

    @contextmanager
    def progress(title: str, **options: bool) -> Iterator[Callable[[float, str], None]]:
        def show(share: float, words: str) -> None:
            if "features" in words and (wanted := next(calls)) is not None:
                os.kill(os.getpid(), wanted)

        yield show

    monkeypatch.setattr(talk, "progress", progress)
    monkeypatch.chdir(tmp_path)
    command = ["prepare", "corpus", "-o", "data", "--workers", "1", "-q"]
    assert main(command) == 128 + number
    assert capsys.readouterr().err.endswith("hint: the same command goes on where it stopped\n")
    assert not (tmp_path / "data" / "manifest.jsonl").exists()
    assert not list((tmp_path / "data").rglob(".*.npz*"))
    assert main(command) == 0
    assert len(list((tmp_path / "data" / "features").iterdir())) == 8


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in stopping.SIGNALS]
    assert boundary.run(lambda _: os.kill(os.getpid(), signal.SIGTERM), []) == 143
    assert [signal.getsignal(number) for number in stopping.SIGNALS] == before


def test_a_second_signal_does_not_disturb_the_first() -> None:
    cleaned = []

    def command(_: object) -> None:
        try:
            os.kill(os.getpid(), signal.SIGHUP)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            cleaned.append(True)

    assert boundary.run(command, []) == 129
    assert cleaned == [True]


def test_ctrl_c_twice_does_not_wait() -> None:
    reached = []

    def command(_: object) -> None:
        with stopping.deferred() as asked:
            os.kill(os.getpid(), signal.SIGINT)
            reached.append(asked())
            os.kill(os.getpid(), signal.SIGINT)
            reached.append("never")

    assert boundary.run(command, []) == 130
    assert reached == [signal.SIGINT]


def test_a_wish_that_nobody_heeds_counts_at_the_end() -> None:
    def command(_: object) -> int:
        with stopping.deferred():
            os.kill(os.getpid(), signal.SIGTERM)
        return 0

    assert boundary.run(command, []) == 143


def test_another_thread_may_run_a_command() -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(boundary.run(lambda _: 0, [])))
    thread.start()
    thread.join()
    assert found == [0]
