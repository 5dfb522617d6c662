"""Parts of a document that are left out where they are not wanted: citations, and text in parentheses."""

import re
from collections.abc import Iterator

from tiedtts.settings import Settings
from tiedtts.text.aligned import AlignedText
from tiedtts.text.patterns import Lazy

_NUMBERS = r"\d{1,4}(?:\s?[-–,;]\s?\d{1,4}){0,20}"
_KEYS = r"(?:-?@[\w:.-]{1,60}(?:, [^\[\]@;]{1,40})?;?\s?){1,10}"
_NUMBERED = Lazy(rf" ?\[(?:{_NUMBERS}|{_KEYS}|citation needed|note \d{{1,4}})\]")
_LEADS = frozenset(
    "in see of by to as and from with eq equation figure table section chapter line step item".split()
)
"""Words that a citation is a part of the sentence behind."""
_NAME = r"[A-Z][\w'’.-]{0,40}"
_AUTHOR = (
    rf"(?:(?:e\.g\.|see|cf\.),? )?{_NAME}(?:,? (?:(?:and |& |von |van |de |der )?{_NAME}|et al\.?)){{0,6}}"
)
_YEAR = r"(?:1[5-9]|20)\d\d[a-z]?(?:, (?:pp?\. ?)?\d{1,4}(?:[-–]\d{1,4})?)?"
_DATED = Lazy(rf" ?\({_AUTHOR},? {_YEAR}(?:(?:; ?{_AUTHOR})?,? {_YEAR}){{0,10}}\)")
_BEFORE = frozenset(" \t\n.,;:!?\"'’”)]—–-")
"""Characters that parentheses stand behind; those close behind a word belong to it: `f(x)`, `word(s)`."""


def out_of(text: AlignedText, settings: Settings) -> AlignedText:
    """Return a text without what is not wanted of it."""
    if not settings.citations:
        if "[" in text.text:
            text = text.sub(_NUMBERED(), _citation)
        if "(" in text.text:
            text = text.sub(_DATED(), lambda match: "")
    if not settings.parentheses and "(" in text.text:
        text = text.edit((start, end, "") for start, end in _parentheses(text.text))
    return text


def _citation(match: re.Match[str]) -> str:
    """Return a citation where it is a word of its sentence, else nothing."""
    before = match.string[max(match.start() - 12, 0) : match.start()].rpartition(" ")[2]
    return match[0] if before.lower() in _LEADS or not match.start() else ""


def _parentheses(text: str) -> Iterator[tuple[int, int]]:
    """Yield where parentheses begin and end, with the space before them, the outermost of several."""
    opened: list[int] = []
    pairs: list[tuple[int, int]] = []
    for place, char in enumerate(text):
        if char == "(":
            opened.append(place)
        elif char == ")" and opened:
            pairs.append((opened.pop(), place + 1))
    last = 0
    for start, end in sorted(pairs):
        if start >= last and (start == 0 or text[start - 1] in _BEFORE):
            yield start - (text[start - 1 : start] == " " and start > last), end
            last = end
