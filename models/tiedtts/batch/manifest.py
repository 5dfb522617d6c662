"""The manifest of a batch: a JSON line for each sound file, kept in a journal until the end."""

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tiedtts import plain, storage
from tiedtts.batch.lines import same
from tiedtts.errors import OutputError

NAME = "manifest.jsonl"
"""File name of the manifest."""


class Journal:
    """Rows as they are made, on top of those of an earlier manifest.

    What is kept of a row in memory is its place in a file.

    Args:
        folder: Where the sound files and the manifest are.
        path: Path of the journal itself.

    Raises:
        OSError: The journal cannot be written.
        OutputError: The folder has a file of the manifest's name that is something else.
        FolderError: One of the two is no plain file.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        self._folder = folder
        _check(folder / NAME)
        self._manifest: BinaryIO | None = None
        with contextlib.suppress(FileNotFoundError):
            self._manifest = plain.opened(folder / NAME, os.O_RDONLY)
        try:
            self._file = plain.opened(path, os.O_RDWR | os.O_CREAT)
        except BaseException:
            if self._manifest is not None:
                self._manifest.close()
            raise
        self._places: dict[str, tuple[BinaryIO, int]] = {}
        for file in (self._manifest, self._file):
            if file is not None:
                file.seek(0)
                self._places.update((row["id"], (file, place)) for place, row in _rows(file))
        self._spellings = {same(name): name for name in self._places}
        self._mend()

    def add(self, row: dict[str, Any]) -> None:
        """Write a row before its sound file appears."""
        place = self._file.seek(0, 2)
        self._file.write(_encode(row))
        self._file.flush()
        self._places[row["id"]] = (self._file, place)
        self._spellings[same(row["id"])] = row["id"]

    def take_back(self, name: str, earlier: dict[str, Any] | None) -> None:
        """Let the earlier row of an id hold again, or none."""
        del self._places[name]
        if earlier is not None:
            self.add(earlier)

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def other(self, name: str) -> str | None:
        """Return an id that is written otherwise, and is yet the same file name on some systems."""
        found = self._spellings.get(same(name), name)
        return None if found == name else found

    def row(self, name: str) -> dict[str, Any]:
        """Return the latest row of an id."""
        file, place = self._places[name]
        file.seek(place)
        row: dict[str, Any] = json.loads(file.readline())
        return row

    def finish(self, order: Iterable[str]) -> None:
        """Write the manifest: earlier rows of files that are still there, then the given ids in their order.

        Raises:
            OutputError: The folder cannot be written.
        """
        given = dict.fromkeys(name for name in order if name in self._places)
        with storage.replacing(self._folder / NAME) as file:
            for name in (*(earlier for earlier in self._places if earlier not in given), *given):
                row = self.row(name)
                if name in given or os.path.isfile(self._folder / str(row.get("file"))):
                    file.write(_encode(row))

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._manifest is not None:
            self._manifest.close()

    def _mend(self) -> None:
        """End the last row if the process that wrote it could not."""
        if self._file.seek(0, 2):
            self._file.seek(-1, 2)
            if self._file.read(1) != b"\n":
                self._file.write(b"\n")
                self._file.flush()


def _check(path: Path) -> None:
    """Refuse to replace a file that no batch has written, such as somebody's list."""
    with contextlib.suppress(FileNotFoundError), plain.opened(path, os.O_RDONLY) as file:
        lines = sum(1 for line in file if line.strip())
        file.seek(0)
        if lines != sum("file" in row and "seconds" in row for _, row in _rows(file)):
            raise OutputError(
                f"{path} is no manifest of sound files, and would be replaced",
                hint="rename it, or choose another folder",
            )


def _rows(file: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the rows that are whole, and where they begin."""
    place = 0
    for line in file:
        # A list in a list in a list, a hundred thousand deep, is a `RecursionError`.
        with contextlib.suppress(ValueError, RecursionError):
            row = json.loads(line)
            if isinstance(row, dict) and isinstance(row.get("id"), str) and line.endswith(b"\n"):
                yield place, row
        place += len(line)


def _encode(row: dict[str, Any]) -> bytes:
    try:
        return (json.dumps(row, ensure_ascii=False) + "\n").encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair has no bytes in UTF-8.
        return (json.dumps(row) + "\n").encode()
