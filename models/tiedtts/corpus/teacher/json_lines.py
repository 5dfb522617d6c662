"""An engine that is loaded once: a process that reads a JSON line for each text and answers with one."""

import contextlib
import json
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from tiedtts.corpus.teacher import program
from tiedtts.corpus.teacher.engine import Engine, EngineError
from tiedtts.corpus.teacher.program import ProgramEngine, ProgramTeacher

LOADING = 300.0
"""Seconds that a process may take to load, besides those for its first text."""

_SHOWN = 200
"""Characters of a line that are told."""
_LONGEST_LINE = 2**20
"""Bytes of an answer."""


class JsonLinesTeacher(ProgramTeacher):
    """A command whose process says text after text.

    For each it reads a line such as `{"text": "Hello.", "output": "/tmp/1.wav", "seed": 0}` from stdin,
    writes the sound file, and answers with a line on stdout: `{}`, or `{"error": "why not"}`. Lines that are
    no JSON objects are passed over.

    Args:
        command: Its words, or all of it as a shell would be given it; no shell reads it.
        timeout: Seconds after which a process that has not answered is ended; the next text gets a new one.

    Raises:
        ConfigError: The command cannot be read, or there is no such program.
    """

    protocol = "json-lines"

    def open(self) -> Engine:
        """Return an engine with a process of its own, which is started at the first text."""
        return _JsonLinesEngine(self._words, self._timeout)


class _JsonLinesEngine(ProgramEngine):
    def __init__(self, words: Sequence[str], timeout: float) -> None:
        super().__init__(words, timeout)
        self._answers: queue.Queue[bytes | None] = queue.Queue()
        self._told: IO[bytes] | None = None

    def say(self, text: str, seed: int, output: Path) -> None:
        """Ask the process for a text; start one if there is none."""
        patience = self._timeout
        if self._process is None:
            self._start()
            patience += LOADING
        assert self._process is not None
        assert self._process.stdin is not None
        request = {"text": text, "output": str(output), "seed": seed}
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise EngineError(self._end()) from None
        answer = self._answer(patience)
        error = answer.get("error")
        if error:
            raise EngineError(str(error)[:_SHOWN])
        if not program.size(output):
            raise EngineError("it answered, but wrote no sound to the file")

    def _answer(self, patience: float) -> dict[str, Any]:
        """Return the next JSON object; end a process that dies or says nothing.

        Raises:
            EngineError: There is none.
        """
        deadline = time.monotonic() + patience
        other = b""
        while True:
            try:
                line = self._answers.get(timeout=max(deadline - time.monotonic(), 0.0))
            except queue.Empty:
                self._end()
                shown = other.decode("utf-8", "replace").strip()[:_SHOWN]
                more = f"; what it wrote is no answer: {shown}" if shown else ""
                raise EngineError(f"it did not answer within {patience:g} s{more}") from None
            if line is None:
                raise EngineError(self._end())
            try:
                answer = json.loads(line)
            except (ValueError, RecursionError):
                answer = None
            if isinstance(answer, dict):
                return answer
            other = line if line.strip() else other

    def _start(self) -> None:
        answers: queue.Queue[bytes | None] = queue.Queue()
        self._answers = answers
        told = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            process = self._begin(self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=told)
        except EngineError:
            told.close()
            raise
        self._told = told
        # Reading waits, and only a thread of its own can be left waiting on every system.
        threading.Thread(target=_read, args=(process.stdout, answers), daemon=True).start()

    def _end(self) -> str:
        """End the process and return in words how it ended."""
        process, self._process = self._process, None
        if process is None:
            return "it was stopped"
        try:
            # It has closed its end: it is given a moment to say how it ends.
            process.wait(1.0)
        except subprocess.TimeoutExpired:
            program.kill(process)
        status = process.poll()
        program.kill(process)
        assert process.stdin is not None
        with contextlib.suppress(OSError):
            process.stdin.close()
        assert self._told is not None
        words = program.last_words(self._told)  # type: ignore[arg-type]
        self._told.close()
        return f"{program.ended(status or 0)} before it answered{words}"

    def close(self) -> None:
        """Let the process see that nothing more will be asked; end it if it does not end by itself."""
        if self._process is not None:
            assert self._process.stdin is not None
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._end()


def _read(stream: IO[bytes], answers: "queue.Queue[bytes | None]") -> None:
    """Pass lines on; None at the end."""
    with stream:
        while line := stream.readline(_LONGEST_LINE):
            answers.put(line)
    answers.put(None)
