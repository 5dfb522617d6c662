"""Rules for places in books: verses of the Bible, and numbers of sections."""

import re

from tiedtts.text import tables
from tiedtts.text.normalize.numbers import cardinal, count, digits, ordinal
from tiedtts.text.normalize.rules import Rule

_TABLES = tables.read("references")
BOOKS = _TABLES["book"]
"""Names and abbreviations of the books of the Bible and the Koran."""
_BOOKS = "|".join(sorted(map(re.escape, BOOKS), key=len, reverse=True))
_SECTIONS = "|".join(_TABLES["section"])
_NUMBERS = {"I": 1, "II": 2, "III": 3}


def _verses(match: re.Match[str]) -> str:
    number, book, chapter, verse, rest = match.groups()
    said = BOOKS[book]
    if number:
        said = f"{ordinal(_NUMBERS.get(number) or int(number))} {said}"
    said += f" {count(int(chapter))}, {count(int(verse))}"
    for sign, other in re.findall(r"([-–:,;]) ?(\d{1,3})", rest or ""):
        said += f"{' to ' if sign in '-–' else ', '}{count(int(other))}"
    return said


def _section(match: re.Match[str]) -> str:
    parts = match[2].split(".")
    said = [digits(part) if part[0] == "0" else cardinal(int(part)) for part in parts]
    return f"{match[1]} {' point '.join(said)}"


RULES = (
    Rule(
        rf"(?:\b([123]|I{{1,3}}) )?\b({_BOOKS})\.? "
        r"(\d{1,3}):(\d{1,3})((?:[-–,;:] ?\d{1,3}(?!\d)){0,6})"
        r"(?! ?[ap]\.?m)(?![\w:])",
        _verses,
    ),
    Rule(r"\b(Ps)\.? (\d{1,3})(?![\w:]|[.,]\d)", lambda m: f"Psalm {count(int(m[2]))}"),
    Rule(
        rf"\b((?i:{_SECTIONS})) (\d{{1,3}}(?:\.\d{{1,3}}){{2,6}})(?![\w]|\.\d)",
        _section,
    ),
    Rule(r"§§ ?", lambda m: "sections ", frozenset("§")),
    Rule(r"¶¶ ?", lambda m: "paragraphs ", frozenset("¶")),
)
