"""Marks of Markdown that plain text often has."""

import re

from tiedtts.text.aligned import AlignedText
from tiedtts.text.layout import subtitles
from tiedtts.text.layout.lines import BREAK
from tiedtts.text.patterns import Lazy

_PARAGRAPH = "\n\n"
_LABEL = r"\[((?:[^\[\]\n]|\[[^\[\]\n]{0,40}\]){0,200})\]"
_LINK = Lazy(
    rf"(!?){_LABEL}"
    r"(?:\([ ]?(?:[^()\s]|\([^()\s]{0,100}\)){0,500}(?: {1,2}\"[^\"\n]{0,200}\")?[ ]?\)|\[[^\[\]\n]{0,100}\])"
)
_FOOTNOTE = Lazy(r"(?<=\S)\[\^[^\[\]\s]{1,40}\](?!:)")
_FOOTNOTE_TEXT = Lazy(r"(?m)^ {0,3}\[\^[^\[\]\s]{1,40}\]: ?")
_REFERENCE = Lazy(r"(?m)^ {0,3}\[[^\[\]\n^]{1,100}\]: ?\S{1,500}(?: [\"'(][^\n]{0,200})?$")
_WIKI = Lazy(r"\[\[(?:[^\[\]|\n]{1,100}\|)?([^\[\]|\n]{1,100})\]\]")
_MARKED = Lazy(r"(?<![=\w])==(?=[^\s=])([^=\n]{0,300}[^\s=])==(?![=\w])")
_FENCE = Lazy(r"(?m)^ {0,3}(?:['`]{3,}|~{3,})[\w+-]{0,20} *$\n?")
_RULER = Lazy(r"(?m)(?:^|(?<=\n)) {0,3}(?:(?:\* ?){3,}|(?:_ ?){3,}|(?:- ?){3,}|={3,}) *$")
_HEADING = Lazy(r"(?m)^ {0,3}#{1,6} +(?!\d+ *$)([^\n]*?)(?: +#{1,6})? *$")
_QUOTE = Lazy(r"(?m)^ {0,3}(?:> ?){1,5}(?![\d=])")
_QUOTED_NUMBER = Lazy(r"(?m)^ {0,3}> ?(?=\d)")
_BOX = Lazy(r"(?m)^( {0,8}(?:[-*+]|\d{1,3}[.)]) +)\[[ xX]\] +")
_BULLET = Lazy(r"(?m)^ {0,8}[+,] +(?=[^\d\s]|\d{1,4}[^\d\n])")
_TABLE_RULE = Lazy(r"(?m)^ {0,3}\|?(?: ?:?-{2,}:? ?\|)+(?: ?:?-{2,}:?)? *$")
_ROW = Lazy(r"(?m)^ {0,3}\|([^\n]{1,2000}?)\|? *$")
_CELL = Lazy(r" *\| *")
_ESCAPED = Lazy(r"\\([*_#\[\]!`~>|-])")
_BULLETS = frozenset("+, ")


def _link(match: re.Match[str]) -> str:
    label = match[2].strip()
    # A picture is a thing of its own; a link without a label has nothing but its address.
    return (f"{label}," if match[1] else label) if label else match[0][match[0].index("]") + 1 :].strip("()")


def _row(match: re.Match[str]) -> str:
    cells = (cell.strip() for cell in _CELL().split(match[1]))
    return BREAK + ", ".join(cell for cell in cells if cell) + BREAK


def plain(text: AlignedText) -> AlignedText:
    """Return a clean text without the marks of Markdown; items and rows are sentences of their own."""
    found = frozenset(text.text)
    text = subtitles.plain(text)
    if "'" in found or "~" in found:
        text = text.sub(_FENCE(), lambda match: "\n")
    if "[" in found:
        text = text.sub(_BOX(), lambda match: match[1])
        text = text.sub(_REFERENCE(), lambda match: "")
        text = text.sub(_FOOTNOTE_TEXT(), lambda match: "")
        text = text.sub(_WIKI(), lambda match: match[1])
        # Twice: a picture may be the label of a link.
        for _ in range(2):
            text = text.sub(_LINK(), _link)
        text = text.sub(_FOOTNOTE(), lambda match: "")
    if "=" in found:
        text = text.sub(_MARKED(), lambda match: match[1])
    if "|" in found:
        text = text.sub(_TABLE_RULE(), lambda match: "")
        text = text.sub(_ROW(), _row)
    if not found.isdisjoint("*_-="):
        text = text.sub(_RULER(), lambda match: "\n")
    if "#" in found:
        text = text.sub(_HEADING(), lambda match: f"{_PARAGRAPH}{match[1]}{_PARAGRAPH}")
    if ">" in found:
        text = text.sub(_QUOTE(), lambda match: "")
        if "\n" in found:
            text = text.sub(_QUOTED_NUMBER(), lambda match: "")
    if "\n" in found or text.text[:1] in _BULLETS:
        text = text.sub(_BULLET(), lambda match: BREAK)
    if "\\" in found:
        text = text.sub(_ESCAPED(), lambda match: match[1])
    return text
