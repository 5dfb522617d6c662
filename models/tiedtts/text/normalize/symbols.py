"""Rules for signs that are read as words."""

import re

from tiedtts.text import tables
from tiedtts.text.normalize.numbers import cardinal
from tiedtts.text.normalize.rules import Rule, letters

_TABLES = tables.read("symbols")
BETWEEN = _TABLES["between"]
ALWAYS = _TABLES["always"]
SILENT = "*_|\\^<>~`/"
"""Left out; they only part words."""
_ALL = frozenset(ALWAYS)


def _compared(sign: str, equal: str) -> str:
    return f" {BETWEEN[sign]} {'or equal to ' if equal else ''}"


def _heart(match: re.Match[str]) -> str:
    if match.start() == 0 and match.end() < len(match.string.rstrip(".!")):
        return match[0]
    return " broken heart " if match[1] else " heart "


def _function(match: re.Match[str]) -> str:
    return f"{_FUNCTIONS[match[1]]} of "


def _of(match: re.Match[str]) -> str:
    return f"{letters(match[1])} of "


_SPELLINGS = {"!=": "≠", "==": "=", "<=": "≤", ">=": "≥", "->": ", ", "=>": ", "}
_FUNCTIONS = _TABLES["function"]
_NAMES = "|".join(sorted(_FUNCTIONS, key=len, reverse=True))
EARLY_RULES = (
    # `sin(x)`, `cos θ`, `ln x`, but not `a tan coat`
    Rule(
        rf"(?<![\w.])({_NAMES})(?:(?=\()| (?=(?:\d{{0,2}}[b-hj-z]|[α-ω])(?![\w']|\.\w)))",
        _function,
        frozenset(),
    ),
    Rule(r"(?<![\w.])([fghFGPE])(?=\([a-zA-Z\d](?: ?[,|+-] ?[a-zA-Z\d]){0,3}\))", _of, frozenset("(")),
    Rule(r" ?(?<![&|])(&&|\|\|)(?![&|]) ?", lambda m: " and " if m[1] == "&&" else " or ", frozenset("&|")),
    Rule(r"(?<![<>=!-])(?:[!=<>]=|[-=]>)(?![<>=-])", lambda m: f" {_SPELLINGS[m[0]]} ", frozenset("=>")),
    Rule(r"\b([A-Za-z])([<>])(?=[A-Za-z]\b)", lambda m: f"{m[1]} {BETWEEN[m[2]]} ", frozenset("<>")),
    Rule(r"(?<=\d) ?deg\.? ?(?=[CF]\b)|(?<=\d) ?° ?& ?(?=[CF]\b)", lambda m: "°"),
    # `log₂ 8`, `log10(x)`
    Rule(
        r"(?<![\w.])log_?(\d{1,2})(?:(?=\()| (?=(?:\d|[b-hj-z]\b)))",
        lambda m: f"log base {cardinal(int(m[1]))} of ",
    ),
    # A heart, where people stand beside it, not a number: `I <3 you`.
    Rule(
        r"(?:^|(?<=\bI )|(?<=\b[Ww]e )|(?<=\b[Yy]ou )|(?<=\ball )|(?<=\btoo )|(?<=\bmuch )|(?<=! ))<(/?)3"
        r"(?=[.!]{0,9}$| [A-Za-z]{1,20}(?<! of)(?<! years)(?<! days)(?<! hours)(?<! months)\b)",
        _heart,
        frozenset("<"),
    ),
    Rule(r"(?<=\d) ?[-–] ?(?=(?:present|now|today)\b)", lambda m: " to "),
    Rule(r"(?<!\w)~ ?(?=[$£€]?\d)", lambda m: "approximately ", frozenset("~")),
    # A scale: `1:1000`, `1:25,000`.
    Rule(r"(?<![\w.:])1:(?=\d{1,3}(?:,?\d{3}){1,2}(?![\w:]))", lambda m: "1 to "),
    Rule(r"\+/-|-/\+", lambda m: "±", frozenset("/")),
    Rule(r"(?<![<>])([<>])(=?) ?(?=[$£€]?\d)", lambda m: _compared(m[1], m[2]), frozenset("<>")),
)
"""Come before the rules that take the numbers away."""
RULES = (
    Rule(r"\b([A-G]) ?([♭♯♮])", lambda m: f"{letters(m[1])} {ALWAYS[m[2]]} ", frozenset("♭♯♮")),
    Rule(
        r"\b([A-GJ])#(m?)(?!\w)",
        lambda m: f"{letters(m[1])} sharp{' minor' if m[2] else ''}",
        frozenset("#"),
    ),
    Rule(r"\b([A-Za-z])\+\+", lambda m: f"{m[1]} plus plus ", frozenset("+")),
    Rule(r"\b([Cc]trl|[Cc]md)(?=[ +-]|$)", lambda m: "Control" if m[1][1] == "t" else "Command", frozenset()),
    Rule(r"\band/or\b", lambda m: "and or", frozenset("/")),
    Rule(r"^#{1,6} ", lambda m: "", frozenset("#")),
    Rule(r"(?<= )([<>])(?= )", lambda m: BETWEEN[m[1]], frozenset("<>")),
    Rule(r"\b([a-z]) \* (?=[a-z]\b)", lambda m: f"{m[1]} times ", frozenset("*")),
    Rule(r"(?<=[\w:])\\(?=\w)", lambda m: " backslash ", frozenset("\\")),
    Rule(r"(?<=\w)/(?=\w)|(?<=\w) / (?=\w)|(?:(?<= )|^)/(?=\S)", lambda m: " slash ", frozenset("/")),
    # A row of signs is an ornament: `=====`.
    Rule(r"([=+#*_~%$&@-])\1{2,}", lambda m: " — ", frozenset("=+#*_~%$&@-")),
    Rule("[" + "".join(sorted(ALWAYS)) + "]", lambda m: f" {ALWAYS[m[0]]} ", _ALL),
    Rule(r"[*_|\\^<>~`/]+", lambda m: " ", frozenset(SILENT)),
)
