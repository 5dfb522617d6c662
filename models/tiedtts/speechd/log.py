"""The log: what goes wrong is told on stderr, which the server keeps; requests, too, if it asks for them."""

import sys
import threading
import time
from contextlib import suppress
from typing import TextIO

DEBUG_LEVEL = 4
"""Level of the server's log from which requests are told."""


class Log:
    """Lines on stderr, and in a file of their own while the server debugs."""

    def __init__(self) -> None:
        self._file: TextIO | None = None
        self._lock = threading.Lock()
        self.level = 0

    def problem(self, message: str) -> None:
        """Tell what went wrong."""
        self._write(f"tiedtts: {message}", always=True)

    def detail(self, message: str) -> None:
        """Tell what happens, if somebody wants to know."""
        if self._file is not None or self.level >= DEBUG_LEVEL:
            self._write(f"tiedtts: {time.monotonic():.4f} {message}", always=self.level >= DEBUG_LEVEL)

    def open(self, path: str) -> bool:
        """Write to a file as well; return whether that can be done."""
        self.close()
        try:
            # Kept open until debugging is turned off.
            self._file = open(path, "a", encoding="utf-8", errors="replace")  # noqa: SIM115
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Write to no file any more."""
        with self._lock:
            if self._file is not None:
                self._file.close()
            self._file = None

    def _write(self, line: str, *, always: bool) -> None:
        # A log that cannot be written is no reason to fall silent.
        with self._lock, suppress(OSError, ValueError):
            if always:
                print(line, file=sys.stderr, flush=True)
            if self._file is not None:
                print(line, file=self._file, flush=True)
