"""The table of contents of a book: EPUB 3's navigation document, or the NCX of EPUB 2."""

from collections.abc import Iterator
from typing import NamedTuple

from tiedtts.text.books.archive import resolve
from tiedtts.text.books.xml import Element


class Entry(NamedTuple):
    """An entry and those below it."""

    title: str
    file: str
    """Name of a file; empty if it leads nowhere."""
    place: str
    """Name of a place in it, or nothing."""
    children: tuple["Entry", ...]


def read(root: Element, base: str) -> tuple[Entry, ...]:
    """Return the entries of either kind of table.

    Args:
        root: The document.
        base: Name of its file.
    """
    points = root.first("navMap")
    if points is not None:
        return tuple(_point(point, base) for point in points.own("navPoint"))
    tables = list(root.all("nav"))
    chosen = next((nav for nav in tables if "toc" in nav.attributes.get("epub:type", "").split()), None)
    chosen = chosen or next(iter(tables), None)
    listing = None if chosen is None else chosen.first("ol")
    return () if listing is None else _items(listing, base)


def chapters(entries: tuple[Entry, ...]) -> Iterator[Entry]:
    """Yield the entries that are chapters.

    An entry with files of its own below it is a part, and what is below are the chapters; one whose entries
    lead to places in the same file is a chapter with sections.
    """
    for entry in entries:
        below = list(chapters(entry.children))
        if below and (not entry.file or any(child.file != entry.file for child in below)):
            if entry.file and all(child.file != entry.file for child in below):
                yield entry
            yield from below
        elif entry.file:
            yield entry


def _point(point: Element, base: str) -> Entry:
    label, content = next(point.own("navLabel"), None), next(point.own("content"), None)
    source = "" if content is None else content.attributes.get("src", "")
    file, place = resolve(base, source) if source else ("", "")
    below = tuple(_point(child, base) for child in point.own("navPoint"))
    return Entry("" if label is None else label.text, file, place, below)


def _items(listing: Element, base: str) -> tuple[Entry, ...]:
    found = []
    for item in listing.own("li"):
        label = next((child for child in item.children if child.name in ("a", "span")), None)
        source = "" if label is None else label.attributes.get("href", "")
        file, place = resolve(base, source) if source else ("", "")
        inner = next(item.own("ol"), None)
        below = () if inner is None else _items(inner, base)
        found.append(Entry("" if label is None else label.text, file, place, below))
    return tuple(found)
