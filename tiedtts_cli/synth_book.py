"""`tiedtts synth -i book.epub -o`: a book into one file, with its chapters, its cover and who wrote it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tiedtts_cli import talk
from tiedtts_cli.boundary import UsageError

if TYPE_CHECKING:
    from tiedtts.speech.audiobook import Audiobook
    from tiedtts.speech.recording import Speaker
    from tiedtts.text.books.epub import Book


@contextlib.contextmanager
def opened(paths: list[Path] | None) -> "Iterator[Book]":
    """Open the book that is to be spoken.

    Raises:
        UsageError: It is none, or comes through a pipe.
        TextError: It cannot be read.
    """
    if not paths or str(paths[0]) == "-":
        raise UsageError("a book is a file: `-i book.epub`", hint="tiedtts synth -i book.epub -d OUT")
    from tiedtts.batch import readers
    from tiedtts.text.books.epub import Book

    readers.check(paths[0])
    with contextlib.closing(Book(paths[0])) as book:
        yield book


def speaker(voice: "Speaker", book: "Book", *, titles: bool) -> "Audiobook":
    """Return who speaks the book."""
    from tiedtts.speech.audiobook import Audiobook

    return Audiobook(voice, book, titles=titles)


def finish(said: "Audiobook", book: "Book", suffix: str) -> Callable[[BinaryIO], object]:
    """Return what puts chapters, tags and the cover into the file."""
    from tiedtts.audio import chapters

    def write(file: BinaryIO) -> None:
        contents = chapters.Contents(
            said.chapters, said.seconds, book.tags | {"title": book.title}, book.cover()
        )
        chapters.write(file, suffix, contents)

    return write


def progress(said: "Audiobook") -> tuple[float, str]:
    """Return the part of the book that is done, and how much that is in minutes of speech."""
    total = talk.duration(said.seconds / max(said.share, 1e-9)) if said.share > 0 else "?"
    return said.share, f"{talk.duration(said.seconds)} of about {total}"
