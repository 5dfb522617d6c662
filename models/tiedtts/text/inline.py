"""Phones written in the text, `{HH AH0 L OW1}`, and other pieces that no rule may touch.

A piece leaves the text: a placeholder stands where it was, and its alignment tells which piece it is.
"""

import re
from collections import Counter
from collections.abc import Callable

from tiedtts.text.aligned import PLACEHOLDER, AlignedText
from tiedtts.text.phones import split_stress

BRACES = re.compile(r"\{ *[^{}\s][^{}\n]*\}")
"""Something in braces."""
_PLACEHOLDER = re.compile(PLACEHOLDER)
_STRESSED = re.compile(r"[A-Z]{2}[012]")


def _is_phone(label: str) -> bool:
    try:
        split_stress(label)
    except ValueError:
        return False
    return True


def phones(found: str) -> tuple[str, str]:
    """Return the phones of something in braces, again in braces, and the first part that is none.

    Nothing and nothing, if they hold something else, such as the field of a template: `{name}`. They are
    phones if all parts are, or if half of the parts are and one of them is a vowel with its stress.
    """
    parts = found[1:-1].split()
    good = [part for part in parts if _is_phone(part)]
    wrong = next((part for part in parts if part not in good), "")
    if not good:
        return "", ""
    meant = found.isupper() and any(map(_STRESSED.fullmatch, parts)) and 2 * len(good) >= len(parts)
    if wrong and not meant:
        return "", ""
    return "{" + " ".join(good) + "}", wrong


class Pieces:
    """The pieces taken out of one text, by their offset in its source.

    Several may have the same offset, where words that are written nowhere stand for something.
    """

    def __init__(self) -> None:
        self._pieces: dict[int, list[str]] = {}
        self._read: Counter[int] = Counter()

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def take(
        self, pattern: re.Pattern[str], text: AlignedText, wanted: Callable[[str], str] = lambda found: found
    ) -> AlignedText:
        """Replace every match of `pattern` in the text by a placeholder.

        Args:
            pattern: What is taken.
            text: The text.
            wanted: Returns the piece for what was found, nothing if it is not wanted.
        """
        before = Counter(text.starts[match.start()] for match in _PLACEHOLDER.finditer(text.text))
        met: Counter[int] = Counter()
        place = 0

        def put(match: re.Match[str]) -> str:
            nonlocal place
            piece = wanted(match[0])
            if not piece:
                return match[0]
            offset = text.starts[match.start()]
            if before[offset]:
                # Among the pieces of this offset, it stands behind those that stand before it in the text.
                for earlier in _PLACEHOLDER.finditer(text.text, place, match.start()):
                    met[text.starts[earlier.start()]] += 1
                place = match.start()
            self._pieces.setdefault(offset, []).insert(met[offset], piece)
            met[offset] += 1
            return PLACEHOLDER

        return text.sub(pattern, put)

    def at(self, offset: int) -> str:
        """Return the piece that was read from here; asked again, the next one that was."""
        found = self._pieces[offset]
        number = self._read[offset]
        self._read[offset] += 1
        return found[min(number, len(found) - 1)]

    def restore(self, text: AlignedText) -> AlignedText:
        """Put the pieces back where their placeholders are."""
        if not self._pieces:
            return text
        self._read.clear()
        return text.sub(_PLACEHOLDER, lambda match: self.at(text.starts[match.start()]))
