"""Formulas as in LaTeX and Markdown, `$E = mc^2$`, and powers, in words.

They are read before braces go, since `{}` groups what belongs together.
"""

import re

from tiedtts.text import tables
from tiedtts.text.aligned import AlignedText
from tiedtts.text.normalize.numbers import cardinal
from tiedtts.text.normalize.rules import Rule, apply, letters
from tiedtts.text.patterns import Lazy

_TABLES = tables.read("maths")
COMMANDS = _TABLES["command"]
"""Words of the commands of LaTeX."""
SILENT = dict.fromkeys(_TABLES["silent"], "")
"""Commands that only change the look."""
OPERATORS = _TABLES["operator"]
_POWERS = {"2": "squared", "3": "cubed", "T": "transposed", "*": "star", "'": "prime"}
_TO = "to the power of "
_MARK = "\x01"
"""Stands before each word that is none of letters."""
_GROUP = r"\{([^{}]{0,100})\}"
_DEEP = 4
"""Groups in groups."""

_COMMAND = Lazy(r"\\(?:([A-Za-z]{1,24})\*?|.)")
_FRACTION = Lazy(rf"\\[dtc]?frac ?{_GROUP} ?{_GROUP}")
_ROOT = Lazy(rf"\\sqrt ?(?:\[(\d{{1,2}})\])? ?{_GROUP}")
_TEXT = Lazy(rf"\\(?:text|mathrm|textbf|textit|emph|mathbf|operatorname|mathbb|mathcal) ?{_GROUP}")
_SCRIPT = Lazy(rf"([\^_]) ?(?:{_GROUP}|(\\[A-Za-z]{{1,20}}|[A-Za-z\d*']))")
_ROOTS = {"3": "cube", "4": "fourth"}
_PART = Lazy(rf"{_MARK}\S+|(?<=\d),(?=\d{{3}})|[A-Za-z]{{3,}}|[A-Za-z]|\d+(?:\.\d+)?|\S")


def _fraction(match: re.Match[str]) -> str:
    top, bottom = match[1].strip(), match[2].strip()
    if top.isdigit() and bottom.isdigit():
        return f" {top}/{bottom} "
    return f" {top}{_words('over')}{bottom} "


def _root(match: re.Match[str]) -> str:
    name = _ROOTS.get(match[1], f"{match[1]}th") if match[1] else "square"
    return f"{_words(f'{name} root of')}{match[2]} "


def _script(match: re.Match[str]) -> str:
    raised = (match[2] if match[2] is not None else match[3]).strip()
    if not raised:
        return " "
    if match[1] == "_":
        return f"{_words('sub')}{raised} "
    if raised == "\\circ":
        return _words("degrees")
    said = power(raised)
    return _words(said) if said != _TO + raised else f"{_words(_TO)}{raised} "


def power(raised: str) -> str:
    """Return an exponent in words: `squared`, `to the power of five`."""
    if raised in _POWERS:
        return _POWERS[raised]
    if re.fullmatch(r"-?\d{1,4}", raised):
        return f"to the power of {cardinal(int(raised))}"
    return _TO + raised


def _command(match: re.Match[str]) -> str:
    if match[1] is None:
        return {"\\%": "%", "\\$": "$", "\\&": "&", "\\#": "#"}.get(match[0], " ")
    return _words(SILENT.get(match[1], COMMANDS.get(match[1], match[1])))


def _words(text: str) -> str:
    """Mark words as such, or else their letters would be spelled."""
    return " " + " ".join(_MARK + word for word in text.split()) + " "


def _commands(text: str) -> str:
    """Return LaTeX with words for its commands."""
    for _ in range(_DEEP):
        text = _TEXT().sub(lambda match: _words(match[1]), text)
        text = _ROOT().sub(_root, _FRACTION().sub(_fraction, text))
        text = _SCRIPT().sub(_script, text)
    return re.sub("[{}]", " ", _COMMAND().sub(_command, text))


def formula(text: str) -> str:
    """Return a formula in words; its letters are marked as such."""
    said = _PART().sub(lambda match: _part(match[0]), _commands(text.replace("−", "-")))
    return " ".join(said.split())


def _part(part: str) -> str:
    if part[0] == _MARK:
        return part[1:]
    if part in OPERATORS:
        return f" {OPERATORS[part]} "
    if len(part) == 1 and part.isalpha():
        return f" {letters(part)} "
    return part


def _dollars(match: re.Match[str]) -> str:
    content = match[1] or match[2]
    # `$5 and $6` is money; what has a sign of mathematics, or is a single letter, is not.
    if not match[1] and not re.search(
        r"[=^_\\+<>]|^[A-Za-z]$|^[A-Za-z] ?[-*/] ?\w$|^[a-z]\([a-z]\)$", content
    ):
        return match[0]
    return f" {formula(content)} "


_TERM = r"[(\[]*(?:\d+(?:\.\d+)?)?[A-Za-z]?(?:\^\d+)?(?:\([a-z\d]\))?[)\]]*"
_BEFORE, _AFTER = Lazy(rf"(?:^|[ (=]){_TERM}$"), Lazy(rf"{_TERM}(?=[ ,.;?=+)]|$)")
_EQUATION = frozenset("=<>≤≥≈")
_TERM_LENGTH = 12
"""Characters of a term, at most."""


def _minus(match: re.Match[str]) -> str:
    text, start, end = match.string, match.start(), match.end()
    if _EQUATION.isdisjoint(text):
        return match[0]
    before, after = text[max(0, start - _TERM_LENGTH) : start], text[end : end + _TERM_LENGTH + 1]
    return " minus " if _BEFORE().search(before) and _AFTER().match(after) else match[0]


_BACKSLASH, _CARET = frozenset("\\"), frozenset("^")
RULES = (
    Rule(
        r"\$\$([^$]{1,300})\$\$|(?<![\w$\\])\$(?! )([^$\n]{1,200}?)(?<![ \\])\$(?![\d$])",
        _dollars,
        frozenset("$"),
    ),
    Rule(r"\\[(\[]([^\n]{1,300}?)\\[)\]]", lambda m: f" {formula(m[1])} ", _BACKSLASH),
    Rule(
        r"(?:\\(?:[dtc]?frac|sqrt|text|mathrm|textbf|textit|emph)(?:\[\d\])?(?:\{[^{}]{0,100}\}){1,2})",
        lambda m: _commands(m[0]).replace(_MARK, ""),
        _BACKSLASH,
    ),
    Rule(
        rf"\\({'|'.join(sorted((*COMMANDS, *SILENT), key=len, reverse=True))})(?![A-Za-z])",
        lambda m: _command(m).replace(_MARK, ""),
        _BACKSLASH,
    ),
    # `x - 4 = 0`: a minus only in an equation; between words it is a dash.
    Rule(r"(?<=[\w)\]]) [-−] ?(?=[\w(])", _minus, frozenset("-−")),
    Rule(r"(?<=\d) ?/ ?(?=\d{1,6} ?=)", lambda m: " divided by ", frozenset("=")),
    # `x^2`, `a^{-3}`, `(a + b)^n`, but not `5 m^2`, which is an area.
    Rule(
        r"(?:(?<![\w/.])(?<!\d )([A-Za-z])|(?<=[)\]]))(?: \^ |\^)"
        r"(?:\{([^{}]{1,40})\}|\((-?\w{1,9})\)|(-?\d{1,4}|[a-z])(?!\w))",
        lambda m: (letters(m[1]) if m[1] else "") + f" {power((m[2] or m[3] or m[4]).strip())} ",
        _CARET,
    ),
)
"""Rules for formulas."""


def read(text: AlignedText) -> AlignedText:
    """Return a text with its formulas in words."""
    if _SIGNS.isdisjoint(text.text):
        return text
    return apply((RULES,), text)


_SIGNS = frozenset("$\\^=<>≤≥≈")
