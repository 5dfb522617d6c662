"""The module in the real Speech Dispatcher, which plays into a file."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.speechd.exchange import Exchange, sound
from tiedtts import list_voices
from tiedtts_cli.main import main

ROOT = Path(__file__).parents[2]
SERVER = shutil.which("speech-dispatcher")
pytestmark = pytest.mark.skipif(
    SERVER is None or shutil.which("spd-say") is None, reason="Speech Dispatcher is not installed"
)
PATIENCE = 60
SOUND = """
pcm.!default {{ type file
  slave.pcm "null"
  file "{file}"
  format "raw" }}
pcm.null {{ type null }}
"""
OWN = """# My settings.
LogLevel 3
DefaultVolume 100
AudioOutputMethod "alsa"
AudioALSADevice "default"
"""


class Daemon:
    """The server of a user whose home is a folder of a test."""

    def __init__(self, home: Path) -> None:
        self.home, self.raw = home, home / "sound.raw"
        self.server = home / ".config" / "speech-dispatcher" / "speechd.conf"
        (home / "asound.conf").write_text(SOUND.format(file=self.raw))
        (home / "run").mkdir(mode=0o700)
        self.environment = {
            **{
                name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "SPEECHD_"))
            },
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "ALSA_CONFIG_PATH": str(home / "asound.conf"),
            "SPEECHD_ADDRESS": f"unix_socket:{home / 'socket'}",
            "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "models"))),
        }

    def start(self) -> "subprocess.Popen[bytes]":
        assert SERVER is not None
        log = (self.home / "server.log").open("wb")
        socket = self.home / "socket"
        command = [
            SERVER,
            "-s",
            "-c",
            "unix_socket",
            "-S",
            str(socket),
            "-P",
            str(self.home / "pid"),
            "-t",
            "0",
        ]
        process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        log.close()
        until = time.monotonic() + PATIENCE
        while not (socket.exists() and "tiedtts" in self.say("-O", check=False)):
            assert process.poll() is None, (self.home / "server.log").read_text()
            assert time.monotonic() < until, (self.home / "server.log").read_text()
            time.sleep(0.1)
        return process

    def say(self, *arguments: str, check: bool = True) -> str:
        """Run spd-say; return what it prints."""
        done = subprocess.run(
            ["spd-say", *arguments], env=self.environment, capture_output=True, text=True, timeout=PATIENCE
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def heard(self, *arguments: str) -> npt.NDArray[np.int16]:
        """Return what the server plays for spd-say, (S,)."""
        before = self.raw.stat().st_size if self.raw.exists() else 0
        self.say("-w", "-o", "tiedtts", "-l", "en-US", *arguments)
        return np.frombuffer(self.raw.read_bytes()[before:], np.int16)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    # A short path: names of sockets are.
    found = Daemon(tmp_path_factory.mktemp("spd"))
    found.server.parent.mkdir(parents=True)
    found.server.write_text(OWN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(found.home))
        patch.delenv("XDG_CONFIG_HOME", raising=False)
        patch.delenv("XDG_DATA_HOME", raising=False)
        assert main(["speechd", "--install", "--quiet"]) == 0
    process = found.start()
    yield found
    process.terminate()
    process.wait(PATIENCE)


def test_it_is_found_beside_all_other_modules_and_nothing_was_lost(daemon: Daemon) -> None:
    assert daemon.server.read_text() == OWN
    modules = daemon.say("-O").split()
    assert "tiedtts" in modules
    assert ("espeak-ng" in modules) == any(
        Path(folder, "sd_espeak-ng").exists()
        for folder in ("/usr/lib/speech-dispatcher-modules", "/usr/libexec/speech-dispatcher-modules")
    )
    assert [line.split() for line in daemon.say("-o", "tiedtts", "-L").splitlines()[1:]] == [
        [name, "en-US", "none"] for name in sorted(list_voices(), key=lambda name: name != "clara")
    ]


def test_the_server_plays_what_the_module_says(daemon: Daemon, module: Exchange) -> None:
    text = "Hello there. This is a screen reader."
    module.ask("SET", "rate=0\nvolume=100")
    said = sound(module.speak(f"<speak>{text}</speak>"))
    heard = daemon.heard("-i", "100", text)
    # The same samples, which the server turns down by as much as it does for all, with silence around them.
    assert len(said) <= len(heard) <= len(said) + 24000
    piece = said[4000:8000].astype(float)
    begin = int(np.argmax(np.correlate(heard[:14000].astype(float), piece, "valid")))
    assert np.corrcoef(heard[begin : begin + 4000], piece)[0, 1] > 0.9999


def test_rate_marks_keys_and_letters_reach_the_module(daemon: Daemon) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    slow, fast = daemon.heard(text), daemon.heard("-r", "100", text)
    assert len(fast) < 0.4 * len(slow)
    assert len(fast) > 0.2 * len(slow)
    printed = daemon.say("-w", "-o", "tiedtts", "-x", '<speak>One <mark name="two"/> two.</speak>')
    assert "two" in printed
    assert np.abs(daemon.heard("-k", "control_a")).max() > 1000
    assert np.abs(daemon.heard("-c", "a")).max() > 1000
    assert len(daemon.heard("-s", "Hello")) > 1.5 * len(daemon.heard("Hello"))
    assert len(daemon.heard("-m", "all", "a, b.")) > 1.5 * len(daemon.heard("-m", "none", "a, b."))
