"""Phones written in the text, `{HH AH0 L OW1}`, and other pieces that no rule may touch.

Each piece is replaced by a mark of private-use characters that carries its number through all rules.
"""

import re
from collections.abc import Callable

_START = 0xE000
_DIGITS = {str(digit): chr(0xE010 + digit) for digit in range(10)}
_BACK = {ord(char): digit for digit, char in _DIGITS.items()}

MARK = "\ue000[\ue010-\ue019]+"
"""Pattern of a mark."""

SWITCH = "\ue001[\ue010-\ue019]+"
"""Pattern of what stands where a span of marked-up text begins."""

BRACES = re.compile(r"\{ *[^{}\s][^{}\n]*\}")
"""Something in braces."""


def mark(number: int) -> str:
    """Return the mark of piece `number`."""
    return chr(_START) + str(number).translate({ord(d): char for d, char in _DIGITS.items()})


def switch(number: int) -> str:
    """Return what stands where span `number` begins."""
    return "\ue001" + mark(number)[1:]


def number_of(found: str) -> int:
    """Return the number a mark or a switch carries."""
    return int(found[1:].translate(_BACK))


class Pieces:
    """The pieces taken out of one text."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def take(
        self, pattern: re.Pattern[str], text: str, wanted: Callable[[str], bool] = lambda found: True
    ) -> str:
        """Replace every match of `pattern` in the text by a mark, if it is wanted."""
        return pattern.sub(lambda match: self._put(match[0]) if wanted(match[0]) else match[0], text)

    def _put(self, found: str) -> str:
        self.all.append(found)
        return mark(len(self.all) - 1)

    def restore(self, text: str, show: Callable[[str], str] = str) -> str:
        """Put the pieces back where their marks are."""
        return re.sub(MARK, lambda match: show(self.all[number_of(match[0])]), text)
