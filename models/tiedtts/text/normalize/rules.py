"""How a rule of the normaliser is written down: a pattern and the words for what it matches."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

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


Step = tuple[frozenset[str], re.Pattern[str], Callable[[re.Match[str]], str]]


def compiled(rules: Iterable[Rule]) -> tuple[Step, ...]:
    """Return a table of rules as `apply` takes it."""
    return tuple((rule.needs, re.compile(rule.pattern, rule.flags), rule.speak) for rule in rules)


def apply(tables: Iterable[Sequence[Step]], text: AlignedText) -> AlignedText:
    """Apply tables of compiled rules, one rule after the other."""
    plain = text.text
    characters = frozenset(plain)
    for steps in tables:
        if text.text is not plain:
            characters = frozenset(text.text)
            plain = text.text
        for needs, pattern, speak in steps:
            if (not needs or not needs.isdisjoint(characters)) and pattern.search(text.text):
                text = text.sub(pattern, speak)
    return text


def spaced(match: re.Match[str], words: str) -> str:
    """Return the words, parted from a letter or digit that follows the match."""
    return f"{words} " if match.string[match.end() : match.end() + 1].isalnum() else words


def letters(name: str) -> str:
    """Mark a name so that it is spelled letter by letter."""
    return JOINER.join(name.upper())
