"""Rules for strokes that are no fractions: seasons, blood pressure, ratings, splits, odds."""

import re

from tiedtts.text.normalize.numbers import cardinal, spell_number, year
from tiedtts.text.normalize.rules import Rule

_STROKE = frozenset("/")
_LOOK_BACK, _LOOK_AHEAD = 60, 30
"""Characters around in which words tell what is meant."""
_PRESSURE = re.compile(r"\b(?:pressure|BP|bp|systolic|hypertens\w+|mm ?Hg|cuff|vitals)\b")
_RATED = re.compile(
    r"\b(?:rat(?:e|ed|ing|ings)|scor(?:e|ed|es|ing)|gave|give|giving|gives|gets|get|review|stars?|marks?|pain|grade"
    r"|solid|would|overall|quiz|test|exam)\b",
    re.IGNORECASE,
)
_TIME = re.compile(r" (?:time|beat|signature|rhythm|metre|meter)\b")
_VISION = re.compile(r" (?:vision|eyesight|sight)\b|\bvision (?:is|was|of)\b")
_FULL_MARKS = (5, 10, 20, 25, 30, 40, 50, 100)


def _around(match: re.Match[str]) -> str:
    text = match.string
    return text[max(0, match.start() - _LOOK_BACK) : match.end() + _LOOK_AHEAD]


def _over(number: str) -> str:
    """Return a number as pressures are read: `one twenty`."""
    value = int(number)
    if value < 100 or not value % 100:
        return cardinal(value)
    high, low = divmod(value, 100)
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def _season(match: re.Match[str]) -> str:
    first, last = int(match[1]), match[2]
    if int(last[-2:]) != (first + 1) % 100:
        return match[0]
    return f"{year(first)} {year(int(last)) if len(last) == 4 else _short(last)}"


def _short(last: str) -> str:
    return cardinal(int(last)) if int(last) > 9 else f"oh {cardinal(int(last))}"


def _stroke(match: re.Match[str]) -> str:
    above, below = match[1], match[2]
    top, bottom = int(above), int(below)
    text, end = match.string, match.end()
    if 70 <= top <= 260 and 30 <= bottom <= 160 and top > bottom and _PRESSURE.search(_around(match)):
        said = f"{_over(above)} over {_over(below)}"
        return f"{said} millimeters of mercury" if match[3] else said
    if top == 20 and not bottom % 5 and _VISION.search(_around(match)):
        return f"{cardinal(top)} {_over(below)}"
    if top + bottom == 100 and top > 4 and bottom > 4:
        return f"{cardinal(top)} {cardinal(bottom)}"
    if bottom in (2, 4, 8, 16) and top < 13 and _TIME.match(text, end):
        return f"{cardinal(top)} {cardinal(bottom)}"
    full = top == bottom > 4 and top != 20  # `20/20` is sight
    if bottom in _FULL_MARKS and top <= bottom and (full or _RATED.search(_around(match))):
        return f"{cardinal(top)} out of {cardinal(bottom)}"
    return match[0]


RULES = (
    Rule(r"(?<![\w./,-])((?:1[5-9]|20)\d\d)/((?:1[5-9]|20)?\d\d)(?![\w/-]|[.,]\d)", _season, _STROKE),
    Rule(
        r"(?<![\w./,-])(\d{1,2}\.\d)/(5|10|20|100)(?![\w/-]|[.,]\d)",
        lambda m: f"{spell_number(m[1])} out of {cardinal(int(m[2]))}",
        _STROKE,
    ),
    Rule(
        r"\b((?i:page|slide|step|part|episode|question|stage|round|lap|track|screenshot|photo|image)) "
        r"(\d{1,4})/(\d{1,4})(?![\w/-]|[.,]\d)",
        lambda m: f"{m[1]} {cardinal(int(m[2]))} of {cardinal(int(m[3]))}",
        _STROKE,
    ),
    Rule(r"(?<![\w./,-])(\d{1,3})/1(?![\w/-]|[.,]\d)", lambda m: f"{cardinal(int(m[1]))} to one", _STROKE),
    Rule(
        r"\b(odds (?:of|at|are|were)) (\d{1,3})/(\d{1,2})(?![\w/-])",
        lambda m: f"{m[1]} {cardinal(int(m[2]))} to {cardinal(int(m[3]))}",
        _STROKE,
    ),
    Rule(r"(?<![\w./,$-])(\d{1,3})/(\d{1,3})( ?mm ?Hg)?(?![\w/-]|[.,]\d)", _stroke, _STROKE),
)
"""Come before fractions."""
