"""Rules for Roman numerals, only where the words before leave no doubt."""

import re

from tiedtts.text import tables
from tiedtts.text.normalize.numbers import cardinal, ordinal
from tiedtts.text.normalize.rules import Rule

VALUES = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
_TABLES = tables.read("roman")
RULERS = tuple(_TABLES["ruler"])
"""First names after which the numeral is an ordinal."""
NUMBERED = tuple(_TABLES["numbered"])
"""Words after which the numeral is a plain number."""
_NUMERAL = r"(M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"


def value(numeral: str) -> int:
    """Return the number a Roman numeral stands for."""
    numbers = [VALUES[letter] for letter in numeral]
    return sum(-n if n < following else n for n, following in zip(numbers, [*numbers[1:], 0], strict=True))


# `James I think` is no king, `James I was crowned` and `James I's` are.
_VERBS = "|".join(_TABLES["after the pronoun"])
_PRONOUN = re.compile(
    rf" (?:{_VERBS}|was (?:told|going|not|so|just|never|thinking|at|with|there|here))\b|'(?!s\b)|[a-z]"
)


def _ruler(match: re.Match[str]) -> str:
    if not match[2] or (match[2] == "I" and _PRONOUN.match(match.string, match.end())):
        return match[0]
    return f"{match[1]} the {ordinal(value(match[2]))}"


def _numbered(match: re.Match[str]) -> str:
    return f"{match[1]} {cardinal(value(match[2]))}" if match[2] else match[0]


def _small(match: re.Match[str]) -> str:
    """Read numerals in small letters: `pages iv-xii`."""
    for numeral in filter(None, match.groups()[1:]):
        if not re.fullmatch(_NUMERAL, numeral.upper()):
            return match[0]
    said = f"{match[1]} {cardinal(value(match[2].upper()))}"
    return f"{said} to {cardinal(value(match[3].upper()))}" if match[3] else said


def _item(match: re.Match[str]) -> str:
    return f"{match[1]}{cardinal(value(match[2].upper()))})"


def _alone(match: re.Match[str]) -> str:
    return cardinal(value(match[1]))


_LETTERS = frozenset("IVXLCDM")
RULES = (
    Rule(
        r"\b(pages?|[Aa]ct|[Ss]cene|[Cc]hapter|[Ss]ection|[Ii]tem|[Pp]art|[Vv]olume|[Bb]ook) ([ivxl]{1,6})"
        r"(?:[-–]([ivxl]{1,6}))?(?![\w'])",
        _small,
        frozenset("ivxl"),
    ),
    # Items of a list: `ii)` and `(iv)`.
    Rule(r"(?<![\w(])(\(?)(ii|iii|iv|vi{1,3}|ix|xi{1,3})\)", _item, frozenset(")")),
    Rule(rf"\b({'|'.join(RULERS)}) {_NUMERAL}(?![\w.]\w|\w)", _ruler, _LETTERS),
    Rule(rf"\b((?i:{'|'.join(NUMBERED)})s?) {_NUMERAL}(?!\w)", _numbered, _LETTERS),
    # Two and more, after a capitalised word: `Rocky II`, `Apple III`.
    Rule(r"\b([A-Z][a-z]+) (III?|VI{1,3}|IX)(?!\w)", _numbered, _LETTERS),
    Rule(r"\b([XVI]{2,5})(?= century\b)", lambda m: ordinal(value(m[1])), _LETTERS),
    # These are nothing else in English, wherever they stand.
    Rule(
        r"(?<![\w.'&-])(III?|VIII?|IX|XV|XII|XIII|XIV|XVI{0,3}|XIX|XXI{1,3}|XXIV|XXVI{0,3})(?![\w'&]|\.\w)",
        _alone,
        _LETTERS,
    ),
    Rule(r"\bWW(II?)\b", lambda m: f"World War {cardinal(value(m[1]))}", _LETTERS),
    Rule(r"\b([IVX]{2,4}|V|X)(th|st|nd|rd) (?=[a-z])", lambda m: f"{ordinal(value(m[1]))} ", _LETTERS),
)
