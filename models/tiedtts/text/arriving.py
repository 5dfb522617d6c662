"""Text that arrives bit by bit, cut anywhere, and is handed on sentence by sentence.

`tiedtts.text.growing` does so, too, for programs, and waits for the end of a paragraph of several lines. Here
somebody is listening: the items of a list are handed on as they come, and so is a sentence after which
nothing comes for a while.
"""

import re
from collections.abc import Iterator

from tiedtts.text import sentences
from tiedtts.text.aligned import AlignedText
from tiedtts.text.patterns import Lazy

LONGEST = 4_000
"""Characters that are held back at most: longer text without an end of a sentence is handed on as it is."""

_WORD = re.compile(r"\S+(?=\s)")
_END = Lazy(r"[.?!\u2026\u3002\uff1f\uff01]\S{0,8}$")
"""A word that may end a sentence: with a mark, perhaps with quotes and emphasis behind it."""
_MARK = Lazy(r"[-*+\u2022]|\d{1,3}[.)]")
"""Mark of an item in a list; what follows it decides with it."""
_LAID_OUT = Lazy(r"\s{0,8}(?:[#|>\[=]|```|~~~|(?:\* ?){3,}|(?:_ ?){3,}|(?:- ?){3,})")
"""Line of a heading, a table, a quotation, code: what it means is known when it ends."""
_TAG = Lazy("<[A-Za-z/!]")
_TAIL = 200
"""Characters that tell whether a sentence ends."""


class Arriving:
    """The part of a text that has arrived and has not been handed on.

    What is handed on depends on the text alone, not on where it was cut or when it came, and is read as it
    would be in the whole text: a sentence goes out when the word after it is there.
    """

    def __init__(self) -> None:
        self._held = ""
        self._line = ""
        """The part that was handed on of the line that goes on in what is held."""
        self._seen = self._end = 0
        """Ends of what was looked at, and of the last whole word in it."""
        self._place: int | None = None
        """Where a sentence may end, if the next words say so."""

    def add(self, text: str) -> None:
        """Take what has arrived; half a character of UTF-16 waits for its other half."""
        self._held = _whole(self._held + text)

    def take(self) -> Iterator[str]:
        """Yield what is certain by now, a sentence or more at a time."""
        while word := _WORD.search(self._held, self._seen):
            begin, before, after = word.start(), self._end, word.end()
            self._seen = self._end = after
            gap = self._held[before:begin]
            if self._place is None and before and self._may_end(before, gap):
                self._place = begin
            if self._place is None:
                if begin >= LONGEST:
                    yield self._hand_on(begin)
            elif not self._is_mark(self._place, after):
                place, self._place = self._place, None
                if self._ends(place, after):
                    yield self._hand_on(place)

    def rest(self) -> str:
        """Return what is left, since nothing more comes."""
        left, self._held, self._line = self._held, "", ""
        self._seen = self._end = 0
        self._place = None
        return left

    @property
    def beginning(self) -> str:
        """The whole words of a sentence that is not whole; nothing where their meaning may still change."""
        text = self._held[: self._end]
        return "" if "\n" in text.strip() or self._is_laid_out(len(text)) else text

    @property
    def is_whole(self) -> bool:
        """Whether what is held ends with a mark that ends sentences, and not with a number."""
        text = self._held.rstrip()
        if not text or text.rstrip(".")[-1:].isdigit() or self._is_laid_out(len(text)):
            return False
        found = _sentences(text[-_TAIL:])
        return bool(found) and sentences.is_whole(found[-1].text)

    def _may_end(self, before: int, gap: str) -> bool:
        return "\n" in gap or _END().search(self._held, max(0, before - 12), before) is not None

    def _ends(self, place: int, after: int) -> bool:
        """Tell whether a sentence ends at a place, of which the next word is known."""
        gap = self._gap(place)
        if gap.count("\n") > 1:
            return True
        if self._is_laid_out(place) or ("\n" in gap and _LAID_OUT().match(self._held, place)):
            return False
        begin = max(0, place - _TAIL)
        tail = self._held[begin:after]
        # What it begins with may be a mark that is left out.
        return any(sentence.starts[0] >= place - begin for sentence in _sentences(tail))

    def _gap(self, place: int) -> str:
        """Return the space before a place."""
        return self._held[len(self._held[:place].rstrip()) : place]

    def _is_mark(self, place: int, after: int) -> bool:
        """Tell whether a line begins at a place with the mark of an item."""
        is_mark = _MARK().fullmatch(self._held, place, after) is not None
        return is_mark and "\n" in self._gap(place)

    def _is_laid_out(self, place: int) -> bool:
        """Tell whether the line before a place means something else once more of it is known."""
        before = self._held[:place].rstrip()
        line = before.rpartition("\n")[2] if "\n" in before else self._line + before
        return _LAID_OUT().match(line) is not None or _is_open(line[-2 * _TAIL :])

    def _hand_on(self, place: int) -> str:
        piece, self._held = self._held[:place], self._held[place:]
        self._line = (self._line + piece).rpartition("\n")[2][-2 * _TAIL :]
        self._seen -= place
        self._end -= place
        return piece


def _is_open(line: str) -> bool:
    """Tell whether a link or a tag in a line is not closed."""
    tag, address = line.rfind("<"), line.rfind("](")
    return (
        line.rfind("[") > line.rfind("]")
        or (address >= 0 and ")" not in line[address:])
        or (tag >= 0 and ">" not in line[tag:] and _TAG().match(line, tag) is not None)
    )


def _sentences(text: str) -> list[AlignedText]:
    return [sentence for paragraph in sentences.paragraphs(text) for sentence in sentences.split(paragraph)]


def _whole(text: str) -> str:
    """Return a text in which halves of characters that have met are one character."""
    if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass") if _paired(text) else text


def _paired(text: str) -> bool:
    return re.search("[\ud800-\udbff][\udc00-\udfff]", text) is not None
