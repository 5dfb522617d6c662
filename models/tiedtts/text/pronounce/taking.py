"""Takes the words, phrases and patterns of a user's lexicon out of a text before any rule sees them."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from tiedtts.errors import LexiconError
from tiedtts.quoting import quoted
from tiedtts.text.aligned import AlignedText
from tiedtts.text.inline import BRACES, Pieces, phones
from tiedtts.text.pronounce.lexicon_lines import SLOW_HINT, TOO_LONG, Pattern
from tiedtts.text.pronounce.user_lexicon import UserLexicon, longest_first

Filled = list[tuple[int, int, str]]
"""Where patterns were filled in: offsets in the source, and the file of each."""


class Taking:
    """Takes the user's words out of texts.

    Args:
        lexicon: Words and patterns of the user.
    """

    def __init__(self, lexicon: UserLexicon) -> None:
        self._lexicon = lexicon

    @cached_property
    def _words(self) -> dict[int, re.Pattern[str]]:
        """Patterns of all words and phrases of each priority."""
        found: dict[int, re.Pattern[str]] = {}
        for priority in self._lexicon.priorities:
            own = [word for word, entry in self._lexicon.entries.items() if entry.priority == priority]
            if own:
                words = "|".join(re.escape(word) for word in longest_first(own))
                found[priority] = re.compile(rf"(?<![^\W_])(?:{words})(?:'s)?(?!\w|'\w)", re.IGNORECASE)
        return found

    def first(self, text: AlignedText, pieces: Pieces, filled: Filled) -> AlignedText:
        """Take out what can be found before accents go, and fill patterns in.

        Args:
            text: A sentence, cleaned.
            pieces: Takes words and phrases.
            filled: Takes the places of patterns.

        Raises:
            LexiconError: To look for a pattern takes too long.
        """
        # Accents may be what the user has written; other words are found later as well.
        if text.text.isascii() and not self._lexicon.patterns:
            return text
        for priority in self._lexicon.priorities:
            text = self._taken(text, pieces, priority)
            for pattern in self._lexicon.patterns:
                if pattern.priority == priority:
                    text = _filled(text, pattern, filled)
        return pieces.take(BRACES, text, lambda found: phones(found)[0]) if filled else text

    def second(self, text: AlignedText, pieces: Pieces) -> AlignedText:
        """Take out what can be found once accents are gone."""
        for priority in self._lexicon.priorities:
            text = self._taken(text, pieces, priority)
        return text

    def _taken(self, text: AlignedText, pieces: Pieces, priority: int) -> AlignedText:
        if priority not in self._words:
            return text
        entries = self._lexicon.entries

        def wanted(found: str) -> str:
            # Letters that are one to the pattern, such as `s` and the long s, are two to the lexicon.
            name = found.lower()
            return found if name in entries or name.removesuffix("'s") in entries else ""

        return pieces.take(self._words[priority], text, wanted)


def _filled(text: AlignedText, pattern: Pattern, filled: Filled) -> AlignedText:
    """Return a text in which a template stands for what a pattern finds.

    Raises:
        LexiconError: To look for it takes too long.
    """

    def fill(match: Any) -> str:
        if not match[0]:
            return ""
        filled.append((*text.span(match.start(), match.end()), pattern.file))
        filled_in: str = match.expand(pattern.template)
        return filled_in

    try:
        return text.sub(pattern.found, fill)
    except TimeoutError:
        shown = quoted(f"/{pattern.found.written}/")
        message = f"{pattern.file}:{pattern.line}: `{shown}` takes too long: {TOO_LONG}"
        raise LexiconError(message, hint=SLOW_HINT) from None


def file_at(filled: Sequence[tuple[int, int, str]], place: tuple[int, int]) -> str | None:
    """Return the file whose pattern was filled in at a place; nothing if none was."""
    return next((file for start, end, file in filled if start <= place[0] and place[1] <= end), None)
