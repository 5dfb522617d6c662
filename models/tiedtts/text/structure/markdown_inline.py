"""The text within a block of Markdown: emphasis, links, code, and where each part of it stands."""

from collections.abc import Sequence

from markdown_it.token import Token

from tiedtts.settings import Settings
from tiedtts.text.aligned import AlignedText
from tiedtts.text.structure.blocks import Builder


class Inline:
    """Gives a builder the text of one block.

    The parser tells of the parts of a text neither where they begin nor where they end. They come in order,
    and what lies between them is known: the marks, the addresses of links.

    Args:
        text: The block, aligned to its document.
        builder: Takes the text.
        settings: What is read of code.
        start: Characters of the block that are not read.
    """

    def __init__(self, text: AlignedText, builder: Builder, settings: Settings, start: int = 0) -> None:
        self.notes: list[str] = []
        """Names of the footnotes that are referred to."""
        self._text, self._builder, self._settings = text, builder, settings
        # Code has spaces where lines end; what is found is as long.
        self._written = text.text.replace("\n", " ")
        self._place = 0
        self._start = start

    def take(self, tokens: Sequence[Token]) -> None:
        """Take the parts of the block."""
        for token in tokens:
            kind, meta = token.type, token.meta
            if kind == "text":
                self._find(token.content)
            elif kind == "text_special":
                self._find(token.markup, token.content)
            elif kind == "code_inline":
                self._code(token)
            elif kind == "softbreak":
                self._put("\n")
            elif kind == "hardbreak":
                self._builder.pause(self._at())
            elif kind == "formula":
                self._builder.put("$", self._at())
                self._builder.add(self._text[meta["begin"] : meta["begin"] + len(token.content)])
                self._place = meta["end"]
                self._builder.put("$", self._at())
            elif kind == "footnote_reference":
                self.notes.append(meta["label"])
                self._place = meta["end"]
            elif kind == "link_open" and "begin" in meta:
                self._place = meta["begin"] + 1
            elif kind == "link_close" and "end" in meta:
                self._place = meta["end"]
            elif kind == "image":
                self._image(token)
            elif kind == "html_inline":
                self._tag(token.content)

    def _at(self) -> int:
        """Return the place in the document of what comes next."""
        return self._text.span(self._place, self._place)[0]

    def _put(self, words: str) -> None:
        self._builder.put(words, self._at())

    def _find(self, written: str, said: str | None = None) -> None:
        """Take a text where it stands next."""
        if not written:
            return
        place = self._written.find(written.replace("\n", " "), self._place)
        if place < 0:
            # The parser has changed it, such as a tab.
            if self._place >= self._start:
                self._put(written if said is None else said)
            return
        end = place + len(written)
        self._place = end
        if end <= self._start:
            return
        part = self._text[max(place, self._start) : end]
        if said is None:
            self._builder.add(part)
        else:
            self._builder.put(said, *self._text.span(place, end))

    def _code(self, token: Token) -> None:
        place = self._written.find(token.markup, self._place)
        self._place = place + len(token.markup) if place >= 0 else self._place
        if self._settings.code == "skip":
            self._builder.leave_out("piece of code")
            self._place += len(token.content)
        else:
            self._find(token.content)
        place = self._written.find(token.markup, self._place)
        self._place = place + len(token.markup) if place >= 0 else self._place

    def _image(self, token: Token) -> None:
        """Take the text of a picture, which is a thing of its own."""
        end = token.meta.get("end", self._place)
        if not token.content.strip():
            self._builder.leave_out("picture without a text")
        else:
            begin = token.meta.get("begin", self._place) + 2
            label = Inline(self._text[begin:end], self._builder, self._settings)
            label.take(token.children or ())
            self._builder.pause(self._text.span(begin + label._place, begin + label._place)[0])
        self._place = end

    def _tag(self, tag: str) -> None:
        """Take a tag of HTML, most of which change only the look."""
        place = self._text.text.find(tag, self._place)
        self._place = place + len(tag) if place >= 0 else self._place
        name = tag.strip("</> ").split(maxsplit=1)[:1]
        if not name:
            return
        if name[0].rstrip("/").lower() == "br":
            self._builder.pause(self._at())
        elif name[0].lower() == "q":
            self._put('"')
        elif name[0].lower() == "sup" and self._text.text[self._place : self._place + 1].isdigit():
            self._put("" if tag.startswith("</") else "^")
