"""The outlet: whole replies and events on stdout, one after the other."""

import os
import threading
from contextlib import suppress

PIPE_BYTES = 16_384
"""Most sound that a pipe holds before it is played: a third of a second. A message that pauses is heard
until it is played, and the usual 64 KiB are more than a second."""
_SET_PIPE_SIZE = 1031


class Outlet:
    """Writes whole messages, from any thread.

    Args:
        descriptor: An open file, usually a pipe to the server.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()
        self.is_open = True
        with suppress(ImportError, OSError):
            # Linux alone has this.
            import fcntl

            fcntl.fcntl(descriptor, getattr(fcntl, "F_SETPIPE_SZ", _SET_PIPE_SIZE), PIPE_BYTES)

    def send(self, message: bytes) -> None:
        """Write a message; nothing more is written once the reader is gone."""
        with self._lock:
            left = memoryview(message)
            try:
                while left and self.is_open:
                    left = left[os.write(self._descriptor, left) :]
            except OSError:
                self.is_open = False
