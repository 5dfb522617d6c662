"""The pool of worker processes: they synthesise jobs side by side, each with the voice loaded once."""

import contextlib
import json
import queue
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from tiedtts import processes
from tiedtts.batch.job import BatchSpec, Job, Result
from tiedtts.errors import VoiceError

GROUP_CHARACTERS = 600
"""Text handed out at once: enough that handing out costs nothing, little enough that files appear soon."""
WINDOW_LINES = 64
"""Lines looked at per process, to hand out the long ones first and like with like."""


def groups(jobs: Sequence[Job]) -> Iterator[list[Job]]:
    """Put jobs of about the same length together, the longest first: the last ones to end are short."""
    group: list[Job] = []
    size = 0
    for job in sorted(jobs, key=lambda job: (-len(job.text), job.number)):
        if group and size + len(job.text) > GROUP_CHARACTERS:
            yield group
            group, size = [], 0
        group.append(job)
        size += len(job.text)
    if group:
        yield group


class Pool:
    """Worker processes; a context manager that ends them.

    Args:
        spec: Voice, encoding and timestamps of all jobs.
        workers: Number of processes.
    """

    def __init__(self, spec: BatchSpec, workers: int) -> None:
        self._spec = spec
        self._asked: queue.Queue[list[Job] | None] = queue.Queue(maxsize=workers)
        self._done: queue.Queue[Result | None] = queue.Queue()
        self._processes: list[subprocess.Popen[str]] = []
        self._closing = False
        self._guard = threading.Lock()
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        with self._guard:
            self._closing = True
            for process in self._processes:
                process.kill()
        for process in self._processes:
            _end(process)

    def run(self, jobs: Iterable[Sequence[Job]]) -> Iterator[Result]:
        """Run windows of jobs; results come as they are ready, those of a window in no order."""
        waiting = 0
        for window in jobs:
            for group in groups(window):
                while True:
                    try:
                        self._asked.put(group, timeout=0.05)
                        break
                    except queue.Full:
                        for done in self._ready(wait=True):
                            waiting -= 1
                            yield done
                waiting += len(group)
                for done in self._ready(wait=False):
                    waiting -= 1
                    yield done
        while waiting:
            for done in self._ready(wait=True):
                waiting -= 1
                yield done
        for _ in self._threads:
            self._asked.put(None)
        for thread in self._threads:
            thread.join()

    def _ready(self, *, wait: bool) -> Iterator[Result]:
        try:
            # A wait without an end would not see Ctrl-C on Windows.
            done = self._done.get(timeout=0.05) if wait else self._done.get_nowait()
            while done is not None:
                yield done
                done = self._done.get_nowait()
        except queue.Empty:
            return

    def _serve(self) -> None:
        """Keep one process busy; start another when it dies."""
        process: subprocess.Popen[str] | None = None
        for group in iter(self._asked.get, None):
            for job in group:
                if process is None:
                    process = self._start()
                if process is None:
                    return
                done = _ask(process, job)
                if done is None:
                    if self._closing:
                        return
                    status = _end(process)
                    message = f"the process that said it ended with status {status}"
                    done = Result(job.number, error=VoiceError(message, hint="is there enough memory?"))
                    process = None
                self._done.put(done)
        if process is not None:
            _end(process)

    def _start(self) -> "subprocess.Popen[str] | None":
        with self._guard:
            if self._closing:
                return None
            process = subprocess.Popen(
                processes.command("tiedtts.batch.worker"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                # Several processes with several threads each would be in each other's way.
                env={**processes.environment(), "OMP_NUM_THREADS": "1"},
            )
            self._processes.append(process)
        # If it has died already, that shows when it is asked.
        with contextlib.suppress(OSError):
            _send(process, self._spec.to_dict())
        return process


def _ask(process: "subprocess.Popen[str]", job: Job) -> Result | None:
    """Let a process do a job; None if it died of it."""
    try:
        _send(process, job.to_dict())
        answer = _stream(process.stdout).readline()
    except (OSError, ValueError):
        return None
    return Result.from_dict(json.loads(answer)) if answer.endswith("\n") else None


def _end(process: "subprocess.Popen[str]") -> int:
    """Let a process see that nothing more will be asked, and wait for its end."""
    for stream in (process.stdin, process.stdout):
        # What a dead process was still to be told cannot be written.
        with contextlib.suppress(OSError):
            _stream(stream).close()
    return process.wait()


def _send(process: "subprocess.Popen[str]", value: object) -> None:
    stream = _stream(process.stdin)
    stream.write(json.dumps(value) + "\n")
    stream.flush()


def _stream(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream
