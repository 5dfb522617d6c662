"""The bytes of a stream, such as a pipe, as they come."""

import os
import queue
import threading
import time
from collections.abc import Callable
from typing import BinaryIO

_POLL_SECONDS = 0.2
_AT_ONCE = 65_536

Came = tuple[bytes, bool] | OSError | None
"""A line or a part of one, and whether it ends there; an error; the end."""


class Inlet:
    """Reads a stream in a thread of its own.

    Args:
        stream: For bytes.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._queue: queue.Queue[Came] = queue.Queue(maxsize=1_000)
        self._last = time.monotonic()
        threading.Thread(target=self._read, args=(_reader(stream),), daemon=True).start()

    @property
    def idle(self) -> float:
        """Seconds since something came."""
        return time.monotonic() - self._last

    def has_come(self, patience: float) -> bool:
        """Tell whether something comes within so many seconds."""
        end = time.monotonic() + patience
        while self._queue.empty() and time.monotonic() < end:
            time.sleep(patience / 10)
        return not self._queue.empty()

    def next(self, patience: float | None) -> Came:
        """Return what has come next; a wait without an end would not see Ctrl-C on Windows.

        Args:
            patience: Seconds, or None to wait as long as it takes.

        Raises:
            queue.Empty: Nothing came.
        """
        end = None if patience is None else time.monotonic() + patience
        while True:
            left = _POLL_SECONDS if end is None else end - time.monotonic()
            try:
                return self._queue.get(timeout=left) if left > 0 else self._queue.get_nowait()
            except queue.Empty:
                if end is not None:
                    raise

    def _read(self, read: Callable[[], bytes]) -> None:
        try:
            while data := read():
                self._last = time.monotonic()
                *whole, last = data.split(b"\n")
                for line in whole:
                    self._queue.put((line, True))
                if last:
                    self._queue.put((last, False))
            self._queue.put(None)
        except OSError as error:
            # Here nobody would see it, and there somebody would wait for ever.
            self._queue.put(error)


def _reader(stream: BinaryIO) -> Callable[[], bytes]:
    """Return a function that gives what has come, and nothing at the end."""
    try:
        descriptor = stream.fileno()
    except OSError:
        return lambda: stream.read(_AT_ONCE)
    # Past the buffer: a thread that still reads through it at exit would bring the interpreter down.
    return lambda: os.read(descriptor, _AT_ONCE)
