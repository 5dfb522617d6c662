"""The command `tiedtts serve`: it starts, logs, and stops without cutting anybody short."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving.test_hostile import body_of, received, request
from tiedtts_cli.main import main

ROOT = Path(__file__).parents[2]
OPTIONS = ("--voice", "clara", "--stop-seconds", "100")
TEXT = "Here is a sentence. " * 60
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of its own")


class Command:
    """The command in a process of its own, in an empty folder."""

    def __init__(self, folder: Path, port: int = 0, **variables: str) -> None:
        path = os.pathsep.join((str(ROOT), str(ROOT / "models")))
        environment = {
            **os.environ,
            "PYTHONPATH": path,
            "TMPDIR": str(folder),
            "HOME": str(folder),
            **variables,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tiedtts_cli", "serve", "--port", str(port), *OPTIONS],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.ready = json.loads(self.process.stderr.readline())
        self.address = ("127.0.0.1", self.ready["port"])
        self.url = f"http://127.0.0.1:{self.ready['port']}"

    def stop(self, number: int) -> tuple[int, list[dict[str, object]]]:
        """Send a signal; return the exit status and the log."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=60)
        assert out == ""
        return self.process.returncode, [json.loads(line) for line in err.splitlines()]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    assert list(tmp_path.iterdir()) == [], "nothing is left on the disk"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_is_in_hand_is_finished(folder: Path, number: int) -> None:
    command = Command(folder)
    assert (command.ready["event"], command.ready["voices"]) == ("ready", ["clara"])
    with socket.create_connection(command.address, timeout=60) as client:
        client.sendall(request(body_of(TEXT, "pcm")))
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        command.process.send_signal(number)
        time.sleep(0.2)
        with pytest.raises(ConnectionError):
            socket.create_connection(command.address, timeout=60).close()
        assert received(client).endswith(b"\r\n0\r\n\r\n")
    out, err = command.process.communicate(timeout=60)
    assert (command.process.returncode, out) == (0, "")
    lines = [json.loads(line) for line in err.splitlines()]
    assert sorted(line["event"] for line in lines) == ["request", "stopped", "stopping"]
    (asked,) = [line for line in lines if line["event"] == "request"]
    assert (asked["status"], asked["characters"], asked.get("cut")) == (200, len(TEXT), None)
    assert "Here is" not in err


def test_a_killed_one_leaves_nothing_and_starts_again(folder: Path) -> None:
    command = Command(folder, TIEDTTS_API_KEY="a-key-of-this-test")
    assert httpx.get(f"{command.url}/v1/models").status_code == 401
    with socket.create_connection(command.address, timeout=60) as client:
        client.sendall(request(body_of(TEXT), "Authorization: Bearer a-key-of-this-test"))
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        assert command.stop(signal.SIGKILL)[0] == -signal.SIGKILL
    again = Command(folder, command.address[1])
    assert again.address == command.address
    assert httpx.get(f"{again.url}/healthz").json()["status"] == "ok"
    assert again.stop(signal.SIGTERM)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--host", "0.0.0.0"], 1, "other machines could use this server without a key"),
        (["--api-key", "short"], 1, "a key must have 8"),
        (["--voice", "nobody"], 1, "no such voice: nobody"),
        (["--alias", "bob"], 2, "`--alias` takes NAME=VOICE, got: bob"),
        (["--alias", "bob=hal", "--voice", "clara"], 1, "not served: hal"),
        (["--host", "no-such-name.invalid", "--without-key"], 1, "no such address: no-such-name.invalid"),
        (["--port", "70000"], 2, "`--port` must be at most 65535"),
        (["--port", "-1"], 2, "`--port` must be at least 0"),
        (["--log", "xml"], 2, "`--log` must be one of"),
        (["--max-requests", "0"], 2, "`--max-requests` must be at least 1"),
    ],
)
def test_what_cannot_be_served(
    arguments: list[str],
    status: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise socket.gaierror(-2, "no such name")

    if "no-such-name.invalid" in arguments:
        monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert main(["serve", *arguments]) == status
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[-2].startswith("error: ")) == ("", True)
    assert message in err


def test_an_address_in_use(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert main(["serve", "--voice", "clara", "--port", str(other.getsockname()[1])]) == 1
    assert "Address already in use" in capsys.readouterr().err


def test_a_missing_package_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("tiedtts.serving", "uvicorn", "starlette"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)
    assert main(["serve"]) == 1
    err = capsys.readouterr().err
    assert "the package `starlette` is not installed" in err
    assert "[serve]" in err
