"""Files and folders that benchmarks are given: a wrong one is told at once, in one line."""

from pathlib import Path

from tiedtts import storage
from tiedtts.errors import OutputError, TiedTTSError


def existing(text: str) -> Path:
    """Read an argument that names a file or a folder to read."""
    path = Path(text)
    if not path.exists():
        raise TiedTTSError(f"there is no file or folder {text}")
    return path


def writable(text: str) -> Path:
    """Read an argument that names a file to write."""
    path = Path(text)
    storage.check_writable(path)
    return path


def folder(text: str) -> Path:
    """Read an argument that names a folder to write to, which may have to be made."""
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise OutputError(f"{text} is not a folder")
    if not path.absolute().parent.is_dir():
        raise OutputError(f"there is no folder {path.absolute().parent}")
    return path
