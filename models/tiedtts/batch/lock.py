"""One run at a time in a folder: a lock that the system takes back when its process ends, however it ends."""

import contextlib
import os
import sys
from pathlib import Path

from tiedtts.errors import AudioError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_PLACE = 1 << 20
"""The byte that is locked, far behind what is in the file: Windows lets nobody read a locked byte."""


class Lock:
    """A file that only one process can hold.

    Args:
        path: Of the file; its folder exists.

    Raises:
        AudioError: Another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        while True:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                _take(self._descriptor)
            except OSError:
                holder = os.read(self._descriptor, 32).decode(errors="replace").strip()
                os.close(self._descriptor)
                raise AudioError(
                    f"another run writes to {path.parent.parent}" + (f": process {holder}" if holder else ""),
                    hint="wait for it to end, or choose another folder",
                ) from None
            # The last holder may have removed the file between our opening and locking it.
            with contextlib.suppress(OSError):
                if os.path.samestat(os.stat(path), os.fstat(self._descriptor)):
                    break
            os.close(self._descriptor)
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def release(self) -> None:
        """Remove the file and let go of it."""
        if sys.platform != "win32":
            self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        if sys.platform == "win32":
            # It cannot be removed while it is open; another run may have it already.
            with contextlib.suppress(OSError):
                self.path.unlink()


def _take(descriptor: int) -> None:
    """Lock an open file, or fail at once."""
    if sys.platform == "win32":
        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
