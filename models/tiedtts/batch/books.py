"""Books of a batch: a row for each chapter."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tiedtts.batch import lines
from tiedtts.batch.lines import Row
from tiedtts.text.books.epub import Book

_LONGEST_TITLE = 200


def rows(path: Path, name: str, *, titles: bool) -> Iterator[Row]:
    """Yield the chapters of a book.

    Args:
        path: File of the book.
        name: Name that its files begin with, where there are several books.
        titles: Whether a chapter that does not begin with its title is announced by it.

    Raises:
        TextError: It cannot be read, or no further.
    """
    with contextlib.closing(Book(path)) as book:
        stem = f"{Path(name).stem}-" if name else ""
        for chapter in book.chapters(titles=titles):
            yield Row(
                chapter.number,
                chapter.text,
                f"{stem}{chapter.number:02}-{lines.words(chapter.title)}",
                {"markup": "html"},
                source=name,
                chapter=lines.Chapter(
                    chapter.plain,
                    book.tags | {"title": chapter.title[:_LONGEST_TITLE], "tracknumber": str(chapter.number)},
                    chapter.share,
                ),
            )


def text(path: Path) -> str:
    """Return all chapters of a book as plain text.

    Raises:
        TextError: It cannot be read.
    """
    with contextlib.closing(Book(path)) as book:
        return "\n\n".join(chapter.plain for chapter in book.chapters())


def cover(path: Path) -> tuple[bytes, str] | None:
    """Return the cover of a book and the suffix of its file, if it has one.

    Raises:
        TextError: It cannot be read.
    """
    with contextlib.closing(Book(path)) as book:
        found = book.cover()
    return None if found is None else (found[0], ".jpg" if found[1] == "image/jpeg" else ".png")
