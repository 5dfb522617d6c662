"""A player of the system, as a process that takes samples from a pipe."""

import contextlib
import subprocess
import tempfile
import time
from pathlib import Path

from tiedtts.errors import AudioError

TRIAL_SECONDS = 2.0
"""A player that takes samples for so long has something to play on."""


class PlayerProcess:
    """A player that takes samples from a pipe; a context manager that stops it at once."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._said = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=self._said, stderr=self._said
            )
        except OSError as error:
            self._said.close()
            raise _failed(command, error.strerror or str(error)) from error
        self._began = time.monotonic()
        self.plays = False
        """Whether it has lasted so long that it must have something to play on."""

    def __enter__(self) -> "PlayerProcess":
        return self

    def __exit__(self, *_: object) -> None:
        # The sound is not wanted any more, or all of it was heard.
        self._process.kill()
        self._close()
        self._process.wait()
        self._said.close()

    def write(self, data: bytes) -> None:
        """Send samples.

        Raises:
            AudioError: The player has ended.
        """
        stream = self._process.stdin
        assert stream is not None
        try:
            stream.write(data)
            stream.flush()
        except OSError as error:
            raise self._failure() from error
        lasted = time.monotonic() - self._began > TRIAL_SECONDS
        self.plays = self.plays or (lasted and self._process.poll() is None)

    def finish(self) -> None:
        """Wait until all is heard.

        Raises:
            AudioError: The player has failed.
        """
        self._close()
        if self._process.wait():
            raise self._failure()

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def _failure(self) -> AudioError:
        """Return what the end of the player means."""
        status = self._process.wait()
        self._said.seek(0)
        lines = self._said.read(4000).decode("utf-8", "replace").splitlines()
        reason = next((line.strip() for line in lines if line.strip()), f"it ended with status {status}")
        return _failed(self._command, reason)


def _failed(command: list[str], reason: str) -> AudioError:
    return AudioError(
        f"cannot play with {Path(command[0]).name}: {reason}", hint="write a file instead of playing"
    )
