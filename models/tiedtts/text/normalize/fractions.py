"""Rules for fractions, ranges, scores and sums."""

import re

from tiedtts.text.normalize.numbers import cardinal, ordinal, pairs, spell_number, year
from tiedtts.text.normalize.rules import NUMBER, Rule
from tiedtts.text.normalize.units import UNIT, words

SET_PHRASES = {
    "24/7": "twenty four seven",
    "9/11": "nine eleven",
    "50/50": "fifty fifty",
    "20/20": "twenty twenty",
    "50-50": "fifty fifty",
}
OPERATORS = {
    "+": "plus",
    "-": "minus",
    "−": "minus",
    "×": "times",
    "*": "times",
    "÷": "divided by",
    "=": "equals",
}


def fraction(numerator: int, denominator: int) -> str:
    """Return `numerator / denominator` in words: `one half`, `three quarters`."""
    name = {2: "half", 4: "quarter"}.get(denominator) or ordinal(denominator)
    if numerator != 1:
        name = "halves" if denominator == 2 else name + "s"
    return f"{cardinal(numerator)} {name}"


def _with_unit(spoken: str, unit: str | None, many: bool) -> str:
    if not unit:
        return spoken
    name = words(unit, many)
    return f"{spoken} {name}" if many else f"{spoken} of a {name}"


def _mixed(match: re.Match[str]) -> str:
    whole, top, bottom = (int(match[k]) for k in (1, 2, 3))
    if bottom == 0:
        return match[0]
    part = (
        "a half"
        if (top, bottom) == (1, 2)
        else "a quarter"
        if (top, bottom) == (1, 4)
        else fraction(top, bottom)
    )
    return _with_unit(f"{cardinal(whole)} and {part}", match[4], many=True)


def _fraction(match: re.Match[str]) -> str:
    top, bottom = int(match[1]), int(match[2])
    return match[0] if bottom < 2 else _with_unit(fraction(top, bottom), match[3], many=top >= bottom)


def _years(match: re.Match[str]) -> str:
    first, last = int(match[1]), match[2]
    if not 1100 <= first < 2100 or (len(last) == 4 and not 1100 <= int(last) < 2100):
        return match[0]
    ending = year(int(last)) if len(last) == 4 or int(last) > 9 else f"oh {cardinal(int(last))}"
    return f"{year(first)} to {ending}"


_SUM = rf"(?<![\w.]){NUMBER} ?[+×*÷=−-] ?{NUMBER}(?: ?[+×*÷=−-] ?{NUMBER}){{0,6}}"
RULES = (
    Rule(r"(?<![\w.,])\d{1,3}(?: 000)+(?!\d)", lambda m: spell_number(m[0].replace(" ", ","))),
    # `1'000'000` and `1_000_000`
    Rule(r"(?<![\w.,'])\d{1,3}(?:(?:'\d{3})+|(?:_\d{3})+)(?![\w'])", lambda m: _without_marks(m[0])),
    Rule(r"(?<=\d/\d) ?[xX] ?(?=\d)|(?<=\d/\d\d) ?[xX] ?(?=\d)", lambda m: " by "),
    Rule(r"(?<![\w/.-])\d{1,2}[/-]\d{1,2}(?![\w/-])", lambda m: SET_PHRASES.get(m[0], m[0])),
    # `1/2x + 3`
    Rule(r"(?<![\w/.,-])\d{1,3}/\d{1,3}(?=[xyz]\b)", lambda m: f"{m[0]} "),
    Rule(rf"(?<![\w/.,-])(\d{{1,9}})[ -](\d{{1,3}})/(\d{{1,3}})(?: ?({UNIT})\b)?(?!\w|/|\.\d)", _mixed),
    Rule(rf"(?<![\w/.,-])(\d{{1,6}})/(\d{{1,6}})(?: ?({UNIT})\b)?(?![\w/-]|\.\d)", _fraction),
    Rule(r"(?<![\w.,-])(\d{4})[-–](\d{4}|\d\d)(?![\w-]|[.,]\d)", _years),
    Rule(
        rf"(?<![\w.,])({NUMBER})[eE]((?<=\de)\d{{1,2}}|(?<=\.\d[eE])\d{{1,3}}|(?<=\.\d\d[eE])\d{{1,3}}|[+-]\d{{1,3}})(?![\w.])",
        lambda m: f"{spell_number(m[1])} times ten to the power of {cardinal(int(m[2]))}",
    ),
    Rule(_SUM, lambda m: _sum(m[0]) if "=" in m[0] else m[0], frozenset("=")),
    Rule(rf"(?<![\w.,-])({NUMBER}) ?[–] ?(?={NUMBER}(?![\w-]))", lambda m: f"{m[1]} to "),
    Rule(rf"(?<![\w.,-])({NUMBER})-(?={NUMBER}(?!\w*-|\d))", lambda m: f"{m[1]} to "),
    Rule(rf"(?<![\d.])({NUMBER}) ?[×*] ?(?={NUMBER})", lambda m: f"{m[1]} times ", frozenset("×*")),
    Rule(
        r"(?<![\w.,])(\d{3,4})[xX](\d{3,4})(?!\w|[.,]\d)",
        lambda m: f"{pairs(int(m[1]))} by {pairs(int(m[2]))}",
    ),
    Rule(rf"(?:(?<![\w.])|(?<=\d[xX×]))({NUMBER}) ?[xX] ?(?=\d)", lambda m: f"{m[1]} by "),
    Rule(r"(?<=\d)/(?=\d)", lambda m: " "),
    Rule(
        r"(?<![\w.:])(\d{1,3}(?:\.\d{1,2})?):(?=\d{1,3}(?:\.\d{1,2})?(?![\w:]|\.\d))", lambda m: f"{m[1]} to "
    ),
)


def _without_marks(text: str) -> str:
    return spell_number(re.sub("['_]", ",", text))


def _sum(text: str) -> str:
    return re.sub(
        rf"({NUMBER})|[+×*÷=−-]",
        lambda m: f" {spell_number(m[1])} " if m[1] else f" {OPERATORS[m[0]]} ",
        text,
    )
