"""Running text to sentences."""

import re
from collections.abc import Iterator
from functools import cache

from tiedtts.text.inline import SWITCH
from tiedtts.text.normalize import abbreviations, units

STARTERS = frozenset(
    "A After Although An And As At Because But By Did Do Does For From He Her His How However "
    "I If In Is It Its "
    "Many Most My No Not Now On One Or Our She So Some Such That The Their Then There These They This Those "
    "Though Thus To Two Was We Were What When Where Which While Who Why With Yes Yet You Your".split()
)
"""Words that, with a capital after an abbreviation, begin a new sentence."""

_CLOSERS = "\"')\\]"


_BLANK_LINES = re.compile(r"\n[ \n]*\n")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return (
        re.compile(r"\n[ \n]*\n|\n(?= {0,8}(?:[-*+]|\d{1,3}[.)]) )"),
        re.compile(rf"(?<=[^ .?!])([.?!]{{1,9}})[{_CLOSERS}]{{0,4}}(?= )"),
        re.compile(rf"(?:{SWITCH} {{0,2}})*[\"'(\[]{{0,4}}(\d|[A-Za-z]{{0,12}})"),
    )


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a clean text: what stands between blank lines."""
    return _BLANK_LINES.split(text)


def split(text: str) -> Iterator[str]:
    """Yield the sentences of a clean text, in order, without the space around them.

    A blank line ends a sentence; so does a line break before an item of a list. Other line breaks are spaces.
    """
    breaks, ends, following = _patterns()
    for paragraph in breaks.split(text):
        paragraph = " ".join(paragraph.split())
        start = 0
        for end in ends.finditer(paragraph):
            after = following.match(paragraph, end.end() + 1)
            if after and _is_end(paragraph[max(start, end.start() - 24) : end.start()], end[1], after[1]):
                yield paragraph[start : end.end()]
                start = end.end() + 1
        if start < len(paragraph):
            yield paragraph[start:]


def _is_end(before: str, mark: str, after: str) -> bool:
    """Whether `mark` ends a sentence, given what stands before and the word that follows."""
    if "!" in mark or "?" in mark or len(mark) > 1:
        return not after[:1].islower()
    word = before.rpartition(" ")[2].lstrip("\"'([")
    if len(word) == 1 and word.isalpha() and word not in "aI":
        return after in STARTERS
    kind = abbreviations.kind(word)
    if kind == "leads" or (kind == "counts" and after.isdigit()):
        return False
    if kind == "counts" and word.lower() in abbreviations.ROMAN and after and not after.strip("IVXLC"):
        return False
    if kind == "month":
        return not (after.isdigit() or after[:1].islower())
    if kind == "street":
        return after in STARTERS
    if word.lower() in units.UNITS and after.isdigit():
        return False
    if kind == "ends" or "." in word or word.lower() in units.UNITS:
        # `5 p.m. EST`, `Acme Inc. CEO`
        unsure = word.isupper() or (after.isupper() and len(after) > 1)
        return after in STARTERS if unsure else not after[:1].islower()
    return True
