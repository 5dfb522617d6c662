"""Phones written in the text, `{HH AH0 L OW1}`, and other pieces that no rule may touch.

A piece leaves the text: a placeholder stands where it was, and its alignment tells which piece it is.
"""

import re
from collections.abc import Callable

from tiedtts.text.aligned import PLACEHOLDER, AlignedText

BRACES = re.compile(r"\{ *[^{}\s][^{}\n]*\}")
"""Something in braces."""
_PLACEHOLDER = re.compile(PLACEHOLDER)


class Pieces:
    """The pieces taken out of one text, by their offset in its source."""

    def __init__(self) -> None:
        self._pieces: dict[int, str] = {}

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def take(
        self, pattern: re.Pattern[str], text: AlignedText, wanted: Callable[[str], bool] = lambda found: True
    ) -> AlignedText:
        """Replace every match of `pattern` in the text by a placeholder, if it is wanted."""

        def put(match: re.Match[str]) -> str:
            if not wanted(match[0]):
                return match[0]
            self._pieces[text.starts[match.start()]] = match[0]
            return PLACEHOLDER

        return text.sub(pattern, put)

    def at(self, offset: int) -> str:
        """Return the piece that was read from here."""
        return self._pieces[offset]

    def restore(self, text: AlignedText) -> AlignedText:
        """Put the pieces back where their placeholders are."""
        if not self._pieces:
            return text
        return text.sub(_PLACEHOLDER, lambda match: self.at(text.starts[match.start()]))
