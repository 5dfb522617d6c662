"""One run at a time in a folder: a lock that the system takes back when its process ends, however it ends."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tiedtts import plain, storage
from tiedtts.errors import FolderError
from tiedtts.paths import StrPath

# It takes longer to load than a short text to say, and only commands that fill a folder need it.
if TYPE_CHECKING:
    from filelock import FileLock

WORK = ".tiedtts"
"""Folder in the folder, there while a run is: its lock and what it has not finished."""

_LOCK = "lock"
_HOLDER = "process"
_PATIENCE_SECONDS = 0.5
"""A run that is just ending is waited for so long."""


@contextlib.contextmanager
def hold(folder: StrPath, *, deep: bool = False) -> Iterator[Path]:
    """Make a folder if need be, keep all other runs out of it, and remove what a killed run was just writing.

    At the end the lock is gone, and so is the folder `WORK` if nothing else is left in it.

    Args:
        folder: Folder that the run writes to.
        deep: Its subfolders are of such runs alone, too.

    Yields:
        The folder `WORK` in it, for what the run has not finished.

    Raises:
        FolderError: Another run holds it, or what stands where the lock should be is not ours.
        OSError: It cannot be made or written to.
    """
    folder = Path(folder)
    work = folder / WORK
    lock = _acquire(folder, work)
    try:
        with plain.opened(work / _HOLDER, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as file:
            file.write(f"{os.getpid()}\n".encode())
        storage.sweep(folder, deep=deep)
        yield work
    finally:
        _release(lock, work)


def _acquire(folder: Path, work: Path) -> "FileLock":
    from filelock import FileLock, Timeout

    while True:
        plain.check_folder(work)
        work.mkdir(parents=True, exist_ok=True)
        for name in (_LOCK, _HOLDER):
            plain.check_file(work / name)
        lock = FileLock(work / _LOCK, timeout=_PATIENCE_SECONDS)
        try:
            lock.acquire()
        except FileNotFoundError:
            # Another run has just ended and taken the folder away.
            continue
        except Timeout:
            holder = _holder(work / _HOLDER)
            raise FolderError(
                f"another run writes to {folder}" + (f": process {holder}" if holder else ""),
                hint="wait for it to end, or choose another folder",
            ) from None
        return lock


def _release(lock: "FileLock", work: Path) -> None:
    with contextlib.suppress(OSError):
        (work / _HOLDER).unlink()
    # Before it is released, so that nobody waits for a file that is no longer there; Windows lets nobody
    # remove an open file.
    with contextlib.suppress(OSError):
        (work / _LOCK).unlink()
    lock.release()
    if os.name == "nt":
        # Another run may have it already.
        with contextlib.suppress(OSError):
            (work / _LOCK).unlink()
    with contextlib.suppress(OSError):
        work.rmdir()


def _holder(path: Path) -> str:
    """Return the number of the process that holds the lock, as far as that is known."""
    try:
        with plain.opened(path, os.O_RDONLY) as file:
            text = file.read(32).decode(errors="replace").strip()
    except (OSError, FolderError):
        return ""
    return text if text.isdecimal() else ""
