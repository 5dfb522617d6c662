"""Rules for postal addresses of the United States."""

import re

from tiedtts.text import tables
from tiedtts.text.normalize import abbreviations
from tiedtts.text.normalize.abbreviations import STREETS
from tiedtts.text.normalize.numbers import cardinal, digits, pairs
from tiedtts.text.normalize.rules import Rule, letters

STATES = tables.read("places")["state"]
DIRECTIONS = abbreviations.DIRECTIONS | {
    "NE": "Northeast",
    "NW": "Northwest",
    "SE": "Southeast",
    "SW": "Southwest",
}


def house_number(text: str) -> str:
    """Return a street number in words: `twelve eleven`, `seven zero eight`."""
    if len(text) > 4 or (len(text) == 3 and text[1] == "0" and text[2] != "0"):
        return digits(text)
    return pairs(int(text)) if len(text) > 2 else cardinal(int(text))


def _address(match: re.Match[str]) -> str:
    number, letter, direction, name, street, quarter = match.groups()
    spoken = [house_number(number) + (f" {letter}" if letter else "")]
    if direction:
        spoken.append(DIRECTIONS[direction])
    spoken += [name, STREETS.get(street.lower(), street)]
    return " ".join([*spoken, DIRECTIONS[quarter]] if quarter else spoken)


_STREET = "|".join(
    sorted(
        {*(name.capitalize() for name in STREETS), *STREETS.values(), "Way", "Close"}, key=len, reverse=True
    )
)


def _postcode(match: re.Match[str]) -> str:
    parts = re.findall(r"[A-Z]+|\d+", match[0])
    return " ".join(digits(part) if part.isdigit() else letters(part) for part in parts)


_DOUBTFUL = frozenset(("OK", "OR", "IN", "HI", "ME", "MD", "MA", "MS", "PA", "DE", "AL", "CO", "DC"))
"""Words, degrees and others that stand after a comma, too."""
_CITY = r"[A-Z][a-z]+(?: [A-Z][a-z]+){0,2}, "
_PLACED = re.compile(
    r"\b(?:in|from|near|to|of|at|around|outside|for) "
    rf"(?:{_CITY}[A-Z]{{2}}(?:[;,] | (?:and|or|to) )){{0,3}}$|{_CITY}[A-Z]{{2}}[;|] $"
)
_LOOK_BACK = 120
"""Characters before a city in which words tell that it is one."""


def _state_of(match: re.Match[str]) -> str:
    if match[2] in _DOUBTFUL:
        before = match.string[max(0, match.start() - _LOOK_BACK) : match.start()]
        if not _PLACED.search(before):
            return match[0]
    return f"{match[1]}, {STATES[match[2]]}"


RULES = (
    # `SW1A 1AA`, `K1A 0B6`
    Rule(r"(?<![\w-])[A-Z]{1,2}\d{1,2}[A-Z]? \d[A-Z]{2}(?![\w-])", _postcode),
    Rule(r"(?<![\w-])[A-Z]\d[A-Z] \d[A-Z]\d(?![\w-])", _postcode),
    Rule(rf",? (?:{'|'.join(STATES)}) \d{{5}}(?:-\d{{4}})?\b", lambda m: _state(m[0])),
    # `Austin, TX`
    Rule(
        rf"\b([A-Z][a-z]+(?: [A-Z][a-z]+){{0,2}}), ({'|'.join(STATES)})"
        r"(?=[,;:.)!?|\"']|$| (?![A-Z]{2}))(?!\.\w)",
        _state_of,
        frozenset(),
    ),
    Rule(
        r"(?<![\w.,$-])(\d{1,5})([A-F])? (?:(NE|NW|SE|SW|[NSEW])\.? )?"
        rf"((?:[A-Z][a-z]+|\d{{1,3}}(?:st|nd|rd|th))(?: [A-Z][a-z]+){{0,3}}) "
        rf"((?i:{_STREET}))\b\.?(?: (NE|NW|SE|SW)\b)?",
        _address,
    ),
    Rule(
        r"\b((?i:room|suite|flight|box|apartment|apt\.?|route|highway|interstate)) (\d{3,4})\b(?![.,]\d)",
        lambda m: f"{'apartment' if m[1].lower().startswith('apt') else m[1]} {house_number(m[2])}",
    ),
)


def _state(text: str) -> str:
    state, number = text.lstrip(", ").split(" ")
    return f", {STATES[state]} {digits(number)}"
