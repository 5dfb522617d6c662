"""Reads HTML: its blocks, aligned to the source."""

import html
from collections import Counter
from html.parser import HTMLParser
from itertools import accumulate

from tiedtts.settings import Settings
from tiedtts.text.aligned import AlignedText
from tiedtts.text.structure import html_elements, html_repair
from tiedtts.text.structure.blocks import Builder, Document
from tiedtts.text.structure.html_elements import (
    BLOCKS,
    CELLS,
    KEPT,
    KINDS,
    LISTS,
    REPLACES,
    ROWS,
    VOID,
    Attributes,
)

_LONG_CELL = 60
"""Characters of a paragraph in a cell of a table that ends its block: that table is there for the looks."""
_MOST_NUMBER = 9_999
_DEEPEST = 1_000
"""Elements within elements that are told apart."""


def read(source: str, settings: Settings) -> Document:
    """Read a page, or a part of one.

    Args:
        source: Any HTML or XHTML, well-formed or not.
        settings: What is read of code and notes.
    """
    builder = Builder(source)
    reader = Reader(AlignedText.of(source), builder, settings)
    reader.read()
    blocks = builder.blocks
    if reader.main is not None and reader.main[1] > reader.main[0]:
        blocks = blocks[slice(*reader.main)]
    return Document(tuple(blocks), builder.warnings(), reader.places)


class Reader(HTMLParser):
    """Gives a builder the blocks of HTML.

    Args:
        text: The HTML, aligned to the document it stands in.
        builder: Takes the blocks.
        settings: What is read of code and notes.
    """

    def __init__(self, text: AlignedText, builder: Builder, settings: Settings) -> None:
        super().__init__(convert_charrefs=False)
        self.main: tuple[int, int] | None = None
        """The blocks of the page's own text, as the page says, if it says so."""
        self.places: dict[str, int] = {}
        """Where elements with a name begin, with the tags that they begin together with."""
        self._text, self._builder, self._settings = text, builder, settings
        self._lines = [0, *accumulate(len(line) + 1 for line in text.text.split("\n"))]
        self._stack: list[str] = []
        self._open: Counter[str] = Counter()
        self._numbers: list[int | None] = []
        self._hidden, self._depth = "", 0
        self._begin: int | None = None
        self._broken = False
        self._code = 0

    def read(self) -> None:
        """Read all of it."""
        self.feed(html_repair.repaired(self._text.text))
        self.close()
        self._end_block()

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element."""
        attributes = {name: value or "" for name, value in attrs}
        if self._hidden:
            self._depth += tag == self._hidden and tag not in VOID
            return
        at = self._at()
        if tag in ("html", "body"):
            # A document in several files: what one leaves open ends with it.
            self._end_block()
            while self._stack:
                self._pop()
        if tag in BLOCKS:
            self._end_part(tag, at)
        while self._stack and self._stack[-1] in REPLACES.get(tag, ()):
            self._leave(self._pop(), at)
        self._name(attributes, tag, at)
        if self._is_left_out(tag, attributes, at):
            if tag not in VOID:
                self._hidden, self._depth = tag, 1
            return
        if tag in VOID:
            self._void(tag, attributes, at)
            return
        self._enter(tag, attributes, at)

    def _is_left_out(self, tag: str, attributes: Attributes, at: int) -> bool:
        if html_elements.is_hidden(tag, attributes):
            if tag == "math" and attributes.get("alttext"):
                self._put(attributes["alttext"], at)
            return True
        if tag in ("a", "sup") and html_elements.is_note_mark(tag, attributes, self._text.text, at):
            return True
        if not self._settings.footnotes and attributes and html_elements.is_note(attributes):
            self._builder.leave_out("footnote")
            return True
        if self._settings.code == "skip" and tag in ("pre", "code", "samp") and not self._code:
            self._builder.leave_out("piece of code")
            return True
        if self._settings.code == "announce" and tag == "pre":
            self._put("Code block.", at)
            self._builder.end("paragraph")
            return True
        return False

    def _enter(self, tag: str, attributes: Attributes, at: int) -> None:
        """Begin an element with contents that are read."""
        if tag == "main" and self.main is None:
            self.main = (self._builder.number, self._builder.number)
        elif tag in LISTS:
            self._numbers.append(_number(attributes.get("start", "1")) if tag == "ol" else None)
        elif tag == "li" and self._numbers and self._numbers[-1] is not None:
            number = _number(attributes.get("value", ""))
            number = self._numbers[-1] if number is None else number
            self._put(f"{number}", at)
            self._builder.pause(self._source(at))
            self._numbers[-1] = number + 1
        elif tag == "q":
            self._put('"', at)
        elif tag == "sup" and html_elements.is_power(self._text.text, at):
            self._put("^", at)
        if tag in KEPT:
            self._push(tag)

    def _void(self, tag: str, attributes: Attributes, at: int) -> None:
        if tag == "hr":
            self._end_block()
            self._builder.rule()
        elif tag == "br":
            if self._broken or self._builder.is_empty or self._code:
                self._end_block()
            else:
                self._builder.pause(self._source(at))
            self._broken = True
        elif tag == "img":
            words = attributes.get("alt", "").strip()
            if words:
                self._put(words, at)
                self._builder.pause(self._source(at))
            elif "alt" not in attributes:
                self._builder.leave_out("picture without a text")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin and end an element that has no contents, as XHTML writes it."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        if self._hidden:
            self._depth -= tag == self._hidden
            if self._depth > 0:
                return
            self._hidden = ""
            return
        at = self._at()
        if tag in BLOCKS:
            self._end_part(tag, at)
        if tag == "q":
            self._put('"', at)
        elif tag == "main" and self.main is not None and self.main[0] == self.main[1]:
            self.main = (self.main[0], self._builder.number)
        if self._open[tag]:
            while (last := self._pop()) != tag:
                pass
            self._leave(last, at)

    def _leave(self, tag: str, at: int) -> None:
        """End an element that is on the stack no more."""
        if tag in CELLS:
            self._builder.pause(self._source(at))

    def _push(self, tag: str) -> None:
        if len(self._stack) < _DEEPEST:
            self._stack.append(tag)
            self._open[tag] += 1
            self._code += tag == "pre"

    def _pop(self) -> str:
        tag = self._stack.pop()
        self._open[tag] -= 1
        self._code -= tag == "pre"
        if tag in LISTS and self._numbers:
            self._numbers.pop()
        return tag

    def handle_data(self, data: str) -> None:
        """Take text."""
        if self._hidden or not data:
            return
        at = self._at()
        if self._code and "\n" in data:
            for line in data.splitlines(keepends=True):
                self._add(line, at)
                at += len(line)
                if line.endswith("\n"):
                    self._end_block()
            return
        self._add(data, at)

    def handle_entityref(self, name: str) -> None:
        """Take the character that a name stands for."""
        self._reference(f"&{name}")

    def handle_charref(self, name: str) -> None:
        """Take the character that a number stands for."""
        self._reference(f"&#{name}")

    def _reference(self, written: str) -> None:
        if self._hidden:
            return
        at = self._at()
        end = at + len(written)
        if self._text.text.startswith(";", end):
            written, end = written + ";", end + 1
        said = html.unescape(written)
        self._broken = self._broken and not said.strip()
        self._put(said, at, end)

    def _add(self, data: str, at: int) -> None:
        self._broken = self._broken and not data.strip()
        # With what was mended put back.
        self._builder.add(self._text[at : at + len(data)])

    def _put(self, words: str, at: int, end: int | None = None) -> None:
        start, stop = self._text.span(at, at if end is None else end)
        self._builder.put(words, start, stop)

    def _source(self, at: int) -> int:
        return self._text.span(at, at)[0]

    def _name(self, attributes: Attributes, tag: str, at: int) -> None:
        """Keep where an element with a name begins."""
        if self._builder.is_empty and tag not in ("html", "head", "body"):
            self._begin = at if self._begin is None else self._begin
        name = attributes.get("id") or (attributes.get("name") if tag == "a" else "")
        if name:
            place = self._begin if self._builder.is_empty and self._begin is not None else at
            self.places.setdefault(name, place)

    def _end_part(self, tag: str, at: int) -> None:
        """End a block; within the cell of a table let a pause do, if the cell is short."""
        is_cell = bool(self._stack) and self._stack[-1] in CELLS and tag not in ROWS
        if is_cell and self._builder.size < _LONG_CELL:
            self._builder.pause(self._source(at))
            return
        self._end_block()

    def _end_block(self) -> None:
        kind = next((KINDS[tag] for tag in reversed(self._stack[-2:]) if tag in KINDS), "paragraph")
        if not self._builder.is_empty:
            self._begin = None
        self._builder.end(kind)
        self._broken = False


def _number(written: str) -> int | None:
    """Return the number of a list's item."""
    digits = written.strip()
    return (
        min(int(digits), _MOST_NUMBER) if digits.isascii() and digits.isdigit() and len(digits) < 9 else None
    )
