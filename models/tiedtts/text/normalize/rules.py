"""The rule of the normaliser: a pattern, and the words for what it matches."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from tiedtts.text.aligned import JOINER, AlignedText

DIGITS = frozenset("0123456789")

NUMBER = r"(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|(?<![\d.])\.\d+)"
"""Pattern of a number as written: `5`, `1,234.5`, `.5`."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: something written, and its words."""

    pattern: str
    """Pattern of what is written; must not backtrack over more than a word or two."""
    speak: Callable[[re.Match[str]], str]
    """Returns the words, or the match itself where the rule does not apply after all."""
    needs: frozenset[str] = DIGITS
    """The rule is tried only in texts with one of these characters; empty: always."""
    flags: int = 0


@cache
def _compile(pattern: str, flags: int) -> re.Pattern[str]:
    # At the first text that needs it: all patterns together would be a tenth of a cold start.
    return re.compile(pattern, flags)


def apply(tables: Iterable[Sequence[Rule]], text: AlignedText) -> AlignedText:
    """Apply tables of rules, one rule after the other."""
    plain = text.text
    characters = frozenset(plain)
    for rules in tables:
        if text.text is not plain:
            characters = frozenset(text.text)
            plain = text.text
        for rule in rules:
            if not rule.needs or not rule.needs.isdisjoint(characters):
                pattern = _compile(rule.pattern, rule.flags)
                if pattern.search(text.text):
                    text = text.sub(pattern, rule.speak)
    return text


def spaced(match: re.Match[str], words: str) -> str:
    """Return the words, parted from a letter or digit that follows the match."""
    return f"{words} " if match.string[match.end() : match.end() + 1].isalnum() else words


def letters(name: str) -> str:
    """Mark a name so that it is spelled letter by letter; a single letter too is then no word."""
    return JOINER.join(name.upper()) if len(name) > 1 else name + JOINER
