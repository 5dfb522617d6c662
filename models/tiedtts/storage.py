"""Storage: files of any kind are written so that all of a file appears, or none of it."""

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from tiedtts.errors import OutputError
from tiedtts.paths import StrPath

_DESCRIPTORS = re.compile(r"/dev/(stdout|stderr)|(?:/dev|/proc/self)/fd/([0-9]{1,9})")
_PREFIX = 40
"""Length of the part of a temporary name that is taken from the file's."""
_UNFINISHED = ".unfinished"
"""End of a temporary name."""
_UMASK = threading.Lock()


def check_writable(path: StrPath) -> None:
    """Refuse a file that could not be written, before any work is done for it.

    Raises:
        OutputError: It is a folder or a disk, its folder is missing or read-only, or its name is too long.
    """
    path = Path(path)
    if _descriptor(path) is not None:
        return
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        mode = 0
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from error
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise OutputError(f"{path} is a {'socket' if stat.S_ISSOCK(mode) else 'disk'}", hint="name a file")
    if stat.S_ISDIR(mode):
        raise OutputError(f"{path} is a folder", hint="name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"there is no folder {path.parent}", hint=f"make it first: mkdir -p {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"cannot write to {path.parent}", hint="choose a folder you may write to")


def write_bytes(path: StrPath, data: bytes, *, sync: bool = True) -> None:
    """Write a file under a temporary name beside it, then rename it; a device or a pipe is written to.

    Args:
        path: Where the file appears.
        data: Its contents.
        sync: See `replacing`.

    Raises:
        OutputError: The folder is missing or cannot be written, or there is a folder of this name.
    """
    path = Path(path)
    with replacing(path, sync=sync) as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: StrPath, *, sync: bool = True) -> Iterator[BinaryIO]:
    """Open a temporary file that becomes `path` when all went well.

    A link to a file is replaced, and the file that it points to stays as it is. A pipe or a device is written
    to, and so is what `/dev/stdout` and its like stand for.

    Args:
        path: Where the file appears.
        sync: Wait until all is on the disk before the file appears, so that no power cut leaves half of it;
            not for many small files that are easily made again.

    Raises:
        OutputError: The folder is missing or cannot be written, or there is a folder of this name.
    """
    path = Path(path)
    temporary = None
    try:
        descriptor = _descriptor(path)
        # A device such as /dev/null: renaming over it would replace it.
        streams = descriptor is not None or (path.exists() and not path.is_file())
        folder = tempfile.gettempdir() if streams else path.parent
        # Not the whole name, which may be as long as names can be. Known before the file is there: whoever is
        # stopped in between removes it.
        temporary = os.path.join(folder, f".{path.name[:_PREFIX]}.{secrets.token_hex(8)}{_UNFINISHED}")
        with open(temporary, "x+b", opener=_for_me_alone) as file:
            yield cast(BinaryIO, file)
            file.flush()
            if sync and not streams:
                os.fsync(file.fileno())
        if streams:
            with open(temporary, "rb") as source, _stream(path, descriptor) as target:
                shutil.copyfileobj(source, target)
            return
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def sweep(folder: StrPath, *, deep: bool = False) -> None:
    """Remove the temporary files that a killed process has left in a folder; nobody may be writing to it.

    Args:
        folder: Path of the folder.
        deep: Its subfolders too.
    """
    for here, folders, names in os.walk(folder):
        for name in names:
            if name.startswith(".") and name.endswith(_UNFINISHED):
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(here, name))
        if not deep:
            folders.clear()


def _for_me_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _descriptor(path: Path) -> int | None:
    """Return which open file of this process a path such as `/dev/stdout` or `/dev/fd/3` stands for."""
    if os.name == "nt":
        return None
    found = _DESCRIPTORS.fullmatch(os.path.abspath(path))
    if found is None:
        return None
    return {"stdout": 1, "stderr": 2}[found[1]] if found[1] else int(found[2])


def _stream(path: Path, descriptor: int | None) -> BinaryIO:
    # Not opened again: a file that the shell appends to would be emptied.
    return path.open("wb") if descriptor is None else os.fdopen(os.dup(descriptor), "wb")


def unwritable(path: StrPath, error: OSError | ValueError) -> OutputError:
    """Return what a failure to write a file or a folder means to people."""
    number = getattr(error, "errno", None)
    if number in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        hint = "make room on the disk, then run it again; with `-d`, `--skip-existing` goes on"
    elif number == errno.ENAMETOOLONG:
        hint = "choose a shorter name"
    else:
        hint = "choose a file in a folder that exists and that you may write to"
    return OutputError(f"cannot write {path}: {getattr(error, 'strerror', None) or error}", hint=hint)


def _umask() -> int:
    """Return the process's mask for new files, which can only be read by setting it."""
    # Of two threads at once, one would read what the other has set, and leave it so.
    with _UMASK:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask
