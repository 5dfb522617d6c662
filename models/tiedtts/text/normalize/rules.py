"""How a rule of the normaliser is written down: a pattern and a function that says what it matches."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

DIGITS = frozenset("0123456789")

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\d.])\.\d+)"
"""Pattern of a number as written: `5`, `1,234.5`, `.5`."""
JOINED = "\ue01f"
"""Private-use character between letters that are to be said one by one: `A JOINED M`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One way of writing something, and how it is said."""

    pattern: str
    """What is written; must not backtrack over more than a word or two."""
    speak: Callable[[re.Match[str]], str]
    """The words to say, or the match itself where the rule does not apply after all."""
    needs: frozenset[str] = DIGITS
    """The rule is tried only in texts with one of these characters; empty: always."""
    flags: int = 0


@cache
def _compile(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(pattern, flags)


def apply(rules: Iterable[Rule], text: str) -> str:
    """Apply rules one after the other."""
    characters = frozenset(text)
    for rule in rules:
        if not rule.needs or not rule.needs.isdisjoint(characters):
            text = _compile(rule.pattern, rule.flags).sub(rule.speak, text)
    return text


def spaced(match: re.Match[str], words: str) -> str:
    """Return the words, parted from a letter or digit that follows the match."""
    return f"{words} " if match.string[match.end() : match.end() + 1].isalnum() else words


def letters(name: str) -> str:
    """Mark a name so that its letters are said one by one."""
    return JOINED.join(name.upper())
