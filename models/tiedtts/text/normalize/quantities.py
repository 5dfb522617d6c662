"""Rules for quantities that words around them tell: temperatures without a sign, sizes, rates."""

import re

from tiedtts.text.normalize.numbers import spell_number
from tiedtts.text.normalize.rules import NUMBER, Rule
from tiedtts.text.normalize.units import UNIT


def _bps(match: re.Match[str]) -> str:
    """Read `25 bps` as hundredths of a percent where rates are spoken of, else as a speed of data."""
    points = not match[1].count(".") and int(match[1].replace(",", "")) < 1000 and _RATES.search(match.string)
    return f"{spell_number(match[1])} {'basis points' if points else 'bits per second'}"


_WARM = re.compile(
    r"\b(?i:oven|preheat\w*|bake[ds]?|baking|roast\w*|heat\w*|temps?|temperatures?|fever|thermostat|weather|forecast|"
    r"highs?|lows?|degrees?|warm\w*|cool\w*|chill\w*|freez\w+|boil\w*)\b"
)
_RATES = re.compile(
    r"\b(?i:rates?|yields?|spreads?|fed|funds?|bonds?|margins?|cuts?|hikes?|treasury|treasuries|inflation|interest|"
    r"basis|percent|fees?|growth|return|returns|EPS|QoQ|YoY)\b|%|[+]\d"
)
RULES = (
    # Temperatures without their sign: `oven to 350F`
    Rule(
        r"(?<![\w.,#-])(\d{1,3}(?:\.\d)?) ?([FC])\b(?!['.]?\w|[/-])",
        lambda m: f"{m[1]} °{m[2]}" if _WARM.search(m.string) else m[0],
        frozenset("FC"),
    ),
    # `an m×n matrix`
    Rule(
        r"\b([a-zA-Z\d])×([a-zA-Z\d])(?= (?:matrix|matrices|grid|board|array|table|square|block)\b)",
        lambda m: f"{m[1]} by {m[2]}",
        frozenset("×"),
    ),
    # `a 24h clock`
    Rule(
        r"(?<![\w.,])(\d{1,3})[ -]?(?:h|hrs?)(?= (?:format|clock|shift|window|period|delivery|service|"
        r"support|race|flight|drive|delay|cycle|day|trip|battery|"
        r"deadline|notice|sale|hotline|news)\b)",
        lambda m: f"{spell_number(m[1])} hour",
    ),
    # `8 fl. oz.`
    Rule(
        rf"(?<![\w.])({NUMBER})[ -]?(?i:fl)\.? ?(?i:oz)\b(?:\.(?= [a-z]|,))?",
        lambda m: f"{spell_number(m[1])} fluid {'ounce' if m[1] == '1' else 'ounces'}",
    ),
    # `3 cm x 4 cm`
    Rule(
        rf"(?<![\w.])({NUMBER} ?(?:{UNIT})) ?[xX×] ?(?={NUMBER} ?(?:{UNIT})(?!\w))",
        lambda m: f"{m[1]} by ",
        frozenset("xX×"),
    ),
    # Timber: `2×4 board`
    Rule(
        r"(?<![\w.])([1-9])×(?=1?\d (?:board|plank|stud|beam|lumber|timber|frame)s?\b)",
        lambda m: f"{m[1]} by ",
    ),
    Rule(rf"(?<![\w.,])({NUMBER}) ?bps\b", _bps),
)
"""Come before the rules of units."""
