"""`tiedtts synth` as the text comes and as the sound is heard: pipes and the loudspeaker."""

import contextlib
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

from tests.cli.outputs import Captured, seconds
from tiedtts import extras
from tiedtts.audio import system_players
from tiedtts_cli.main import main

ROOT = Path(__file__).parents[2]


def test_playing_needs_its_package(voice: Any, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    monkeypatch.setattr(system_players, "player", lambda rate: None)
    assert main(["synth", "Hello", "--play"]) == 1
    assert capsys.readouterr().err == (
        f"error: playing needs the package `sounddevice`, or {system_players.NAMES}\n"
        f"hint: {extras.install_command('play')}\n"
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
