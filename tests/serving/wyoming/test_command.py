"""The command that serves Wyoming beside HTTP."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from wyoming.tts import (
    Synthesize,
)

from tests.serving.wyoming.talk import ask, said, sound
from tiedtts.serving.roster import Roster
from tiedtts_cli.main import main

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of its own")
def test_the_command_serves_both_and_stops(tmp_path: Path, voices: Roster) -> None:
    words = [
        "--voice",
        "clara",
        "--port",
        "0",
        "--wyoming",
        "tcp://127.0.0.1:0",
        "--pause",
        "1",
        "--log",
        "json",
    ]
    path = os.pathsep.join((str(ROOT), str(ROOT / "models")))
    with subprocess.Popen(
        [sys.executable, "-m", "tiedtts_cli", "serve", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            http, wyoming = (json.loads(process.stderr.readline()) for _ in range(2))
            assert (http["event"], wyoming["event"]) == ("ready", "ready")
            assert sound(ask(wyoming["url"], Synthesize("Yes. No."))) == said(voices, "Yes. No.", pause=1)
            request = {"input": "Yes. No.", "response_format": "pcm"}
            answered = httpx.post(f"{http['url']}v1/audio/speech", json=request, trust_env=False, timeout=60)
            assert answered.content == said(voices, "Yes. No.", pause=1)
            counts = httpx.get(f"{http['url']}metrics", trust_env=False).text
            assert 'tiedtts_requests_total{route="wyoming",status="200"} 1.0' in counts
        finally:
            process.send_signal(signal.SIGTERM)
        log = [json.loads(line) for line in process.stderr.read().splitlines()]
    assert process.returncode == 0
    assert "stopping" in [line["event"] for line in log]
    assert log[-1]["event"] == "stopped"
    assert "Yes" not in json.dumps(log)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--no-http"], "leaves nothing to serve"),
        (["--wyoming", "tcp://0.0.0.0:1"], "knows no keys"),
        (["--wyoming=nonsense"], "no address for Wyoming: nonsense"),
        # The value may be left out, whatever stands behind.
        (["--wyoming", "--speed", "9"], "`speed` must be 0.25 to 4"),
        (["--wyoming", "--wyoming"], "given twice"),
        (["--no-http", "--wyoming", "--pause", "-1"], "`pause` must be"),
    ],
)
def test_wrong_words_are_told_before_anything_is_loaded(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Roster, "load", None)
    assert main(["serve", *words]) != 0
    assert message in capsys.readouterr().err
