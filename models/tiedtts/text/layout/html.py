"""HTML in plain text: tags, comments and entities."""

import html
import re

from tiedtts.text import tables
from tiedtts.text.aligned import AlignedText
from tiedtts.text.patterns import Lazy

_TABLES = tables.read("html")
BLOCKS = frozenset(_TABLES["block"])
"""Tags that end a line, as a paragraph does."""
CELLS = frozenset(_TABLES["cell"])
"""Tags that end a cell of a table."""
INLINE = frozenset(_TABLES["inline"])
"""Tags within a line."""
_NAMES = "|".join(sorted((*BLOCKS, *CELLS, *INLINE), key=len, reverse=True))

TAG = Lazy(rf"<(/?)({_NAMES})(?:\s[^<>]{{0,300}})?/?>", re.IGNORECASE)
"""A tag of HTML; anything else in angle brackets is text."""
_COMMENT = Lazy(r"<!--[^<>]{0,2000}-->|<!DOCTYPE[^<>]{0,200}>", re.IGNORECASE)
_HIDDEN = Lazy(r"<(script|style)(?:\s[^<>]{0,300})?>[^<]{0,5000}</\1>", re.IGNORECASE)
_ENTITY = Lazy(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def _tag(match: re.Match[str]) -> str:
    name = match[2].lower()
    if name in BLOCKS:
        return "\n\n" if name != "br" else "\n"
    if name in CELLS:
        return ", " if match[1] else ""
    return {"sup": "^", "q": '"'}.get(name, "") if not match[1] or name == "q" else ""


def plain(text: AlignedText) -> AlignedText:
    """Return a text without tags and comments, and with the characters that entities stand for."""
    if "<" in text.text:
        for pattern in (_COMMENT, _HIDDEN):
            text = text.sub(pattern(), lambda match: " ")
        text = text.sub(TAG(), _tag)
    if "&" in text.text:
        text = text.sub(_ENTITY(), lambda match: html.unescape(match[0]))
    return text
