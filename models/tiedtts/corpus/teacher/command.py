"""An engine that is a command, run once for each text."""

import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tiedtts.corpus.teacher import program
from tiedtts.corpus.teacher.engine import Engine, EngineError
from tiedtts.corpus.teacher.program import ProgramEngine, ProgramTeacher

MOST_BYTES = 2**28
"""Bytes of a sound file; an engine that writes more never ends."""

_STEP = 1.0
"""Seconds between two looks at how much it has written."""


class CommandTeacher(ProgramTeacher):
    """A command that says one text and ends.

    Args:
        command: Its words, or all of it as a shell would be given it; no shell reads it. `{text}` stands for
            the text, which comes on stdin otherwise; `{output}` for the sound file to write, which is taken
            from stdout otherwise; `{seed}` for a number.
        timeout: Seconds after which it is ended.

    Raises:
        ConfigError: The command cannot be read, or there is no such program.
    """

    protocol = "command"

    def open(self) -> Engine:
        """Return an engine that runs the command for each text."""
        return _CommandEngine(self._words, self._timeout)


class _CommandEngine(ProgramEngine):
    def say(self, text: str, seed: int, output: Path) -> None:
        """Run the command for a text."""
        values = {program.OUTPUT: str(output), program.SEED: str(seed), program.TEXT: text}
        named = any(program.OUTPUT in word for word in self._words)
        given = any(program.TEXT in word for word in self._words)
        with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as asked:
            if not given:
                asked.write(text.encode() + b"\n")
                asked.seek(0)
            # Straight into files: whatever a program writes, it is not kept in memory, and never waits.
            with tempfile.TemporaryFile() if named else output.open("wb") as heard:
                status = self._run(
                    program.fill(self._words, values),
                    output,
                    stdin=subprocess.DEVNULL if given else asked,
                    stdout=heard,
                    stderr=told,
                )
            if status:
                raise EngineError(f"{program.ended(status)}{program.last_words(told)}")
            if not program.size(output):
                raise EngineError(
                    f"it wrote no sound to {'the file' if named else 'stdout'}{program.last_words(told)}"
                )

    def _run(self, words: Sequence[str], output: Path, **streams: Any) -> int:
        """Run a command to its end and return its exit status.

        Raises:
            EngineError: It cannot be started, takes too long, or writes without end.
        """
        process = self._begin(words, **streams)
        deadline = time.monotonic() + self._timeout
        try:
            while True:
                try:
                    return process.wait(min(_STEP, max(deadline - time.monotonic(), 0.01)))
                except subprocess.TimeoutExpired:
                    if program.size(output) > MOST_BYTES:
                        raise EngineError("it writes sound without end") from None
                    if time.monotonic() >= deadline:
                        raise EngineError(f"it took longer than {self._timeout:g} s") from None
        finally:
            # Also when it has ended: what it has started may still be there.
            program.kill(process)
            self._process = None

    def close(self) -> None:
        """Do nothing: each command has ended."""
