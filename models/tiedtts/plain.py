"""Plain files and folders: what stands where our own should is neither followed, waited for nor emptied.

A folder of results may hold what somebody else has put there. A symbolic link or a second name for a file
would let a run write to what lies elsewhere, and a named pipe would let it wait for ever.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from tiedtts.errors import FolderError

_HINT = "remove it, or choose another folder"
_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_REPARSE_POINT = 0x400
"""Windows marks links and junctions so."""


def check_folder(path: Path) -> None:
    """Refuse what is there and is no folder of its own; what is not there is fine.

    Raises:
        FolderError: It is a link, a junction or a file.
    """
    found = _found(path)
    if found is not None and (not stat.S_ISDIR(found.st_mode) or _is_link(found)):
        raise FolderError(f"{path} is {kind(found)}, not a folder", hint=_HINT)


def check_file(path: Path) -> None:
    """Refuse what is there and is no plain file of its own; what is not there is fine.

    Raises:
        FolderError: It is a link, a folder, a named pipe or a device, or it has another name elsewhere.
    """
    found = _found(path)
    if found is not None:
        _check(path, found)


def check_replaceable(path: Path) -> None:
    """Refuse what is there and is no file that a new one may take the place of.

    A file with another name elsewhere may: only this name goes.

    Raises:
        FolderError: It is a link, a folder, a named pipe or a device.
    """
    found = _found(path)
    if found is not None:
        _check_kind(path, found)


def opened(path: Path, flags: int) -> BinaryIO:
    """Open a plain file, which is emptied or made as the flags say.

    Args:
        path: Path of the file.
        flags: Flags of `os.open`, such as `os.O_RDWR | os.O_CREAT`.

    Raises:
        FolderError: It is something else than a plain file.
        OSError: It cannot be opened.
    """
    writes = bool(flags & (os.O_RDWR | os.O_WRONLY))
    check = _check if writes else _check_kind
    found = _found(path)
    if found is not None:
        check(path, found)
    descriptor = os.open(path, (flags & ~os.O_TRUNC) | _FLAGS, 0o666)
    try:
        # It may have been replaced since it was looked at.
        check(path, os.fstat(descriptor))
        if flags & os.O_TRUNC:
            os.ftruncate(descriptor, 0)
        return os.fdopen(descriptor, "r+b" if writes else "rb")
    except BaseException:
        os.close(descriptor)
        raise


def kind(found: os.stat_result) -> str:
    """Return what kind of thing `lstat` has found, in words."""
    if _is_link(found):
        return "a link"
    kinds = {
        stat.S_IFDIR: "a folder",
        stat.S_IFREG: "a file",
        stat.S_IFIFO: "a named pipe",
        stat.S_IFSOCK: "a socket",
    }
    return kinds.get(stat.S_IFMT(found.st_mode), "a device")


def _found(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _check(path: Path, found: os.stat_result) -> None:
    _check_kind(path, found)
    if found.st_nlink > 1:
        raise FolderError(f"{path} has another name elsewhere, and would be changed there, too", hint=_HINT)


def _check_kind(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode) or _is_link(found):
        raise FolderError(f"{path} is {kind(found)}, not a plain file", hint=_HINT)


def _is_link(found: os.stat_result) -> bool:
    return stat.S_ISLNK(found.st_mode) or bool(getattr(found, "st_file_attributes", 0) & _REPARSE_POINT)
