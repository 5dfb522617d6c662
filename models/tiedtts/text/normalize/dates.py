"""Rules for dates, years and eras."""

import re

from tiedtts.text import tables
from tiedtts.text.normalize.numbers import cardinal, digits, ordinal, pairs, year
from tiedtts.text.normalize.rules import Rule, letters

_TABLES = tables.read("dates")
MONTHS = list(_TABLES["month"])
SHORT = {name: int(number) for name, number in _TABLES["short month"].items()}
NUMBERED = {**SHORT, **{name.lower(): place for place, name in enumerate(MONTHS, start=1)}}
DAYS = _TABLES["day"]
_MONTH = "(" + "|".join(sorted(NUMBERED, key=len, reverse=True)) + r")\b\.?"
_DAY = r"(\d{1,2})(?:st|nd|rd|th)?"
_MONTH_NAMES = "|".join(sorted((name.capitalize() for name in NUMBERED), key=len, reverse=True))
_DAY_NAMES = "|".join(sorted((name.capitalize() for name in DAYS), key=len, reverse=True))
_NOTHING: frozenset[str] = frozenset()
_YEAR = r"(?:(?:,? |-)(\d{4})(?![\d,:/-]|\.\d| ?%))?"


def month(name: str) -> str:
    """Return the full name of a month."""
    return MONTHS[NUMBERED[name.lower()] - 1]


def _is_day(text: str) -> bool:
    return 1 <= int(text) <= 31


def _month_day(match: re.Match[str]) -> str:
    name, day, last, written = match.groups()
    verbs = name in ("may", "march", "mar") and not written
    if not _is_day(day) or verbs:
        return match[0]
    spoken = f"{month(name)} {ordinal(int(day))}"
    if last:
        if not _is_day(last):
            return match[0]
        spoken += f" to {ordinal(int(last))}"
    return f"{spoken}, {year(int(written))}" if written else spoken


def _day_month(match: re.Match[str]) -> str:
    the, day, name, written = match.groups()
    if not _is_day(day) or (name in ("may", "march", "mar") and not written and not the):
        return match[0]
    spoken = f"the {ordinal(int(day))} of {month(name)}"
    return f"{spoken} {year(int(written))}" if written else spoken


def _month_year(match: re.Match[str]) -> str:
    number = int(match[2])
    return f"{month(match[1])} {year(number)}" if 1000 <= number < 2200 else match[0]


def _iso(match: re.Match[str]) -> str:
    return date(int(match[1]), int(match[3]), int(match[4])) or match[0]


def _year_month(written: str, number: str) -> str:
    return f"{MONTHS[int(number) - 1]} {year(int(written))}"


def _numeric(match: re.Match[str]) -> str:
    first, second, written = int(match[1]), int(match[3]), match[4]
    swapped = first > 12 or match[2] == "."
    if match[2] != match[0][len(match[1]) + 1 + len(match[3])] or len(written) == 3:
        return match[0]
    parts = (second, first) if swapped else (first, second)
    spoken = date(int(written), *parts)
    if not spoken:
        return match[0]
    if len(written) == 4:
        return spoken
    short = cardinal(int(written)) if int(written) > 9 else digits(written)
    return f"{date(2000, *parts).rpartition(',')[0]}, {short}"


def date(number: int, month_number: int, day: int) -> str:
    """Return a date in words, nothing if there is none."""
    if not (1 <= month_number <= 12 and 1 <= day <= 31):
        return ""
    return f"{MONTHS[month_number - 1]} {ordinal(day)}, {year(number)}"


def _era(match: re.Match[str]) -> str:
    number = int(match[1])
    said = pairs(number) if 110 <= number < 10000 and number % 100 >= 10 else year(number)
    return f"{said} {letters(match[2].replace('.', '').replace(' ', ''))}"


def _quarter(match: re.Match[str]) -> str:
    return _part_of_year(f"the {ordinal(int(match[1]))} quarter", match[2])


def _half(match: re.Match[str]) -> str:
    return _part_of_year(f"the {ordinal(int(match[1]))} half", match[2])


def _fiscal(written: str) -> str:
    return year(int(written)) if len(written) == 4 else cardinal(int(written))


def _part_of_year(part: str, written: str | None) -> str:
    if not written:
        return part
    number = int(written)
    said = year(number) if number > 99 else digits(written) if number < 10 else cardinal(number)
    return f"{part} of {said}"


def _until(match: re.Match[str]) -> str:
    # `the 5-3 May` is no range of dates, nor is a sum.
    text = match.string
    before = text[max(0, match.start() - 12) : match.start()]
    dated = any(part[:3].lower() in SHORT or part[:3] == "May" for part in re.findall("[A-Za-z]+", before))
    return " to " if dated else match[0]


def _named(match: re.Match[str]) -> str:
    return date(int(match[3]), NUMBERED[match[1].lower()], int(match[2])) or match[0]


def _this_year(match: re.Match[str]) -> str:
    number, day = int(match[2]), int(match[3])
    if not (1 <= number <= 12 and 1 <= day <= 31):
        return match[0]
    return f"{match[1]} {MONTHS[number - 1]} {ordinal(day)}"


def _days(match: re.Match[str]) -> str:
    """Read a list of weekdays; the full stop of the last may end the sentence."""
    said = re.sub(rf"\b({_DAY_NAMES})\b(?:\.(?!$))?", lambda day: DAYS[day[1].lower()], match[0])
    return said.replace("&", " and ").replace("+", " and ").replace("/", " and ")


RULES = (
    # `Sat & Sun`, `Mon, Wed & Fri`, `Tue/Thu`
    Rule(
        rf"(?<![\w'-])(?:{_DAY_NAMES})\.?"
        r"(?:(?:, | ?[&/+] ?|,? (?:and|or|to|through|thru|till|until) (?:on )?)"
        rf"(?:{_DAY_NAMES})\b\.?(?![\w'])){{1,6}}",
        _days,
        frozenset(),
    ),
    Rule(
        rf"\b({_DAY_NAMES})\.? ?[-–] ?({_DAY_NAMES})\b(?:\.(?= [a-z]))?",
        lambda m: f"{DAYS[m[1].lower()]} to {DAYS[m[2].lower()]}",
        _NOTHING,
    ),
    # `Jan 2024–Mar 2025`, `5 Jan – 3 Feb`, `Jan. 5-Feb. 3`
    Rule(
        rf"(?<=\d) ?[-–] ?(?=(?:{_MONTH_NAMES})\b\.? \d)|(?<=\d) ?[-–] ?(?=\d{{1,2}} (?:{_MONTH_NAMES})\b)",
        _until,
    ),
    Rule(rf"\b({_MONTH_NAMES})\.? ?[-–] ?(?=\d{{1,2}} (?:{_MONTH_NAMES})\b)", lambda m: f"{m[1]} to "),
    Rule(
        rf"(?<![\w-])((?i:{_MONTH_NAMES}))\.?[-/](\d{{1,2}})[-/](\d{{4}})(?![\w-])",
        _named,
    ),
    Rule(
        rf"(?<![\w-])(\d{{1,2}})[-/]((?i:{_MONTH_NAMES}))[-/](\d{{2}})(?![\w-])",
        lambda m: date(2000 + int(m[3]), NUMBERED[m[2].lower()], int(m[1])) or m[0],
    ),
    Rule(
        r"(?<![\w./-])([12]\d{3})([/.-])(\d{1,2})\2(\d{1,2})(?![\w-]|[./]\d)",
        _iso,
    ),
    # `on 3/15`
    Rule(
        r"\b((?i:on|by|due|since|until|till|dated|starting|from)) (\d{1,2})/(\d{1,2})"
        r"(?![\w/-]|[.,]\d| (?:of|cup|inch|mile|the))",
        _this_year,
    ),
    Rule(
        rf"\b(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat|Sun)\b\.?(?=,? (?:(?:{_MONTH_NAMES})\b|\d))",
        lambda m: DAYS[m[1].lower()],
    ),
    # `on Sat. morning`, `every Mon`
    Rule(rf"(?<![\w.'-])({_DAY_NAMES})\.(?=,| [a-z])", lambda m: DAYS[m[1].lower()], frozenset(".")),
    Rule(
        r"\b((?i:on|last|next|this|every|each|until|till|since|by)) "
        r"(Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sat(?=\.?$|,| (?:morn|noon|after|even|night))"
        r"|Sun(?=\.$| (?:morn|noon|after|even|night)))\b"
        r"(?=\.?$|[,;:)]| [a-z])",
        lambda m: f"{m[1]} {DAYS[m[2].lower()]}",
        frozenset(),
    ),
    Rule(r"(?<![\w./-])([12]\d{3})-0([1-9])(?![\w/-]|[.,]\d)", lambda m: _year_month(m[1], m[2])),
    Rule(r"(?<![\w./-])0([1-9])/([12]\d{3})(?![\w/-]|[.,]\d)", lambda m: _year_month(m[2], m[1])),
    Rule(r"(?<![\w./-])(\d{4})([-./])(\d\d)\2(\d\d)(?![\w-]|[./]\d)", _iso),
    Rule(r"(?<![\w./-])(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4}|\d\d)(?![\w/-]|\.\d)", _numeric),
    Rule(
        rf"(?<![\d.,/:$-])(\d{{1,2}}) ?[-–] ?(\d{{1,2}}) ({_MONTH_NAMES})\b",
        lambda m: (
            f"the {ordinal(int(m[1]))} to the {ordinal(int(m[2]))} of {month(m[3])}"
            if _is_day(m[1]) and _is_day(m[2])
            else m[0]
        ),
    ),
    Rule(rf"\b(the )?(?<![\d.,/:$-]){_DAY}(?: (?:of )?|-){_MONTH}{_YEAR}", _day_month, flags=re.IGNORECASE),
    Rule(
        rf"\b{_MONTH} (?:the )?{_DAY}(?: ?[-–] ?{_DAY})?(?![\w:/%]|[.,]\d){_YEAR}",
        _month_day,
        flags=re.IGNORECASE,
    ),
    Rule(rf"\b{_MONTH},? (\d{{4}})(?![\w,:/%-]|\.\d)", _month_year, flags=re.IGNORECASE),
    Rule(r"(?<![\w.,])(\d{1,4}) ?(A\.? ?D\b|B\.? ?C\.? ?E\b|B\.? ?C\b|C\.? ?E\b|a\.d\b|b\.c\b)\.?", _era),
    Rule(
        r"\b(?:FY|fy) ?'?((?:19|20)?\d\d)(?:[-/](\d\d))?(?![\w/-])",
        lambda m: f"fiscal year {_fiscal(m[1])}{' ' + cardinal(int(m[2])) if m[2] else ''}",
    ),
    Rule(r"\bQ([1-4]) ?[-–] ?(?=Q[1-4]\b)", lambda m: f"Q {cardinal(int(m[1]))} to "),
    Rule(r"\b([1-4])(?:Q ?(\d\d(?:\d\d)?)|Q)\b", _quarter),
    Rule(r"\b([12])H ?(\d\d(?:\d\d)?)\b", _half),
    Rule(
        rf"\b({_MONTH_NAMES})\.? ?[-–] ?({_MONTH_NAMES})\b(?:\.(?= [a-z]))?",
        lambda m: f"{month(m[1])} to {month(m[2])}",
        _NOTHING,
    ),
    Rule(
        r"\b(in|since|by|until|till|before|after|from|of|year|circa|around) (1[01]\d\d)\b"
        r"(?![,.:/%-]?\d| [a-z]+s\b)",
        lambda m: f"{m[1]} {year(int(m[2]))}",
    ),
)
