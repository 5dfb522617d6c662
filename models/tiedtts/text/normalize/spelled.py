"""Rules for letters that are names of their own: `C-A-T`, `AT&T`, `A4`, `A-level`."""

import re

from tiedtts.text.normalize.rules import Rule, letters

_HYPHEN = frozenset("-–")


def _spelled(match: re.Match[str]) -> str:
    joined = re.sub("[^A-Za-z]", "", match[0])
    # `w-w-w` is a stammer or an address.
    return match[0] if len(set(joined.lower())) == 1 else letters(joined)


def _company(match: re.Match[str]) -> str:
    last = f"{match[2]}'s" if match[3] else letters(match[2])
    return f"{letters(match[1])} and {last}"


EARLY_RULES = (
    Rule(r"(?<![\w-])[A-Za-z](?:-[A-Za-z]){2,25}(?![\w-])", _spelled, _HYPHEN),
    Rule(r"(?<![\w-])(?!A-Z)[A-Z]-[A-Z](?![\w-])", lambda m: letters(m[0].replace("-", "")), _HYPHEN),
    Rule(r"\b([Aa])[-–]([Zz])\b", lambda m: f"{letters(m[1])} to {letters(m[2])}", _HYPHEN),
    Rule(r"(?<![\w&])([A-Z]{1,3}) ?& ?([A-Z]{1,2})(s?)(?![\w&])", _company, frozenset("&")),
    Rule(
        r"\b((?:an?|[Gg]rade|got|of|solid|straight) )([A-F])([-−+])(?![\w-])",
        lambda m: f"{m[1]}{letters(m[2])} {'plus' if m[3] == '+' else 'minus'}",
        frozenset("-−+"),
    ),
    Rule(r"(?<![\w'-])A-(?=[a-z]{3,})", lambda m: f"{letters('a')} ", _HYPHEN),
    Rule(r"(?<![\w'-])A\+(?![\w+])", lambda m: f"{letters('a')} plus", frozenset("+")),
)
RULES = (
    # `5A`, `12a`
    Rule(r"(?<=\d)([aA])(?![A-Za-z'])", lambda m: f" {letters(m[1])} "),
    Rule(r"(?<![\w'-])([aA])[-_]?(?=\d{1,2}(?!\d))", lambda m: f"{letters(m[1])} "),
)
"""Come when dates and units are read: `a 5 km walk` is no letter, `a4` is."""
