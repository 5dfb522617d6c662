"""The end of a text that is still coming: what of it is certain although nobody knows what follows."""

import re

from tiedtts.text import sentences
from tiedtts.text.patterns import Lazy

_WORDS = re.compile(r"(?s:.*\S)(?=\s)")
_LAID_OUT = Lazy(r"\s{0,8}(?:[#|>\[=]|```|~~~|(?:\* ?){3,}|(?:_ ?){3,}|(?:- ?){3,})")
"""Line of a heading, a table, a quotation, code: what it means is known when it ends."""
_TAG = Lazy("<[A-Za-z/!]")
_MARK = Lazy(r"[,;:\u2014\u2013)][\"'\u2019\u201d)\]]{0,3}$| -$")
"""A mark that ends a clause."""
_MARKED = Lazy(r"(?:[^\W\d][\"'\u2019\u201d)\]]{0,3}[,;:\u2014\u2013]|\))[\"'\u2019\u201d)\]]{0,3}$")
"""The same, not after a figure."""
_TAIL = 200
"""Characters that tell whether a sentence ends."""
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
"""Halves of a character of UTF-16 that belong together."""


def joined(text: str, piece: str) -> str:
    """Return a text and what follows it; half a character of UTF-16 at its end finds its other half."""
    if pair := _PAIR.fullmatch(text[-1:] + piece[:1]):
        character = pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
        return text[:-1] + character + piece[1:]
    return text + piece


def whole_words(text: str) -> str:
    """Return a text up to its last word that is surely whole, since space follows it."""
    words = _WORDS.match(text)
    return words[0] if words else ""


def beginning(text: str) -> str:
    """Return the whole words of a sentence that goes on; nothing where their meaning may still change."""
    words = whole_words(text)
    return "" if "\n" in words.strip() or is_laid_out(words) else words


def is_whole(text: str) -> bool:
    """Tell whether a text ends with a mark that ends sentences, and not with a number."""
    text = text.rstrip()
    if text.rstrip(".")[-1:].isdigit() or is_laid_out(text):
        return False
    tail = text[-_TAIL:]
    found = [one for paragraph in sentences.paragraphs(tail) for one in sentences.split(paragraph)]
    return bool(found) and sentences.is_whole(found[-1].text)


def beginning_of_sentence(text: str, *, ended: bool) -> tuple[str, bool]:
    """Return the whole words at the end of which a sentence goes on, and whether a clause ends there.

    Args:
        text: What has come.
        ended: Nothing has followed for a while, so that a mark at the end is taken for one; not after a
            figure, where it may be a part of a number.
    """
    if ended and _MARKED().search(text[-_TAIL:]):
        return text, True
    words = whole_words(text)
    return words, _MARK().search(words[-_TAIL:]) is not None


def is_laid_out(text: str) -> bool:
    """Tell whether the last line of a text means something else once more of it is known."""
    line = text.rpartition("\n")[2]
    return _LAID_OUT().match(line) is not None or _is_open(line[-2 * _TAIL :])


def _is_open(line: str) -> bool:
    """Tell whether a link, a tag or phones in a line are not closed."""
    tag, address = line.rfind("<"), line.rfind("](")
    return (
        line.rfind("[") > line.rfind("]")
        or line.rfind("{") > line.rfind("}")
        or (address >= 0 and ")" not in line[address:])
        or (tag >= 0 and ">" not in line[tag:] and _TAG().match(line, tag) is not None)
    )
