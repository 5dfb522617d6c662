"""A program of the user's as an engine: how its command is read, how its process is started and ended."""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from tiedtts.corpus.teacher.engine import EngineError
from tiedtts.errors import ConfigError

TEXT, OUTPUT, SEED = "{text}", "{output}", "{seed}"
"""Placeholders in a command."""

_TAIL = 2_000
"""Bytes of what a program wrote last that are looked at."""
_SHOWN = 200
"""Characters of it that are told."""
_PATIENCE = 5.0
"""Seconds that a killed process may take to end."""


class ProgramTeacher:
    """A program of the user's that says texts.

    Args:
        command: Its words, or all of it as a shell would be given it; no shell reads it.
        timeout: Seconds that it may take for a text.

    Raises:
        ConfigError: The command cannot be read, or there is no such program.
    """

    protocol: ClassVar[str]
    """How it is spoken to, for the record."""

    def __init__(self, command: str | Sequence[str], *, timeout: float) -> None:
        self._words = split(command)
        self._timeout = timeout

    @property
    def key(self) -> str:
        """The command."""
        return "\0".join((self.protocol, *self._words))

    @property
    def settings(self) -> dict[str, str | int | float]:
        """The command without folders."""
        return {"protocol": self.protocol, "command": without_folders(self._words)}


class ProgramEngine:
    """An engine whose process can be stopped from another thread, at any moment.

    Args:
        words: The command.
        timeout: Seconds that it may take for a text.
    """

    def __init__(self, words: Sequence[str], timeout: float) -> None:
        self._words, self._timeout = words, timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()
        self._stopped = False

    def _begin(self, words: Sequence[str], **streams: Any) -> "subprocess.Popen[bytes]":
        """Start a process, unless the engine was stopped.

        Raises:
            EngineError: It was, or the process cannot be started.
        """
        with self._guard:
            if self._stopped:
                raise EngineError("it was stopped")
            try:
                self._process = start(words, **streams)
            except (OSError, ValueError) as error:
                raise EngineError(f"it cannot be started: {error}") from error
            return self._process

    def stop(self) -> None:
        """End the process that runs, and let no other begin."""
        with self._guard:
            self._stopped = True
            process = self._process
        if process is not None:
            kill(process)


def split(command: str | Sequence[str]) -> list[str]:
    """Return the words of a command; no shell reads it.

    Raises:
        ConfigError: There are none, a quotation mark is missing, or there is no such program.
    """
    if isinstance(command, str):
        try:
            words = shlex.split(command, posix=os.name != "nt")
        except ValueError as error:
            raise ConfigError(
                f"the command cannot be read: {str(error).lower()}", hint="is a quotation mark missing?"
            ) from error
        if os.name == "nt":
            # There a backslash separates folders, and quotation marks stay on.
            words = [word[1:-1] if len(word) > 1 and word[0] == word[-1] == '"' else word for word in words]
    else:
        words = list(command)
    if not words:
        raise ConfigError("the command is empty", hint="--command 'flite -voice slt -t {text} -o {output}'")
    if shutil.which(words[0]) is None:
        raise ConfigError(
            f"there is no program `{words[0]}`",
            hint="is it installed? name it with its folder; `|` and `&&` need a shell: sh -c '…'",
        )
    return words


def fill(words: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Put values in the place of placeholders; each stays within its word."""
    filled = []
    for word in words:
        for placeholder, value in values.items():
            if word == TEXT == placeholder and value.startswith("-"):
                # Or a text would be read as an option.
                value = f" {value}"
            word = word.replace(placeholder, value)
        filled.append(word)
    return filled


def without_folders(words: Sequence[str]) -> str:
    """Return a command for the record: of paths only the last name, which says nothing of this machine."""
    return shlex.join(_bare(word) for word in words)


def _bare(word: str) -> str:
    option, equals, value = word.partition("=") if word.startswith("-") else ("", "", word)
    if os.path.isabs(os.path.expanduser(value)) or value.startswith(("./", "../", ".\\", "..\\")):
        return f"{option}{equals}{os.path.basename(value.rstrip('/'))}"
    return word


def start(words: Sequence[str], **streams: Any) -> "subprocess.Popen[bytes]":
    """Start a program in a group of its own, so that what it has started ends with it.

    Raises:
        OSError: It cannot be started.
    """
    # Each system takes one of the two, and passes over the other.
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    return subprocess.Popen(list(words), start_new_session=True, creationflags=flags, **streams)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process and those that it has started, and wait for its end."""
    if os.name == "nt":
        if process.poll() is None:
            subprocess.run(
                ["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True, check=False
            )
    else:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_PATIENCE)


def ended(status: int) -> str:
    """Return in words how a process ended."""
    if status >= 0:
        return f"it ended with status {status}"
    with contextlib.suppress(ValueError):
        return f"it was ended by {signal.Signals(-status).name}"
    return f"it was ended by signal {-status}"


def last_words(file: BinaryIO) -> str:
    """Return the last line that a program wrote to a file, short; with a colon before it if there is one."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    lines = file.read().decode("utf-8", "replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    return f": {last[-_SHOWN:]}" if last else ""


def size(path: Path) -> int:
    """Return the size of a file, bytes; 0 if it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
