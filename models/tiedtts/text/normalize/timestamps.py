"""Rules for timestamps of machines, `2024-03-05T14:30:00Z`, and for durations, `56m remaining`."""

import re

from tiedtts.text import tables
from tiedtts.text.normalize.clock import minutes
from tiedtts.text.normalize.dates import date
from tiedtts.text.normalize.numbers import cardinal, spell_number
from tiedtts.text.normalize.rules import Rule, letters

_TABLES = tables.read("durations")
NAMES = _TABLES["unit"]
"""Units of time by their letters."""
_UNIT = "|".join(sorted(NAMES, key=len, reverse=True))
_AFTER = "|".join(sorted(_TABLES["after"], key=len, reverse=True))
_BEFORE = "|".join(_TABLES["before"])


_SIGNS = {"+": "plus", "-": "minus"}


def _time(hour: int, minute: int, second: int) -> str:
    said = f"{cardinal(hour)} {minutes(minute)}" if minute else f"{cardinal(hour)} o'clock"
    if second:
        said += f" and {cardinal(second)} second{'' if second == 1 else 's'}"
    return said


def _stamp(match: re.Match[str]) -> str:
    year, month, day, hour, minute = (int(match[k]) for k in range(1, 6))
    said = date(year, month, day)
    if not said or hour > 24 or minute > 59:
        return match[0]
    said += f", {_time(hour, minute, int(match[6] or 0))}"
    zone = match[7]
    if not zone:
        return said
    if zone == "Z":
        return f"{said} {letters('utc')}"
    sign = "plus" if zone[0] == "+" else "minus"
    hours, rest = int(zone[1:3]), int(zone[-2:]) if len(zone) > 3 else 0
    offset = f"{cardinal(hours)} {minutes(rest)}" if rest else cardinal(hours)
    return f"{said} {letters('utc')} {sign} {offset}"


def _duration(match: re.Match[str]) -> str:
    parts = re.findall(rf"(\d+(?:\.\d+)?) ?({_UNIT})", match[0])
    return " ".join(f"{spell_number(number)} {_name(unit, number)}" for number, unit in parts)


def _name(unit: str, number: str) -> str:
    return NAMES[unit] + ("" if number == "1" else "s")


def _ranged(match: re.Match[str]) -> str:
    return f"{spell_number(match[1])} to {spell_number(match[2])} {NAMES[match[3]]}s"


RULES = (
    Rule(
        r"(?<![\w./-])(\d{4})-(\d\d)-(\d\d)(?:[T_]| T?)(\d\d):(\d\d)(?::(\d\d)(?:[.,]\d{1,9})?)?"
        r" ?(Z(?!\w)|[+-]\d\d:?\d\d(?!\d)|[+-]\d\d(?!\d))?",
        _stamp,
    ),
    Rule(r"(?<![\w./-])(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)?(Z|[+-]\d{4})?(?!\w)", _stamp),
    # `10:00:00 +0000` of an e-mail
    Rule(
        r"(?<=:\d\d) ([+-])(\d\d)00(?!\d)",
        lambda m: f" {letters('utc')}" + (f" {_SIGNS[m[1]]} {cardinal(int(m[2]))}" if int(m[2]) else ""),
    ),
    # `1h 30m 5s`, `2d 4h`
    Rule(
        rf"(?<![\w.,:])\d{{1,5}}(?:{_UNIT})(?: ?\d{{1,3}}(?:{_UNIT})){{1,5}}(?![\w/])",
        _duration,
    ),
    Rule(rf"(?<![\w.,:$£€])(\d{{1,4}}) ?[-–] ?(\d{{1,4}}) ?({_UNIT})(?= (?:{_AFTER})\b)", _ranged),
    Rule(rf"(?<![\w.,:$£€])\d{{1,5}}(?:\.\d{{1,2}})? ?(?:{_UNIT})(?= (?:{_AFTER})\b)", _duration),
    Rule(
        rf"\b(?:{_BEFORE}) \d{{1,5}}(?:\.\d{{1,2}})?(?:s|mins?|secs?|h|hrs?)(?![\w/])", lambda m: _led(m[0])
    ),
)


def _led(text: str) -> str:
    word, _, rest = text.rpartition(" ")
    number, unit = re.findall(rf"(\d+(?:\.\d+)?)({_UNIT})", rest)[0]
    return f"{word} {spell_number(number)} {_name(unit, number)}"
