"""The archive of a book: its files are read into memory, within limits, and never written anywhere."""

import posixpath
import zipfile
from pathlib import Path
from urllib.parse import unquote

from tiedtts.errors import TextError
from tiedtts.paths import StrPath
from tiedtts.quoting import quoted

LARGEST_FILE = 20_000_000
"""Bytes of one file, unpacked."""
LARGEST = 500_000_000
"""Bytes of all files that are read."""
MOST_FILES = 50_000
_HINT = "make the book again, or open it in a reader of books and save it anew"


class Archive:
    """The files of a book, by their names.

    Args:
        path: The file of the book.

    Raises:
        TextError: It is no archive, or a damaged one.
    """

    def __init__(self, path: StrPath) -> None:
        self.path = Path(path)
        try:
            self._zip = zipfile.ZipFile(self.path)
            names = self._zip.namelist()
        # A damaged archive fails in many ways, with errors of numbers and of encodings among them.
        except Exception as error:
            if isinstance(error, OSError) and error.strerror:
                raise TextError(f"cannot read {self.path}: {error.strerror.lower()}") from error
            raise TextError(f"{self.path} is no book in EPUB, which is a zip archive: {error}") from error
        if len(names) > MOST_FILES:
            raise TextError(f"{self.path} has {len(names):,} files, and {MOST_FILES:,} are read at most")
        self._read = 0
        self._names = {_resolved(name): name for name in names}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def size(self, name: str) -> int:
        """Return how many bytes a file says that it has; 0 if it is not there."""
        return self._zip.getinfo(self._names[name]).file_size if name in self._names else 0

    def read(self, name: str) -> bytes:
        """Return a file.

        Raises:
            TextError: It is missing, damaged, encrypted or too large.
        """
        if name not in self._names:
            raise TextError(f"{self.path} has no file {quoted(name)}", hint=_HINT)
        try:
            with self._zip.open(self._names[name]) as file:
                data = file.read(LARGEST_FILE + 1)
        except Exception as error:
            if isinstance(error, RuntimeError) and "encrypted" in str(error):
                raise TextError(f"{self.path} is locked with a password", hint="unlock it first") from error
            raise TextError(f"cannot unpack {quoted(name)} of {self.path}: {error}", hint=_HINT) from error
        if len(data) > LARGEST_FILE:
            raise TextError(
                f"{quoted(name)} of {self.path} has more than {LARGEST_FILE:,} bytes unpacked", hint=_HINT
            )
        self._read += len(data)
        if self._read > LARGEST:
            raise TextError(f"{self.path} has more than {LARGEST:,} bytes unpacked", hint=_HINT)
        return data

    def close(self) -> None:
        """Close the file."""
        self._zip.close()


def resolve(base: str, reference: str) -> tuple[str, str]:
    """Return the name of the file that a reference leads to, and the place in it.

    Args:
        base: Name of the file that the reference stands in.
        reference: A relative address, perhaps with `#` and a place.
    """
    path, _, place = reference.partition("#")
    if not path:
        return base, unquote(place)
    return _resolved(posixpath.join(posixpath.dirname(base), unquote(path))), unquote(place)


def _resolved(name: str) -> str:
    """Return a name without dots; what would lead out of the archive begins at its top."""
    return posixpath.normpath("/" + name.replace("\\", "/")).lstrip("/")
