"""British readings: dates with the day first, nought, pence, stones, scores.

`EARLY_RULES` come before those for all of English. `spoken` then changes words that these made of figures;
words that are written as words stay.
"""

import re

from tiedtts.text import tables
from tiedtts.text.aligned import AlignedText
from tiedtts.text.normalize.clock import minutes
from tiedtts.text.normalize.dates import DAYS, MONTHS
from tiedtts.text.normalize.numbers import UNITS, cardinal, digits, ordinal, pairs, spell_number, year
from tiedtts.text.normalize.rules import Rule, letters
from tiedtts.text.patterns import Lazy

_TABLES = tables.read("british")
PERIODS = _TABLES["period"]
"""Abbreviations behind a sum, `£900 pcm`, and their words."""
SHORT = _TABLES["short"]
"""Other abbreviations and their words."""
_PER = tables.read("currencies")["per"]
_DAY_NAMES = "|".join(sorted((name.capitalize() for name in DAYS), key=len, reverse=True))
_VIDEO = frozenset(("144", "240", "360", "480", "576", "720"))
"""Lines of a picture, as in `720p`: no money."""


def date(day: int, month: int, number: str = "") -> str:
    """Return a date in words, the day first; nothing if there is none.

    Args:
        day: Its day; the month if there is no such month.
        month: Its month; the day if there is no such month.
        number: Its year as written, in two figures or four.
    """
    if month > 12 >= day:
        day, month = month, day
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return ""
    said = f"the {ordinal(day)} of {MONTHS[month - 1]}"
    if not number:
        return said
    if len(number) == 4:
        return f"{said} {year(int(number))}"
    return f"{said} {cardinal(int(number)) if int(number) > 9 else f'oh {digits(number[-1])}'}"


def _numeric(match: re.Match[str]) -> str:
    return date(int(match[1]), int(match[3]), match[4]) or match[0]


def _led_date(match: re.Match[str]) -> str:
    said = date(int(match[2]), int(match[3]))
    if not said:
        return match[0]
    day = DAYS.get(match[1].lower().rstrip("."))
    return f"{day or match[1]} {said}"


def _pence(match: re.Match[str]) -> str:
    number, per = match[1], match[2]
    if number in _VIDEO:
        return f"{pairs(int(number))} {letters('p')}"
    said = f"{spell_number(number)} {'penny' if number == '1' else 'pence'}"
    return f"{said} per {_PER[per.lower()]}" if per else said


def _stones(match: re.Match[str]) -> str:
    stones, pounds = int(match[1]), match[2]
    if not pounds and not 4 <= stones <= 40:
        return match[0]
    said = f"{cardinal(stones)} stone"
    return f"{said} {cardinal(int(pounds))} {'pound' if pounds == '1' else 'pounds'}" if pounds else said


def _score(own: str, other: str) -> str:
    def said(number: str) -> str:
        return cardinal(int(number)) if int(number) else "nil"

    return f"{said(own)} all" if own == other and int(own) else f"{said(own)} {said(other)}"


def _time(match: re.Match[str]) -> str:
    lead, hour, minute = match[1], int(match[2]), match[3]
    if not int(minute):
        return f"{lead} {cardinal(hour)}{' hundred' if hour > 12 else ''}"
    return f"{lead} {cardinal(hour)} {minutes(minute)}"


_PER_NAMES = "|".join(sorted(map(re.escape, _PER), key=len, reverse=True))
_SCORED = (
    "won|win|wins|winning|beat|beats|beaten|lost|lose|loses|drew|draw|draws|led|lead|leads|leading|trailed|trailing"
    "|score|scores|finished|ended"
)
EARLY_RULES = (
    # `3/4/2024-5/4/2024`
    Rule(
        r"(?<![\w./-])(\d{1,2}/\d{1,2}/(?:\d{4}|\d\d)) ?[-–] ?(?=\d{1,2}/\d{1,2}/(?:\d{4}|\d\d)(?![\w/]))",
        lambda m: f"{m[1]} to ",
    ),
    Rule(
        rf"\b({_DAY_NAMES})\b\.?(?=,? \d{{1,2}}([/.-])\d{{1,2}}\2\d)",
        lambda m: DAYS[m[1].lower()],
    ),
    Rule(r"(?<![\w./-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d\d)(?![\w/-]|\.\d)", _numeric),
    Rule(
        r"\b((?i:on|by|due|since|until|till|dated|starting|from|before|after)"
        rf"|(?:{_DAY_NAMES})\.?) (\d{{1,2}})/(\d{{1,2}})(?![\w/-]|[.,]\d| (?:of|cup|inch|mile|the|full)\b)",
        _led_date,
    ),
    Rule(r"(?<![\w.,])(\d{1,3}) ?p ?[-–] ?(?=\d{1,3} ?p\b)", lambda m: f"{spell_number(m[1])} to "),
    Rule(rf"(?<![\w.,])(\d{{1,3}}(?:\.\d)?)p(?:/((?i:{_PER_NAMES})))?(?![\w-]|\.\d)", _pence),
    Rule(
        rf"(£ ?\d[\d,.]*(?:k|m|bn)?) ?({'|'.join(map(re.escape, PERIODS))})(?![\w-])",
        lambda m: f"{m[1]} {PERIODS[m[2]]}",
    ),
    Rule(
        rf"(?<![\w/])({'|'.join(map(re.escape, SHORT))})(?![\w/])",
        lambda m: SHORT[m[1]],
        frozenset("&/"),
    ),
    Rule(r"(?<![\w.,])(\d{1,2}) ?st,? (\d{1,2}) ?lbs?\b", _stones),
    Rule(r"(?<![\w.,])(\d{1,2}) st\b()(?!\w|\. ?[A-Z])", lambda m: _stones(m) if m[1] else m[0]),
    Rule(
        rf"\b((?i:{_SCORED})(?: [a-z]+){{0,2}} )(\d{{1,2}})[-–](\d{{1,2}})(?![\w/%-]|[.,]\d| [a-z]+s\b)",
        lambda m: m[1] + _score(m[2], m[3]),
    ),
    Rule(
        r"(?<![\w.,/-])(\d{1,2})[-–](\d{1,2})"
        r"(?= (?:home |away )?(?:win|victory|defeat|draw|lead|loss|thrashing)\b)",
        lambda m: _score(m[1], m[2]),
    ),
    Rule(r"(?<![\w.,/-])(\d{1,2})[-–](0)(?![\w/%-]|[.,]\d)", lambda m: _score(m[1], m[2])),
    Rule(
        r"\b((?i:at|until|till|from|by|before|after)) ([01]?\d|2[0-3])\.([0-5]\d)"
        r"(?=$|[;:!?)]|[.,](?!\d)"
        r"| (?:on|and|to|until|till|today|tomorrow|tonight|sharp|in the|every|or|for|I|we)\b)",
        _time,
    ),
)
"""Come before the rules for dates and money; telephone numbers come before all of them."""

_FIGURES = "|".join(UNITS[:10])
_ORDINAL = (
    r"(?:(?:twenty|thirty) )?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
    r"|(?:ten|eleven|twelf|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twentie|thirtie)th"
)
_MONTH_DAY = Lazy(
    rf"\b({'|'.join(MONTHS)}) ({_ORDINAL})(?: to ({_ORDINAL}))?\b"
    r"(?P<comma>, (?=(?:nineteen|twenty|two|eighteen)\b))?"
)
_RUN = Lazy(rf"\b(?:(?:{_FIGURES})(?:,? |\b))*zero\b(?:,? (?:{_FIGURES})\b)*")
_FIGURE = Lazy(rf"\b(?:{_FIGURES})\b")
_DOUBLED = Lazy(rf"\b({_FIGURES}|oh) \1\b(?! \1\b)")
_LONG = Lazy(rf"\b(?:(?:{_FIGURES}|oh)(?:,? |\b)){{6,}}")
_YEAR = Lazy(rf"\btwo thousand (?=(?:{'|'.join(UNITS[1:10])})\b(?! hundred))")
_BEFORE = Lazy(r"([A-Za-z]+)[ ,-]*$")
_AFTER = Lazy(r"[ ,-]*([A-Za-z]+)")
_NOT_NOUGHT = frozenset(("degrees", "degree", "hundred", "hours"))


def spoken(text: AlignedText) -> AlignedText:
    """Return words that the rules made of figures as the British say them."""
    if not any(char.isdigit() for char in text.source):
        return text

    def written(start: int, end: int) -> str:
        return text.source[text.starts[start] : text.ends[end - 1]]

    def from_figures(match: re.Match[str]) -> bool:
        return any(map(str.isdigit, written(match.start(), match.end())))

    def named(match: re.Match[str]) -> str:
        """Read a date whose month comes first: as it is written, or the day first where all is figures."""
        name, day, last, comma = match.groups()
        source = written(match.start(), match.end(2))
        if not any(map(str.isdigit, source)):
            return match[0]
        if name[:3].lower() in source.lower():
            said = f"{name} the {day}" + (f" to the {last}" if last else "")
            return said + (comma or "")
        said = f"the {day}" + (f" to the {last}" if last else "") + f" of {name}"
        return said + (" " if comma else "")

    text = text.sub(_MONTH_DAY(), named)
    text = text.sub(_YEAR(), lambda m: "two thousand and " if _is_year(written(*m.span())) else m[0])
    text = text.sub(_RUN(), lambda m: _noughts(m, written(*m.span())) if from_figures(m) else m[0])
    return text.sub(_LONG(), lambda m: _doubled(m) if from_figures(m) else m[0])


def figures(words: str, kind: str) -> str:
    """Return what figures are read as, where zero is nought, or oh within groups of them.

    Args:
        words: Words of figures.
        kind: Value of `interpret-as`, see `tiedtts.text.markup.say_as`.
    """
    if kind in ("cardinal", "number"):
        return words.replace("zero", "nought")
    if kind in ("digits", "number:digits"):
        return words.replace("zero", "oh")
    if kind != "telephone":
        return words
    return re.sub(r"\S[^,]*", lambda m: _DOUBLED().sub(r"double \1", m[0]), words.replace("zero", "oh"))


def _is_year(source: str) -> bool:
    return re.search(r"200\d", source) is not None or re.search(r"\d[/.-]\d", source) is not None


def _noughts(match: re.Match[str], source: str) -> str:
    """Read the zeros of a run of figures: nought in decimals and alone, oh among others."""
    run, text = match[0], match.string
    count = len(_FIGURE().findall(run))
    before = _BEFORE().search(text, max(0, match.start() - 30), match.start())
    after = _AFTER().match(text, match.end())
    last, following = before[1] if before else "", after[1] if after else ""
    if last == "point":
        return run.replace("zero", "nought")
    if "dot" in (last, following):
        return run
    if count > 2 or (count == 2 and re.search(r"0\d", source)):
        return _doubled_oh(run.replace("zero", "oh"))
    if count == 1 and (following == "point" or following not in _NOT_NOUGHT):
        return "nought" if _is_lone(match) else run
    return run


def _is_lone(match: re.Match[str]) -> bool:
    """Whether a zero is a number of its own, and no part of a time such as `zero thirty`."""
    after = _AFTER().match(match.string, match.end())
    return after is None or after[1] not in _TENS


_TENS = frozenset(
    "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
) | {*("twenty", "thirty", "forty", "fifty")}


def _doubled_oh(run: str) -> str:
    return re.sub(r"\boh oh\b(?! oh\b)(?<!\boh oh oh)", "double oh", run)


def _doubled(match: re.Match[str]) -> str:
    """Read figures of a telephone number that come twice: double four."""
    return _DOUBLED().sub(lambda m: f"double {m[1]}", match[0])
