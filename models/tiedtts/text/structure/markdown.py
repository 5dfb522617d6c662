"""Reads Markdown: its blocks, aligned to the source."""

import re
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from tiedtts.settings import Settings
from tiedtts.text.aligned import AlignedText, join
from tiedtts.text.structure import html, markdown_rules
from tiedtts.text.structure.blocks import Builder, Document
from tiedtts.text.structure.markdown_inline import Inline

_LINE_END = re.compile(r"\r\n|\n|\r")
_LONGEST_LINE = 300
"""Characters of a line that a word is shown with if nobody knows where in it the word stands."""
_PIPE = re.compile(r"\\\|")
_BOX = re.compile(r"\[[ xX]\][ \t]")


def read(source: str, settings: Settings) -> Document:
    """Read a text with the marks of Markdown.

    Args:
        source: Any text.
        settings: What is read of code and notes.
    """
    builder = Builder(source)
    _Reader(source, builder, settings).read()
    return Document(tuple(builder.blocks), builder.warnings())


class _Reader:
    """Gives a builder the blocks that a parser of Markdown finds."""

    def __init__(self, source: str, builder: Builder, settings: Settings) -> None:
        self._source, self._builder, self._settings = source, builder, settings
        self._lines = _lines(source)
        self._kinds: list[str] = []
        self._numbers: list[int | None] = []
        self._row = 0
        self._notes: dict[str, list[Token]] = {}
        self._said: set[str] = set()

    def read(self) -> None:
        """Read all of it."""
        front = markdown_rules.front_matter(self._source)
        blank = "\n" * len(_LINE_END.findall(self._source, 0, front))
        tokens = markdown_rules.parser().parse(blank + _LINE_END.sub("\n", self._source[front:]))
        body = list(self._without_notes(tokens))
        for token in body:
            self._take(token)
        for label in self._notes:
            self._note(label)
        if not self._settings.footnotes:
            for _ in self._notes:
                self._builder.leave_out("footnote")

    def _without_notes(self, tokens: Sequence[Token]) -> Iterator[Token]:
        """Yield what is no footnote; keep the footnotes by their names."""
        label = None
        for token in tokens:
            if token.type == "footnote_open":
                label = str(token.meta["label"])
            elif token.type == "footnote_close":
                label = None
            elif label is not None:
                self._notes.setdefault(label, []).append(token)
            else:
                yield token

    def _take(self, token: Token) -> None:
        kind = token.type
        if kind == "heading_open":
            self._kinds.append("title" if token.tag == "h1" else "heading")
        elif kind in ("list_item_open", "tr_open"):
            self._kinds.append("item" if kind == "list_item_open" else "row")
            self._row = 0
            if kind == "list_item_open" and token.info.isdigit() and token.map:
                number = int(token.info)
                start, end = self._lines[token.map[0]]
                found = re.compile(rf"0*{number}[.)]").search(self._source, start, end)
                self._builder.put(f"{number}", *(found.span() if found else (start, start)))
                self._builder.pause(start)
        elif kind in ("heading_close", "list_item_close", "tr_close"):
            self._builder.end(self._kind)
            self._kinds.pop()
        elif kind in ("th_close", "td_close"):
            self._builder.pause(self._row)
        elif kind == "hr":
            self._builder.rule()
        elif kind in ("fence", "code_block"):
            self._code(token)
        elif kind == "html_block":
            self._html(token)
        elif kind == "inline":
            self._inline(token)

    @property
    def _kind(self) -> str:
        return self._kinds[-1] if self._kinds else "paragraph"

    def _inline(self, token: Token) -> None:
        """Take the text of a block; that of a cell of a table goes on in its row."""
        is_cell = self._kind == "row"
        text = self._aligned(token, is_cell=is_cell)
        if is_cell and text.starts:
            self._row = text.ends[-1]
        if self._kind == "item" and (box := _BOX.match(text.text)) is not None:
            inline = Inline(text, self._builder, self._settings, box.end())
        else:
            inline = Inline(text, self._builder, self._settings)
        inline.take(token.children or ())
        if not is_cell:
            self._builder.end(self._kind)
        for label in inline.notes:
            self._note(label)

    def _note(self, label: str) -> None:
        """Take the text of a footnote, if it is wanted, behind the block that first refers to it."""
        if label in self._said or not self._settings.footnotes:
            return
        self._said.add(label)
        for number, token in enumerate(self._notes.get(label, ())):
            text = self._aligned(token)
            if not number and token.map:
                self._builder.put(
                    "Footnote: ", self._lines[token.map[0]][0], text.starts[0] if text.starts else None
                )
            inline = Inline(text, self._builder, self._settings)
            inline.take(token.children or ())
            self._builder.end("paragraph")

    def _code(self, token: Token) -> None:
        if self._settings.code == "skip":
            self._builder.leave_out("piece of code")
            return
        first, last = token.map or (0, 0)
        if self._settings.code == "announce":
            language = re.sub(r"[^\w+#-]", " ", token.info).split()[:1]
            self._builder.put(f"Code block{f', {language[0]}' if language else ''}.", *self._lines[first])
            self._builder.end("paragraph")
            return
        inner = first + (token.type == "fence")
        for line in range(inner, min(inner + token.content.count("\n"), len(self._lines), last)):
            start, end = self._lines[line]
            self._builder.add(AlignedText.of(self._source, start, end))
            self._builder.end("code")

    def _html(self, token: Token) -> None:
        html.Reader(self._aligned(token), self._builder, self._settings).read()

    def _aligned(self, token: Token, *, is_cell: bool = False) -> AlignedText:
        """Return the text of a block, without the marks before its lines, aligned to the source."""
        first = token.map[0] if token.map else 0
        parts = []
        for number, line in enumerate(token.content.split("\n"), first):
            start, end = self._lines[min(number, len(self._lines) - 1)]
            # As the parser has it.
            written = self._source[start:end].replace("\0", "\ufffd")
            bare = line.strip()
            trimmed = written.rstrip()
            if is_cell:
                place = written.find(bare, max(self._row - start, 0))
                if place < 0 and (found := written.find(piped := bare.replace("|", "\\|"))) >= 0:
                    cell = AlignedText.of(self._source, start + found, start + found + len(piped))
                    parts.append(cell.sub(_PIPE, lambda match: "|"))
                    continue
            elif trimmed.endswith(bare):
                place = len(trimmed) - len(bare)
            else:
                place = written.find(bare)
            if place < 0:
                # All of it stands for each word; not so a line without an end, word after word.
                end = min(end, start + _LONGEST_LINE)
                parts.append(AlignedText(bare, [start] * len(bare), [end] * len(bare), self._source))
            else:
                parts.append(AlignedText.of(self._source, start + place, start + place + len(bare)))
        return join(parts, "\n")


def _lines(source: str) -> list[tuple[int, int]]:
    """Return where each line begins and ends, without its end."""
    ends = [match.span() for match in _LINE_END.finditer(source)]
    return list(
        zip((0, *(stop for _, stop in ends)), (*(start for start, _ in ends), len(source)), strict=True)
    )
