"""Part numbers, article numbers and other runs of letters and digits: `A320`, `MIG-25/235212`, `978-3-16`.

As people read them: one or two digits as a number, round numbers too, the rest digit by digit.
"""

import re

from tiedtts.text.normalize.numbers import cardinal, digits, pairs, year
from tiedtts.text.normalize.rules import Rule, letters
from tiedtts.text.normalize.units import UNIT

_LEAST_DIGITS = 7
"""Groups of digits with fewer in all are a score or a count-down: `3-2-1`."""
_LINES = "240|360|480|540|576|720|1080|1440|2160|4320"
"""Heights of video pictures: `1080p`."""


def serial(text: str) -> str:
    """Return digits of a serial number in words: `twenty five`, `three hundred`, `three two zero`."""
    if text[0] == "0" or (len(text) > 2 and text[1:].strip("0")):
        return digits(text)
    return cardinal(int(text)) if len(text) < 5 else digits(text)


def _after_letters(match: re.Match[str]) -> str:
    name, number = match[1], match[2]
    named = len(name) > 2 and not name.isupper()
    if named and len(number) == 4 and 1900 <= int(number) < 2100:
        return f"{name} {year(int(number))}"
    return f"{letters(name) if name in 'Aa' else name} {serial(number)}"


def _slashes(match: re.Match[str]) -> str:
    parts = match[0].split("/")
    return " ".join(
        digits(part) if len(part) > 4 or (part[0] == "0" and len(part) > 1) else cardinal(int(part))
        for part in parts
    )


def _mixed(match: re.Match[str]) -> str:
    """Read `MIG-25/235212-asdg`, but not `mid-20th-century` and `500-mg/day`."""
    if not re.search(r"\d{3}", match[0]) or not re.search("[A-Za-z]", match[0]):
        return match[0]
    if len(re.findall("[-/]", match[0])) < 2 and not re.search("[A-Z]\\d", match[0]):
        return match[0]
    if re.search(rf"\d-?(?:st|nd|rd|th|{UNIT})\b", match[0]):
        return match[0]
    parts = re.findall(r"\d+|[A-Za-z]+", match[0])
    return " ".join(serial(part) if part.isdigit() else part for part in parts)


def _groups(match: re.Match[str]) -> str:
    groups = match[0].split("-")
    if sum(map(len, groups)) < _LEAST_DIGITS:
        return match[0]
    return ", ".join(digits(group) for group in groups)


def _hexadecimal(match: re.Match[str]) -> str:
    signs = " ".join(digits(sign) if sign.isdigit() else letters(sign) for sign in match[1])
    return f"zero {letters('x')} {signs}"


def _airliner(match: re.Match[str]) -> str:
    if not match[1] and not _AIRCRAFT.search(match.string):
        return match[0]
    version = f" {cardinal(int(match[3]))} {letters(match[4]) if match[4] else ''}" if match[3] else ""
    return f"{match[1] or ''}{pairs(int(match[2]))}{version}"


_AIRCRAFT = re.compile(
    r"\b(?i:boeing|jets?|jetliners?|airliners?|planes?|airplanes?|aircraft|airlines?|flights?|flew|fly|flying|"
    r"dreamliner|cockpit|runway|pilots?)\b|\b7[0-8]7 M(?:ax|AX)\b"
)
EARLY_RULES = (
    # `Boeing 747-400`, `a 737 MAX`
    Rule(r"(?<![\w.,$-])(Boeing )?(7[0-8]7)(?:-([1-9]00)(ER|LR|F)?)?(?![\w-]|[.,]\d)", _airliner),
    # Models and standards with four digits are read in pairs: `RTX 4090`, `RFC 2616`.
    Rule(
        r"\b(RFC|RTX|GTX|RX|GT|Ryzen \d|Threadripper) ([1-9]\d{3})(?=[A-Z]{0,3}\b)(?![.,]\d)",
        lambda m: f"{m[1]} {pairs(int(m[2]))}" + (" " if m.string[m.end() : m.end() + 1].isalpha() else ""),
    ),
    Rule(r"(?<![\w.,$-])(\d{3})(?= (?:[Ff]reeway|[Hh]ighway|[Ii]nterstate)\b)", lambda m: pairs(int(m[1]))),
    # Answers of web servers: `HTTP 404`
    Rule(
        r"\b(HTTP(?:/\d(?:\.\d)?)?|(?i:error|status)(?: (?i:code))?) ([1-5]\d\d)\b"
        r"(?![.,:/-]?\d|%| [a-z]{2,}s\b)",
        lambda m: f"{m[1]} {pairs(int(m[2]))}",
    ),
    Rule(r"\bIPv(?=[46]\b)", lambda m: f"{letters('IPV')} "),
    # Plans for saving, after paragraphs of American law.
    Rule(
        r"(?<![\w.,])(40[13]|457)(?:\(([bk])\)|([bk])\b)|(?<![\w.,])(529)(?= (?:plan|account|saving)s?\b)",
        lambda m: (
            f"{pairs(int(m[1] or m[4]))} {letters((m[2] or m[3] or '').upper()) if m[1] else ''}".rstrip()
        ),
    ),
    Rule(r"(?<!\w)0[xX]([\da-fA-F]{1,16})(?!\w)", _hexadecimal),
    Rule(r"(?<![\w.,/-])\d{1,18}(?:/\d{1,18}){2,5}(?![\w/-])", _slashes),
    Rule(r"(?<![\w.,/-])\d{1,12}(?:-\d{1,12}){2,7}(?![\w/-])", _groups),
    Rule(rf"(?<![\w.,-])({_LINES})([pi])\b", lambda m: f"{pairs(int(m[1]))} {m[2].upper()}"),
    Rule(r"(?<![\w./-])[A-Za-z\d]{1,20}(?=[-/])(?:[-/][A-Za-z\d]{1,20}){1,6}(?![\w/-])", _mixed),
)
"""Come before fractions and ranges."""
RULES = (
    Rule(r"(?<![A-Za-z])([A-Za-z]+)[-_]?(\d{3,18})(?![\d.,:]*\d)", _after_letters),
    Rule(r"(?<![\d.,])(\d{3,18})(?=[A-Za-z])", lambda m: f"{serial(m[1])} "),
)
