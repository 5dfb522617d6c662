"""Quotation marks: which stretches of a paragraph somebody says."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from tiedtts.text import tables
from tiedtts.text.aligned import AlignedText

_PAIRS = {
    **{"“": "”", "„": "“”", "«": "»", "»": "«", "‹": "›"},
    **{"‘": "’", "'": "'", '"': '"'},
}
"""Marks that open, and those that close what they opened."""
_SINGLE = "‘'"
_STOPS = ".,!?…-–—"
_BEFORE = frozenset('.!?…,:;–—-\x1e"”’»')
"""Marks behind which somebody begins to speak."""
FAR = 5_000
"""Characters in which what one mark opens is closed; single ones are apostrophes otherwise."""
_OPENS_AFTER = frozenset(" \n\t\x1e([{–—-")
_WORD = re.compile(r"([A-Za-z]+)[ \n]*$")
_SAYING = frozenset(tables.read("sentences")["saying"])
"""Words after which a quotation needs no comma: said, asked."""


def find(text: AlignedText) -> Iterator[tuple[int, int]]:
    """Yield where something is said in a paragraph: from an opening mark to behind its closing one.

    Words in quotation marks that nobody says, such as titles and `so-called "experts"`, are left out: they
    stand within a sentence, without a comma before them and a mark of punctuation at their end. A quotation
    that the paragraph does not close lasts to its end, as where the next paragraph goes on with it.
    """
    chars = _as_written(text)
    singles = [place for place, char in enumerate(chars) if char in "'’" and _closes(chars, place, "'")]
    place = 0
    while place < len(chars):
        if not _opens(chars, place):
            place += 1
            continue
        end = _single(singles, place) if chars[place] in _SINGLE else _close(chars, place)
        if end < 0 and chars[place] in _SINGLE:
            place += 1
            continue
        end = len(chars) if end < 0 else end + 1
        if _is_said(chars, place, end):
            yield place, end
        place = end


def _as_written(text: AlignedText) -> str:
    """Return the text with the quotation marks of its source, of which cleaning makes one kind."""
    if '"' not in text.text and "'" not in text.text:
        return text.text
    return "".join(
        text.source[start] if char in "\"'" and text.source[start : start + 1] in _MARKS else char
        for char, start in zip(text.text, text.starts, strict=True)
    )


_MARKS = frozenset("".join((*_PAIRS, *_PAIRS.values())))


def _opens(chars: str, place: int) -> bool:
    char = chars[place]
    if char not in _PAIRS:
        return False
    before, after = chars[place - 1 : place] or " ", chars[place + 1 : place + 2] or " "
    if after.isspace() or (before not in _OPENS_AFTER and before not in "\"'“”‘’"):
        return False
    # `'tis`, `rock 'n' roll`: what is said begins with a capital, or closes surely.
    return char not in _SINGLE or after.isupper() or after in '“"…' or char == "‘"


def _single(closing: Sequence[int], begin: int) -> int:
    """Return the place of the single mark that closes a quotation, -1 if none does: it is an apostrophe."""
    number = bisect_right(closing, begin)
    return closing[number] if number < len(closing) and closing[number] < begin + FAR else -1


def _close(chars: str, begin: int) -> int:
    """Return the place of the mark that closes a quotation, -1 if none does."""
    opening = chars[begin]
    closing = _PAIRS[opening]
    depth = 1
    for place in range(begin + 1, len(chars)):
        char = chars[place]
        if char == opening and opening not in closing:
            depth += 1
        elif char in closing and _closes(chars, place, opening):
            depth -= 1
            if not depth:
                return place
    return -1


def _closes(chars: str, place: int, opening: str) -> bool:
    before, after = chars[place - 1], chars[place + 1 : place + 2] or " "
    if opening in _SINGLE:
        # An apostrophe stands behind a letter: `the dogs' tails`.
        return before in _STOPS and not after.isalnum()
    if opening != '"':
        return True
    if before.isdigit() and not after.isspace() and after not in ".,;:!?)":
        return False
    # Six feet two: `6'2" tall`, within what somebody says, which has a closing mark further on.
    if re.search(r"'\d{1,2}$", chars[max(0, place - 4) : place]) and '"' in chars[place + 1 : place + FAR]:
        return False
    return not before.isspace() and not after.isalnum()


def _is_said(chars: str, begin: int, end: int) -> bool:
    """Whether somebody says a quotation, and it is no title and no word that is only mentioned."""
    inner = chars[begin + 1 : end - 1].rstrip() if chars[end - 1] in _MARKS else chars[begin + 1 : end]
    if not any(map(str.isalnum, inner)):
        return False
    last = begin - 1
    while last >= 0 and chars[last].isspace():
        last -= 1
    if inner[-1:] in _STOPS or last < 0 or chars[last] in _BEFORE:
        return True
    word = _WORD.search(chars, max(0, begin - 30), begin)
    return word is not None and word[1].lower() in _SAYING
