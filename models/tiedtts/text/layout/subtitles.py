"""Subtitles: the numbers and times that stand between their lines."""

from tiedtts.text.aligned import AlignedText
from tiedtts.text.patterns import Lazy

_TIME = r"(?:\d{1,2}:)?\d\d:\d\d[.,]\d{3}"
_CUE = Lazy(rf"(?m)^(?:\d{{1,6}} *\n)?{_TIME} --> {_TIME}[^\n]*(?:\n|$)")
_BEGINNING = 4_000
"""Characters in which subtitles show that they are some."""


def are_in(text: str) -> bool:
    """Return whether a text begins as subtitles do."""
    return "-->" in text[:_BEGINNING] and _CUE().search(text[:_BEGINNING]) is not None


def plain(text: AlignedText) -> AlignedText:
    """Return a text without the numbers and times of subtitles."""
    return text.sub(_CUE(), lambda match: "") if "-->" in text.text else text
