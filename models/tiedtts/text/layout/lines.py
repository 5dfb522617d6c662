"""Ends of lines: which of them a writer meant, and which only a narrow page."""

from tiedtts.text import tables
from tiedtts.text.aligned import AlignedText, Edit
from tiedtts.text.characters import MARK
from tiedtts.text.patterns import Lazy

BREAK = "\x1e"
"""Ends a sentence where nothing written does; as in Unicode, a separator of records."""
WIDTH = 50
"""Lines of running text that are wrapped have at least one so long; characters."""
_NO_PAUSE = frozenset(tables.read("sentences")["goes on"])
"""Words after which nobody pauses."""
_HYPHEN = Lazy(r"(?<=[A-Za-z]-)[ ]{0,4}\n[ ]{0,8}(?=[a-z])|(?<=\d-)\n(?=\d)")
_END = Lazy(r"[ ]{0,8}\n[ ]{0,8}(?=(\S{1,80}))")
_TAB = Lazy(r"(?<=\S)\t{1,4}(?=\S)")
_PUNCTUATED = ".,;:!?-–—("
_CLOSERS = f"\"')]*_ {MARK}"


def joined(text: AlignedText) -> AlignedText:
    """Return a text whose words are whole that were cut at the end of a line; its tabs are commas."""
    if "\t" in text.text:
        text = text.sub(_TAB(), lambda match: ", ")
    return uncut(text)


def uncut(text: AlignedText) -> AlignedText:
    """Return a text whose words are whole that were cut at the end of a line."""
    return text.sub(_HYPHEN(), lambda match: "") if "-" in text.text and "\n" in text.text else text


def paused(text: AlignedText) -> AlignedText:
    """Return a paragraph with pauses at the ends of lines that a writer meant.

    A line that had room for the next word was ended on purpose: a heading before running text is a sentence
    of its own, lines of a poem or an address have a comma.
    """
    if "\n" not in text.text:
        return text
    width = max(map(len, text.text.split("\n")))
    edits: list[Edit] = []
    begin = 0
    for match in _END().finditer(text.text):
        line = text.text[begin : match.start()].strip()
        begin = match.end()
        following = match[1]
        if not _is_meant(line, following, width):
            continue
        following_line = text.text[begin : text.text.find("\n", begin) % (len(text) + 1)]
        heading = width >= WIDTH and len(following_line) > 2 * len(line)
        edits.append((match.start(), match.end(), BREAK if heading else ",\n"))
    return text.edit(edits) if edits else text


def _is_meant(line: str, following: str, width: int) -> bool:
    if not line or line.rstrip(_CLOSERS)[-1:] in _PUNCTUATED or not line[-1:].strip():
        return False
    if following[0].islower() or following[0] in ",.;:!?)-–—/&|":
        return False
    if width >= WIDTH and len(line) + 1 + len(following) > width:
        return False
    return line.rpartition(" ")[2].lower() not in _NO_PAUSE
