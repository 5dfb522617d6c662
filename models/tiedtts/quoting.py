"""Pieces of somebody's input in a message: short, and harmless to the terminal that shows them."""

import unicodedata

LONGEST_MESSAGE = 240
"""Characters; the middle of a longer one is left out: what is wrong stands at its beginning or its end."""
LONGEST_QUOTE = 40
"""Characters of a value."""

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


def _is_harmless(char: str) -> bool:
    category = unicodedata.category(char)
    return category not in ("Cc", "Cf", "Cs", "Zl", "Zp") or char in _JOINERS


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")
