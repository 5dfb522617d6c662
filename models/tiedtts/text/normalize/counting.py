"""Rules for ordinals, decades, and the minus before a number."""

from tiedtts.text.normalize.numbers import cardinal, decade, ordinal, spell_number
from tiedtts.text.normalize.rules import NUMBER, Rule
from tiedtts.text.normalize.units import COUNTED


def _ordinal(text: str, suffix: str) -> str:
    """Return an ordinal in words, nothing if the suffix does not fit: `11st`."""
    number = int(text.replace(",", ""))
    right = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return ordinal(number) if suffix.lower() == right else ""


def _short_year(text: str) -> str:
    return cardinal(int(text)) if int(text) > 9 else f"oh {cardinal(int(text))}"


_SCALE = {"m": "million", "b": "billion", "k": "thousand"}
SCALES = {
    "M": "million",
    "B": "billion",
    "K": "thousand",
    "k": "thousand",
    "mn": "million",
    "bn": "billion",
    "tn": "trillion",
}
"""Letters that may follow a number at once: `5M users`."""
RULES = (
    Rule(
        rf"(?<![\w.,])({NUMBER}) ?(bn|mn|tn)\b",
        lambda m: f"{spell_number(m[1], SCALES[m[2]])} {SCALES[m[2]]}",
    ),
    # `2m users`, `1.5M+ downloads`
    Rule(
        rf"(?<![\w.,])({NUMBER}) ?([mMbBkK])(\+?) (?=(?:[a-z]{{3,15}} )?(?:{COUNTED})\b)",
        lambda m: (
            f"{spell_number(m[1], _SCALE[m[2].lower()])} {_SCALE[m[2].lower()]}{' plus' if m[3] else ''} "
        ),
    ),
    Rule(
        r"(?<![\w.,])(\d{1,3}(?:\.\d{1,2})?)k\b"
        r"(?! ?(?:run|race|video|tv|res|monitor|display|swim|walk|row|screen))",
        lambda m: f"{spell_number(m[1], 'thousand')} thousand",
    ),
    Rule(r"(?<=\d)(st|nd|rd|th) ?[-–] ?(?=\d{1,3}(?:st|nd|rd|th)\b)", lambda m: f"{m[1]} to "),
    # `4K videos` have as many lines.
    Rule(
        rf"(?<![\w.,])(?![248]K)({NUMBER})([MBKk]) (?=[a-z]{{2,}}s\b|people\b)",
        lambda m: f"{spell_number(m[1], SCALES[m[2]])} {SCALES[m[2]]} ",
    ),
    Rule(
        r"(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d{1,12})((?i:st|nd|rd|th))\b",
        lambda m: _ordinal(m[1], m[2]) or m[0],
    ),
    Rule(r"(?<=\d0s) ?[-–] ?(?='?\d\d)", lambda m: " to "),
    Rule(r"(?<![\w.,$])(\d{1,2}00|[12]\d\d0)(?:'?s| s)\b", lambda m: decade(int(m[1]))),
    Rule(r"(?<![\w.,$])'?00'?s\b", lambda m: decade(2000)),
    Rule(r"(?<![\w.,$])'?([2-9]0)'?s\b", lambda m: decade(int(m[1]))),
    Rule(r"(?<![\w.,'])'(\d\d)\b(?!')", lambda m: _short_year(m[1])),
    Rule(r"(?:(?<=[\s(\"])|^)[-−–](?=\.?\d)", lambda m: "minus "),
)
