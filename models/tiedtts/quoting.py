"""Pieces of somebody's input in a message: short, and harmless to the terminal that shows them."""

import math
import reprlib
import unicodedata
from typing import Any

LONGEST_MESSAGE = 240
"""Characters; the middle of a longer one is left out: what is wrong stands at its beginning or its end."""
LONGEST_QUOTE = 40
"""Characters of a value."""
LARGEST = 2**63 - 1
"""Largest whole number that is shown, and that files may hold; NumPy, torch and ONNX have no larger ones."""

_JOINERS = "\u200c\u200d"
"""They control nothing: they belong to words of several scripts, and to pictures."""


def printable(text: str, longest: int | None = LONGEST_MESSAGE) -> str:
    """Return a text in which nothing controls a terminal, and that is not too long.

    Control characters, those that turn the direction of text, and halves of surrogate pairs are shown as
    they are written in Python: a backslash, and the number of the character.

    Args:
        text: Anything.
        longest: Characters it may have; as many as it has if None.
    """
    if longest is not None and len(text) > longest:
        end = longest // 3
        text = f"{text[: longest - end - 3]}...{text[-end:]}"
    if text.isprintable():
        return text
    return "".join(char if _is_harmless(char) else _escaped(char) for char in text)


def quoted(value: object, longest: int = LONGEST_QUOTE) -> str:
    """Return a value as it is shown in a message: its beginning."""
    try:
        text = value if isinstance(value, str) else str(value)
    except (ValueError, RecursionError):
        # A whole number of more digits than Python writes, a list in a list in a list.
        return f"a very large {type(value).__name__}"
    return printable(text if len(text) <= longest else f"{text[:longest]}...", None)


def shown(value: Any) -> str:
    """Return a value as Python writes it: short, and with nothing in it that a terminal would obey."""
    return _SHORT.repr(value)


def named(key: Any) -> str:
    """Return a key or a name as an error shows it: as it is, unless it is odd."""
    text = str(key)
    return text if text.isprintable() and len(text) <= 80 else shown(text)


class _Short(reprlib.Repr):
    """Representation of values, cut where it gets long."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80
        self.maxlist = self.maxtuple = self.maxdict = 4
        self.maxlevel = 3

    def repr_int(self, value: int, level: int) -> str:
        """Return a number; of a large one only how large it is."""
        if -LARGEST <= value <= LARGEST:
            return str(value)
        return f"a number of about {int(value.bit_length() * math.log10(2)) + 1} digits"


_SHORT = _Short()


def _is_harmless(char: str) -> bool:
    category = unicodedata.category(char)
    return category not in ("Cc", "Cf", "Cs", "Zl", "Zp") or char in _JOINERS


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
