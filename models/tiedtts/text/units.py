"""Quantities: numbers with units, percentages, temperatures, heights."""

import re

from tiedtts.text.numbers import cardinal, spell_number
from tiedtts.text.rules import NUMBER, Rule, spaced

UNITS = {
    **{
        "km": "kilometer",
        "cm": "centimeter",
        "mm": "millimeter",
        "nm": "nanometer",
        "mi": "mile",
        "yd": "yard",
    },
    **{"yds": "yard", "ft": "foot", "kg": "kilogram", "kgs": "kilogram", "mg": "milligram", "lb": "pound"},
    **{"lbs": "pound", "oz": "ounce", "ml": "milliliter", "gal": "gallon", "qt": "quart", "tsp": "teaspoon"},
    **{"tbsp": "tablespoon", "hz": "hertz", "khz": "kilohertz", "mhz": "megahertz", "ghz": "gigahertz"},
    **{"kw": "kilowatt", "mw": "megawatt", "gw": "gigawatt", "kwh": "kilowatt hour", "mwh": "megawatt hour"},
    **{"kb": "kilobyte", "mb": "megabyte", "gb": "gigabyte", "tb": "terabyte", "kbps": "kilobit per second"},
    **{"mbps": "megabit per second", "gbps": "gigabit per second", "mph": "mile per hour", "rpm": "R P M"},
    **{
        "kph": "kilometer per hour",
        "kmh": "kilometer per hour",
        "db": "decibel",
        "psi": "P S I",
        "px": "pixel",
    },
    **{"hr": "hour", "hrs": "hour", "min": "minute", "mins": "minute", "sec": "second", "secs": "second"},
    **{"ms": "millisecond", "kcal": "kilocalorie", "cal": "calorie", "kv": "kilovolt", "ma": "milliamp"},
    **{"ha": "hectare", "pct": "percent", "kpa": "kilopascal", "dpi": "D P I", "fps": "frame per second"},
    **{
        "mpg": "mile per gallon",
        "yrs": "year",
        "yr": "year",
        "wks": "week",
        "cc": "C C",
        "nmi": "nautical mile",
    },
}
"""Units that may be written in any case."""
LETTERS = {
    **{"m": "meter", "g": "gram", "l": "liter", "L": "liter", "h": "hour", "s": "second", "V": "volt"},
    **{"W": "watt", "Pa": "pascal"},
}
"""Units of one letter, which must be written as here."""
ALIKE = frozenset("hertz percent kelvin R P M C S I D kilohertz megahertz gigahertz".split())
"""The same for one and for many."""
SCALED = {"C": "Celsius", "F": "Fahrenheit", "K": "Kelvin"}
POWERS = {"2": "square", "3": "cubic"}

UNIT = "|".join(sorted([*UNITS, *LETTERS], key=len, reverse=True))
_SPACE = r"(?: |-| ?micro)?"


def words(unit: str, many: bool) -> str:
    """Return the words for a unit, nothing if it is unknown."""
    name = LETTERS.get(unit) or UNITS.get(unit.lower(), "")
    if not name or not many:
        return name
    if name == "foot":
        return "feet"
    head, per, tail = name.partition(" per ")
    start, _, last = head.rpartition(" ")
    return f"{start} {last if last in ALIKE else last + 's'}".lstrip() + per + tail


def _quantity(match: re.Match[str]) -> str:
    number, space, unit, power, other = match.groups()
    if unit == "s" and not space:
        return match[0]  # `iPhone 5s`
    # `a 5-km run`, but `5 km`.
    name = words(unit, many=number != "1" and space != "-")
    if not name:
        return match[0]
    if power:
        name = f"{POWERS[power.lstrip('^')]} {name}"
    if space.strip() == "micro":
        name = f"micro{name}"
    if other:
        below = words(other, many=False)
        if not below:
            return match[0]
        name = f"{name} per {below}"
    return f"{spell_number(number)} {name}"


def _degrees(match: re.Match[str]) -> str:
    noun = "degree" if match[1] == "1" else "degrees"
    scale = f" {SCALED[match[2]]}" if match[2] else " "
    return f"{spell_number(match[1])} {noun}{scale}"


def _feet(match: re.Match[str]) -> str:
    feet, inches = match[1], match[2]
    return f"{spell_number(feet)} foot {spell_number(inches)}"


def _power(exponent: int) -> str:
    named = {2: "squared", 3: "cubed"}
    return f" {named.get(exponent) or f'to the power of {cardinal(exponent)}'} "


def _square(number: str, unit: str) -> str:
    name = "inches" if unit.lower() == "in" else words(unit.lower(), number != "1")
    return f"{spell_number(number)} square {name}"


RULES = (
    Rule(rf"(?<![\w.])({NUMBER}) ?°(?: ?([CFK])\b)?", _degrees, frozenset("°")),
    Rule(rf"(?<!\d)({NUMBER}) ?%", lambda m: spaced(m, f"{spell_number(m[1])} percent"), frozenset("%")),
    Rule(r"(?<![\w.])(\d)' ?(\d{1,2})(?:\"|'')", _feet),
    Rule(rf"(?<![\w.])({NUMBER}) in\.(?= [a-z]|,)", lambda m: f"{spell_number(m[1])} inches"),
    Rule(
        rf"(?<![\w.])({NUMBER})[ -]?sq\.? ?(ft|m|km|mi|in)\b\.?",
        lambda m: _square(m[1], m[2]),
        flags=re.IGNORECASE,
    ),
    Rule(
        rf"(?<![\w.])({NUMBER})({_SPACE})({UNIT})(?:(\^?[23])|\b)(?:/({UNIT})\b)?"
        r"(?![\w'&]|-[a-z])(?:\.(?= [a-z]))?",
        lambda m: _quantity(m) if m[3] in LETTERS or m[3].lower() in UNITS else m[0],
        flags=re.IGNORECASE,
    ),
    Rule(r"(?<=[\w)])\^(-?\d{1,4})\b", lambda m: _power(int(m[1])), frozenset("^")),
)
