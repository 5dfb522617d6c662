"""Elements of HTML: which of them end a block, which are not read, and which are notes of a page's foot."""

import re
from collections.abc import Mapping

from tiedtts.text import tables
from tiedtts.text.patterns import Lazy

Attributes = Mapping[str, str]

_TABLES = tables.read("html")
BLOCKS = frozenset((*_TABLES["block"], *_TABLES["further"])) - {"br"}
"""Elements that a block ends before and after."""
SILENT = frozenset(_TABLES["silent"])
"""Elements whose text nobody reads."""
VOID = frozenset(_TABLES["void"])
"""Elements without contents."""
KINDS: Mapping[str, str] = {
    "h1": "title",
    **dict.fromkeys(("h2", "h3", "h4", "h5", "h6", "summary"), "heading"),
    **dict.fromkeys(("li", "dt", "dd"), "item"),
    "tr": "row",
    "pre": "code",
}
"""Kinds of blocks that elements make of what is in them."""
CELLS = frozenset(("td", "th"))
LISTS = frozenset(("ol", "ul", "menu", "dir", "dl"))
ROWS = frozenset(("tr", "tbody", "thead", "tfoot", "table"))
KEPT = frozenset((*KINDS, *CELLS, *LISTS, "table"))
"""Elements that tell what is in them apart."""
REPLACES: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("td", "th"), CELLS),
    "tr": CELLS | {"tr"},
    **dict.fromkeys(("tbody", "thead", "tfoot"), CELLS | {"tr"}),
    "li": frozenset(("li",)),
    **dict.fromkeys(("dt", "dd"), frozenset(("dt", "dd"))),
}
"""Elements that a new one ends, where their own end is not written."""

_NOTE_TYPES = frozenset(("footnote", "footnotes", "endnote", "endnotes", "rearnote", "rearnotes"))
_NOTE_ROLES = frozenset(f"doc-{name}" for name in ("footnote", "footnotes", "endnote", "endnotes"))
_NOTE_CLASSES = _NOTE_TYPES | {"references", "reflist", "fn"}
_REFERENCES = frozenset(("noteref", "doc-noteref", "footnote-ref", "fnref", "reference", "doc-backlink"))
_REFERENCES |= {"footnote-back", "footnote-backref", "fnanchor", "backlink"}
_PAGES = frozenset(("pagebreak", "doc-pagebreak", "pagenum", "pageno", "page-number"))
_MARK = r"\s*[\[(]?\s*(?:\d{1,4}|[a-z]|[ivxlc]{1,7}|[*†‡§¶#]{1,3}|note \d{1,4})\s*[\])]?\s*"
_LINKED_MARK = Lazy(
    rf"<a\s[^<>]{{0,300}}?href\s*=\s*[\"']?[^\"'<>\s]{{0,200}}#[^<>]{{0,300}}>(?:\s*<sup[^<>]{{0,200}}>)?{_MARK}"
    r"(?:</sup>\s*)?</a>",
    re.IGNORECASE,
)
_RAISED_LINK = Lazy(r"<sup[^<>]{0,300}>\s*(?=<a\s)", re.IGNORECASE)
_NUMBER = Lazy(r"<sup[^<>]{0,300}>\s*[-+−]?\d{1,4}\s*</sup", re.IGNORECASE)


def is_hidden(name: str, attributes: Attributes) -> bool:
    """Whether an element is not shown, or is no part of the text, as menus and page numbers are not."""
    if name in SILENT or "hidden" in attributes or attributes.get("aria-hidden", "").lower() == "true":
        return True
    style = attributes.get("style", "").replace(" ", "").lower()
    if "display:none" in style or "visibility:hidden" in style:
        return True
    return attributes.get("role") == "navigation" or not _PAGES.isdisjoint(_words(attributes))


def is_note(attributes: Attributes) -> bool:
    """Whether an element is a note of a page's foot, or all of them."""
    words = _words(attributes)
    return not words.isdisjoint(_NOTE_TYPES | _NOTE_ROLES | _NOTE_CLASSES)


def is_note_mark(name: str, attributes: Attributes, source: str, at: int) -> bool:
    """Whether an element is the mark of a note, or leads back to one.

    Args:
        name: Its name.
        attributes: Its attributes.
        source: The document.
        at: Where its tag begins.
    """
    if name not in ("a", "sup"):
        return False
    if not _words(attributes).isdisjoint(_REFERENCES):
        return True
    if name == "a":
        return "#" in attributes.get("href", "") and _LINKED_MARK().match(source, at, at + 1_000) is not None
    raised = _RAISED_LINK().match(source, at, at + 400)
    return raised is not None and _LINKED_MARK().match(source, raised.end(), at + 1_400) is not None


def is_power(source: str, at: int) -> bool:
    """Whether the raised text whose tag begins here is a number."""
    return _NUMBER().match(source, at, at + 400) is not None


def _words(attributes: Attributes) -> frozenset[str]:
    """Return what an element says that it is."""
    if not attributes:
        return frozenset()
    written = (attributes.get(name, "") for name in ("epub:type", "role", "class"))
    return frozenset(word.lower() for text in written for word in text.split())
