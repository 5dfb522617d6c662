"""Reads EPUB: a book's chapters in their order, each as HTML, and what the book says of itself.

W3C, "EPUB 3.3", 2023; International Digital Publishing Forum, "Open Packaging Format 2.0.1", 2010.
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tiedtts import encodings
from tiedtts.errors import TextError
from tiedtts.paths import StrPath
from tiedtts.settings import Settings
from tiedtts.text.books import navigation, xml
from tiedtts.text.books.archive import Archive, resolve
from tiedtts.text.structure import documents

_CONTAINER = "META-INF/container.xml"
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document")
_DRM = "META-INF/rights.xml"
_LARGEST_COVER = 5_000_000
_HTML = Settings(markup="html")

Cut = tuple[str, str, str]
"""A file, the place in it that a chapter begins at, and the place it ends before; nothing for its ends."""


@dataclass(frozen=True)
class Chapter:
    """A chapter of a book."""

    number: int
    """From 1."""
    title: str
    """The title in the table of contents, or the first heading."""
    text: str
    """HTML."""
    plain: str
    """The text, a blank line between its parts."""
    share: float
    """The part of the book before its end, 0 to 1."""


class Book:
    """A book, opened.

    Args:
        path: Its file.

    Raises:
        TextError: It is none that can be read.
    """

    def __init__(self, path: StrPath) -> None:
        self._archive = Archive(path)
        name = f"the package of {self._archive.path}"
        container = xml.parse(self._archive.read(_CONTAINER), f"{_CONTAINER} of {self._archive.path}")
        root = container.first("rootfile")
        if root is None:
            raise TextError(f"{self._archive.path} does not say where its contents are")
        self._base = resolve("", root.attributes.get("full-path", ""))[0]
        package = xml.parse(self._archive.read(self._base), name)
        self._items = {item.attributes.get("id", ""): item.attributes for item in package.all("item")}
        self._said = {
            key: [found.text for found in package.all(key) if found.text]
            for key in ("title", "creator", "date")
        }
        self._spine = self._files(package)
        if not self._spine:
            raise TextError(f"{self._archive.path} has no pages to read")
        self._cover = self._cover_of(package)
        self._navigation = self._table(package)
        self._last: tuple[str, str, Mapping[str, int] | None] = "", "", None

    @property
    def title(self) -> str:
        """The title of the book, or the name of its file."""
        return next(iter(self._said["title"]), self._archive.path.stem)

    @property
    def authors(self) -> str:
        """The names of who wrote it."""
        return ", ".join(self._said["creator"])

    @property
    def tags(self) -> dict[str, str]:
        """Tags of a sound file of the book."""
        found = {"album": self.title, "artist": self.authors, "date": next(iter(self._said["date"]), "")[:10]}
        return {key: value for key, value in found.items() if value}

    @property
    def size(self) -> int:
        """Bytes of its pages."""
        return sum(self._archive.size(name) for name in self._spine)

    def cover(self) -> tuple[bytes, str] | None:
        """Return its picture and the kind of it, if there is one that readers of sound files know."""
        if self._cover is None or self._archive.size(self._cover) > _LARGEST_COVER:
            return None
        try:
            data = self._archive.read(self._cover)
        except TextError:
            return None
        if data.startswith(b"\xff\xd8\xff"):
            return data, "image/jpeg"
        return (data, "image/png") if data.startswith(b"\x89PNG\r\n\x1a\n") else None

    def chapters(self, *, titles: bool = True) -> Iterator[Chapter]:
        """Yield the chapters that have something to say.

        Args:
            titles: Begin each with its title, if it does not begin so by itself.

        Raises:
            TextError: A page is missing or damaged.
        """
        total, done, number = max(self.size, 1), 0, 0
        for title, cuts in self._cuts():
            text = "\n".join(self._page(cut) for cut in cuts)
            done += sum(self._archive.size(name) for name, _, until in cuts if not until)
            found = documents.read(text, _HTML)
            if not any(map(str.isalnum, found.text)):
                continue
            number += 1
            heading = next(
                (block.text.text for block in found.blocks[:3] if block.kind in ("title", "heading")), ""
            )
            title = title or heading[:100] or (f"Chapter {number}" if number > 1 else self.title)
            begins = _bare(" ".join(block.text.text for block in found.blocks[:4]))
            if titles and _bare(title) not in begins:
                text = f"<h1>{html.escape(title)}</h1>\n{text}"
                found = documents.read(text, _HTML)
            yield Chapter(number, title, text, found.text, min(done / total, 1.0))
        if not number:
            raise TextError(f"{self._archive.path} has nothing to read", hint="is it a book of pictures?")

    def close(self) -> None:
        """Close its file."""
        self._archive.close()

    def _files(self, package: xml.Element) -> list[str]:
        """Return the pages of the book in the order in which they are read, each once."""
        found: dict[str, None] = {}
        for reference in package.all("itemref"):
            item = self._items.get(reference.attributes.get("idref", ""))
            if item is None or reference.attributes.get("linear") == "no":
                continue
            name = resolve(self._base, item.get("href", ""))[0]
            if item.get("media-type", _PAGES[0]) in _PAGES and name in self._archive:
                found[name] = None
        if not found and _DRM in self._archive:
            raise TextError(f"{self._archive.path} is protected against copying, and cannot be read")
        return list(found)

    def _cover_of(self, package: xml.Element) -> str | None:
        ids = [
            meta.attributes.get("content", "")
            for meta in package.all("meta")
            if meta.attributes.get("name") == "cover"
        ]
        items = [item for item in self._items.values() if "cover-image" in item.get("properties", "").split()]
        items += [self._items[name] for name in ids if name in self._items]
        return next((resolve(self._base, item.get("href", ""))[0] for item in items), None)

    def _table(self, package: xml.Element) -> tuple[navigation.Entry, ...]:
        """Return the table of contents; nothing if it cannot be read: the pages still can."""
        tables = [item for item in self._items.values() if "nav" in item.get("properties", "").split()]
        spine = package.first("spine")
        ncx = None if spine is None else self._items.get(spine.attributes.get("toc", ""))
        tables += [ncx] if ncx is not None else []
        tables += [
            item for item in self._items.values() if item.get("media-type") == "application/x-dtbncx+xml"
        ]
        for item in tables:
            name = resolve(self._base, item.get("href", ""))[0]
            try:
                entries = navigation.read(xml.parse(self._archive.read(name), name), name)
            except TextError:
                continue
            if entries:
                return entries
        return ()

    def _cuts(self) -> Iterator[tuple[str, Sequence[Cut]]]:
        """Yield the title of each chapter, and the pages or parts of pages it is made of."""
        places = {name: number for number, name in enumerate(self._spine)}
        begins: dict[tuple[int, str], str] = {}
        for entry in navigation.chapters(self._navigation):
            if entry.file in places:
                begins.setdefault((places[entry.file], entry.place), entry.title)
        ordered = sorted(begins, key=lambda begin: begin[0])
        if not ordered:
            yield from (("", [(name, "", "")]) for name in self._spine)
            return
        if ordered[0][0] or ordered[0][1]:
            first = [(name, "", "") for name in self._spine[: ordered[0][0]]]
            if ordered[0][1]:
                first.append((self._spine[ordered[0][0]], "", ordered[0][1]))
            yield "", first
        for begin, end in zip(ordered, (*ordered[1:], (len(self._spine), "")), strict=True):
            cuts: list[Cut] = []
            for page in range(begin[0], min(end[0] + bool(end[1]), len(self._spine))):
                start = begin[1] if page == begin[0] else ""
                until = end[1] if page == end[0] else ""
                cuts.append((self._spine[page], start, until))
            if cuts:
                yield begins[begin], cuts

    def _page(self, cut: Cut) -> str:
        name, start, until = cut
        if self._last[0] != name:
            text = encodings.decode(self._archive.read(name), errors="replace", marked_up=True).text
            self._last = name, text, None
        text = self._last[1]
        if not start and not until:
            return text
        # Many chapters may be parts of one page.
        if self._last[2] is None:
            self._last = name, text, documents.read(text, _HTML).places
        found = self._last[2] or {}
        end = found.get(until, len(text)) if until else len(text)
        # A place that is not there ended nothing: all of the page is the chapter's before.
        begin = found.get(start, len(text)) if start else 0
        return text[begin : max(begin, end)]


def _bare(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())
