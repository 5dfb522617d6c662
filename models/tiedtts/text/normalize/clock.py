"""Rules for times of day and durations."""

import re

from tiedtts.text.normalize.numbers import cardinal, digits
from tiedtts.text.normalize.rules import Rule, letters

ZONES = frozenset("est edt cst cdt mst mdt pst pdt gmt utc bst cet cest ist jst".split())
_HALF = r" ?([ap])(?:\.m\.?|m\b)"
_ZONE = r"(?: ?\b(" + "|".join(sorted(ZONES)) + r")\b)?"


def minutes(number: int | str) -> str:
    """Return the minutes of a time in words: `oh five`, `thirty`."""
    text = str(number)
    return f"oh {cardinal(int(text))}" if int(text) < 10 else cardinal(int(text))


def _time(match: re.Match[str]) -> str:
    hour, minute, half, zone = match.groups()
    if int(hour) > 24:
        return match[0]
    spoken = cardinal(int(hour))
    if int(minute):
        spoken += f" {minutes(minute)}"
    elif not half:
        spoken += " o'clock"
    return spoken + _ending(half, zone)


def _hour(match: re.Match[str]) -> str:
    hour, half, zone = match.groups()
    return match[0] if int(hour) > 24 else cardinal(int(hour)) + _ending(half, zone)


def _military(match: re.Match[str]) -> str:
    hour, minute = match[1], match[2]
    said = digits(hour) if hour[0] == "0" else cardinal(int(hour))
    return f"{said} {'hundred' if minute == '00' else minutes(minute)}"


def _ending(half: str | None, zone: str | None) -> str:
    words = [letters(half + "m")] if half else []
    words += [letters(zone)] if zone else []
    return "".join(f" {word}" for word in words)


def _long(match: re.Match[str]) -> str:
    numbers = [int(match[k]) for k in (1, 2, 3)]
    names = ("hour", "minute", "second")
    ending = _ending(match[4], match[5])
    parts = [f"{cardinal(n)} {name}{'' if n == 1 else 's'}" for n, name in zip(numbers, names, strict=True)]
    return f"{parts[0]} {parts[1]} and {parts[2]}{ending}"


def _hours_and_minutes(match: re.Match[str]) -> str:
    return _two(match[1], "hour", match[2], "minute")


def _two(first: str, name: str, second: str, other: str) -> str:
    parts = ((int(first), name), (int(second), other))
    return " ".join(f"{cardinal(n)} {each}{'' if n == 1 else 's'}" for n, each in parts)


RULES = (
    Rule(r"(?<![\w.,:])(\d{1,2})h([0-5]\d)(?!\w)", _hours_and_minutes),
    # A duration, not a time of day.
    Rule(
        r"(?<![\w.,:])(\d{1,3}):([0-5]\d) ?(?:mins?|minutes)\b",
        lambda m: _two(m[1], "minute", m[2], "second"),
    ),
    # After an hour an `m` is a minute, not a meter.
    Rule(r"(?<![\w.,])(\d{1,3}) ?h(?:rs?)?\.? ?([0-5]?\d) ?m(?:ins?)?\b(?!/)", _hours_and_minutes),
    Rule(r"\b(noon|midnight|dawn) ?[-–] ?(?=\d)", lambda m: f"{m[1]} to "),
    # A range first: `5pm-7pm`, `9:00–17:00`.
    Rule(
        r"(?<![\w:.,])(\d{1,2}(?::[0-5]\d)?(?: ?[ap]\.?m\.?)?) ?[-–] ?"
        r"(?=\d{1,2}(?::[0-5]\d| ?[ap]\.?m\b))",
        lambda m: f"{m[1]} to ",
        flags=re.IGNORECASE,
    ),
    Rule(
        rf"(?<![\w:.,])(\d{{1,3}}):([0-5]\d):([0-5]\d)(?![\d:]|\.\d)(?:{_HALF})?{_ZONE}(?!\w)",
        _long,
        flags=re.IGNORECASE,
    ),
    Rule(
        rf"(?<![\w:.,])(\d{{1,2}}):([0-5]\d)(?![\d:]|\.\d)(?:{_HALF})?{_ZONE}",
        _time,
        flags=re.IGNORECASE,
    ),
    Rule(rf"(?<![\w:.,])(\d{{1,2}})\.([0-5]\d){_HALF}{_ZONE}", _time, flags=re.IGNORECASE),
    Rule(rf"(?<![\w:.,])(\d{{1,2}}){_HALF}{_ZONE}", _hour, flags=re.IGNORECASE),
    Rule(r"(?<![\w:.,])([01]\d|2[0-4])([0-5]\d)(?= (?:hours|hrs)\b)", _military),
)
