"""The origin of the text of `synth`: an argument, files, or an open stream."""

import io
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from tiedtts.batch import readers
from tiedtts.batch.lines import Row
from tiedtts.choices import BOOK, MARKUPS
from tiedtts.errors import TiedTTSError
from tiedtts.paths import StrPath, optional, several

STREAM = Path("-")
"""Stands for the stream where a file is expected."""


def read(
    text: str | None,
    path: StrPath | None,
    stream: BinaryIO,
    note: Callable[[str], object] = lambda line: None,
    markup: str = "text",
) -> str:
    """Return a text as a whole.

    Args:
        text: The text itself; with `-` or None, it comes from a file or the stream.
        path: File.
        stream: UTF-8.
        note: Told what is odd about the file, which is read nevertheless.
        markup: One of `tiedtts.choices.MARKUPS`.

    Raises:
        TextError: It cannot be read.
    """
    path = optional(path)
    if path is not None and path != STREAM:
        readers.check(path)
        if path.suffix.lower() == BOOK and markup == MARKUPS[0]:
            from tiedtts.batch import books

            return books.text(path)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise readers.unreadable(path, error) from error
        return readers.decode_file(data, str(path), note, markup)
    if text is None or text == "-":
        return readers.decode(stream.read(), "stdin")
    return readers.decode(text.encode("utf-8", "surrogateescape"), "the text")


def read_or_follow(
    text: str | None,
    path: StrPath | None,
    stream: BinaryIO,
    report: Callable[[TiedTTSError], None],
    note: Callable[[str], object] = lambda line: None,
    waiting: Callable[[], object] = lambda: None,
) -> str | Iterable[str]:
    """Return a text as a whole, or the pieces of a stream that is not a file, as they come.

    Args:
        text: The same as for `read`.
        path: The same as for `read`.
        stream: The same as for `read`.
        report: Called with the error of each line of the stream that cannot be read.
        note: The same as for `read`.
        waiting: Called once, if nothing has come of a stream when its first piece is asked for.

    Raises:
        TextError: The whole text cannot be read.
    """
    path = optional(path)
    if path not in (None, STREAM) or text not in (None, "-") or not is_live(stream):
        return read(text, path, stream, note)
    from tiedtts.text import incoming

    return incoming.pieces(stream, report=report, waiting=waiting)


def rows(
    text: str | None,
    paths: Sequence[StrPath],
    stream: BinaryIO,
    read_as: str = "auto",
    *,
    titles: bool = True,
) -> tuple[Iterator[Row], int]:
    """Return the texts of a list and about how many there are, 0 if nobody knows.

    Args:
        text: The list itself; with `-` or None, it comes from files or the stream.
        paths: Files and folders.
        stream: UTF-8.
        read_as: One of `tiedtts.choices.READ_AS`.
        titles: Whether a chapter of a book is announced by its title.

    Raises:
        TextError: A file or the list cannot be read.
    """
    paths = several(paths)
    kind = read_as if read_as in ("csv", "jsonl") else "lines"
    if paths and list(paths) != [STREAM]:
        sources = readers.sources(paths, read_as, titles=titles)
        counts = [source.count() for source in sources]
        # What comes through a pipe cannot be counted before it is read.
        known = [count for count in counts if count is not None]
        count = sum(known) if len(known) == len(counts) else 0
        return (row for source in sources for row in source.rows()), count
    if text is None or text == "-":
        return readers.rows(stream, kind, "stdin"), 0
    data = text.encode("utf-8", "surrogateescape")
    return readers.rows(io.BytesIO(data), kind, "the text"), 1 + data.count(b"\n")


def is_live(stream: BinaryIO) -> bool:
    """Tell whether the lines of a stream may come one by one, as through a pipe."""
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:
        return False
