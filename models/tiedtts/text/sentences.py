"""Sentences: running text is split into them."""

import re
from collections.abc import Iterator
from functools import cache

from tiedtts.text import tables
from tiedtts.text.aligned import AlignedText
from tiedtts.text.characters import clean_aligned
from tiedtts.text.layout import html, lines, markdown

STARTERS = tables.read("sentences")["starter"]
"""Words that, with a capital after an abbreviation, begin a new sentence."""
_ABBREVIATIONS = tables.read("abbreviations")
_WEEKDAYS = _ABBREVIATIONS["weekday"]
_BOOKS = tables.read("references")["book"]
_NEVER_ENDS = tables.read("sentences")["never ends"]
_UNSURE = tables.read("sentences")["unsure"]
_UNITS = tables.read("units")["any case"]

_CLOSERS = "\"')\\]"


_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,;:!?'\"()")
"""Text of nothing else has no layout."""
_BLANK = re.compile(r"\n[ \t\r\n]*\n")
"""Blank lines of a text that is not clean yet: text between them is cleaned on its own."""
_BLANK_LINES = re.compile(r"\n[ \n]*\n")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return (
        re.compile(r"\n[ \n]*\n|\x1e|\n(?= {0,8}(?:[-*+]|\d{1,3}[.)]) )"),
        re.compile(rf"(?<=[^ .?!])([.?!]{{1,9}})[{_CLOSERS}]{{0,4}}(?= )"),
        re.compile(r"[\"'(\[]{0,4}(\d|#[A-Z\d]|[A-Za-z]{0,12})"),
    )


def paragraphs(text: str) -> Iterator[AlignedText]:
    """Yield the clean paragraphs of a text one by one: what stands between blank lines."""
    return aligned_paragraphs(AlignedText.of(text))


def aligned_paragraphs(text: AlignedText) -> Iterator[AlignedText]:
    """Yield what `paragraphs` yields, of a text that is aligned to another."""
    for part in _parts(text, _BLANK):
        yield from _laid_out(part)


def _laid_out(text: AlignedText) -> Iterator[AlignedText]:
    """Yield the clean paragraphs of what stands between two blank lines; a heading is one."""
    if not _PLAIN.issuperset(text.text):
        text = markdown.plain(clean_aligned(lines.joined(html.plain(text))))
    for paragraph in _parts(text, _BLANK_LINES):
        yield lines.paused(paragraph)


def _parts(text: AlignedText, pattern: re.Pattern[str]) -> Iterator[AlignedText]:
    """Yield what stands between the matches of a pattern."""
    place = 0
    for match in pattern.finditer(text.text):
        yield text[place : match.start()]
        place = match.end()
    yield text[place:] if place else text


def split(text: AlignedText) -> Iterator[AlignedText]:
    """Yield the sentences of a clean text, in order, without the space around them.

    A blank line ends a sentence; so does a line break before an item of a list. Other line breaks are spaces.
    """
    breaks, ends, following = _patterns()
    for part in _parts(text, breaks):
        paragraph = part.with_single_spaces()
        written = paragraph.text
        start = 0
        for end in ends.finditer(written):
            after = following.match(written, end.end() + 1)
            if after and _is_end(written[max(start, end.start() - 24) : end.start()], end[1], after[1]):
                yield paragraph[start : end.end()]
                start = end.end() + 1
        if start < len(written):
            yield paragraph[start:] if start else paragraph


def is_whole(sentence: str) -> bool:
    """Whether a sentence ends with a mark that ends sentences."""
    _, ends, _ = _patterns()
    end = next((end for end in ends.finditer(sentence + " ") if end.end() == len(sentence)), None)
    return end is not None and _is_end(sentence[max(0, end.start() - 24) : end.start()], end[1], "")


def _is_end(before: str, mark: str, after: str) -> bool:
    """Whether `mark` ends a sentence, given what stands before and the word that follows."""
    if "!" in mark or "?" in mark or len(mark) > 1:
        return not after[:1].islower()
    word = before.rpartition(" ")[2].lstrip("\"'([")
    if len(word) == 1 and word.isalpha() and word not in "aI":
        return after in STARTERS
    if word in _NEVER_ENDS:
        return False
    if word in _UNSURE:
        return after in STARTERS
    if after.isdigit() and word in _BOOKS:
        return False
    kind = _kind(word)
    if kind == "leads" or (kind == "counts" and (after.isdigit() or after[:1] == "#")):
        return False
    if word in ("no", "No") and after == "of":
        return False
    if (
        kind == "counts"
        and word.lower() in _ABBREVIATIONS["roman"]
        and after
        and not after.upper().strip("IVXLC")
    ):
        return False
    if kind == "month":
        return not (after.isdigit() or after[:1].islower())
    if word in _WEEKDAYS:
        return after in STARTERS
    if kind == "street":
        return after in STARTERS
    if word.lower() in _UNITS and after.isdigit():
        return False
    if kind == "ends" or "." in word or word.lower() in _UNITS:
        # `5 p.m. EST`, `Acme Inc. CEO`
        unsure = word.isupper() or (after.isupper() and len(after) > 1)
        return after in STARTERS if unsure else not after[:1].islower()
    return True


def _kind(word: str) -> str:
    """Return what an abbreviation, here without its full stop, does in a sentence.

    Returns:
        `leads` if something always follows, `counts` before numbers, `month`, `street`, `ends` if it may end
        a sentence, an empty string if it is none.
    """
    name = word.lower()
    if word[:1].islower() and name in _ABBREVIATIONS["capitalised"] and name not in _ABBREVIATIONS["month"]:
        return "counts" if name in _ABBREVIATIONS["counted"] else ""
    if name in _ABBREVIATIONS["leads"]:
        return "leads"
    if name in _ABBREVIATIONS["month"] or word in _ABBREVIATIONS["weekday"]:
        return "month"
    if name in _ABBREVIATIONS["counted"]:
        return "counts"
    if name in _ABBREVIATIONS["street"] and word[:1].isupper():
        return "street"
    return "ends" if name in _ABBREVIATIONS["ends"] else ""
