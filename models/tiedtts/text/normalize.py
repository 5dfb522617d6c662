"""Written English to spoken words: numbers, dates, money, abbreviations, addresses of the web.

A list of rules, each a pattern and what to say instead, applied one after the other. Conservative: what no
rule knows stays as it is written.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from tiedtts.text import numbers
from tiedtts.text.abbreviations import (
    ALWAYS,
    CURRENCIES,
    DOTTED,
    LETTERS,
    MAGNITUDES,
    MONTHS,
    NUMBERED,
    REGNAL,
    TITLES,
    UNITS,
)
from tiedtts.text.characters import clean

Match = re.Match[str]
Rule = tuple[re.Pattern[str], Callable[[Match], str]]

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_DOMAINS = r"com|org|net|edu|gov|io|dev|co|uk|de|fr|eu|ca|info|tv|ai|app"
_MONTH = "|".join(MONTHS)
_SHORT_MONTH = "|".join(f"{month[:3]}|{month}" for month in MONTHS)
_MONTH_NAMES = {month[:3].lower(): month for month in MONTHS}
_SYMBOLS = {"&": " and ", "+": " plus ", "=": " equals ", "%": " percent ", "@": " at ", "#": " number "}
_LONGEST_TOKEN = 60
"""Characters without a space; a longer run is no word and is broken up, so that no rule meets it whole."""


def normalize(text: str) -> str:
    """Turn written English into the words that are spoken, with their punctuation.

    A letter that is said by its name stands alone, in capitals: `FBI` becomes `F B I`.
    """
    return spoken(clean(text).text)


def spoken(text: str) -> str:
    """Do what `normalize` does, for a text that is clean already."""
    text = re.sub(rf"\S{{{_LONGEST_TOKEN}}}", r"\g<0> ", text)
    text = re.sub(r"[ \t\r\f\v]+", " ", text)
    shouted = _is_shouted(text)
    for pattern, say in _rules():
        text = pattern.sub(say, text)
    if shouted:
        text = text.lower()
    return re.sub(r" +", " ", text).strip()


def _is_shouted(text: str) -> bool:
    """Whether capitals are just loud here, rather than initials."""
    words = re.findall(r"[A-Za-z]{2,}", text)
    return len(words) > 3 and sum(word.isupper() for word in words) > 0.8 * len(words)


@lru_cache(maxsize=1)
def _rules() -> tuple[Rule, ...]:
    """Return all rules in their order; compiled when the first text comes."""
    units = "|".join(re.escape(unit) for unit in sorted(UNITS, key=len, reverse=True))
    dotted = "|".join(re.escape(a) for a in DOTTED)
    titles, always = "|".join(TITLES), "|".join(ALWAYS)
    named, regnal = "|".join(NUMBERED), "|".join(REGNAL)
    magnitudes = "|".join(sorted(MAGNITUDES, key=len, reverse=True))
    number = _NUMBER

    def rule(pattern: str, say: Callable[[Match], str], flags: int = 0) -> Rule:
        return re.compile(pattern, flags), say

    return (
        # Addresses first: they hold every character that the later rules look for.
        rule(r"\b[\w.+-]{1,40}@[\w-]{1,40}(?:\.[\w-]{1,20})+", _address),
        rule(r"\bhttps?://[^\s,;!?\"')]+|\bwww\.[^\s,;!?\"')]+", _address),
        rule(rf"\b[A-Za-z][\w-]{{1,40}}(?:\.[\w-]{{1,30}})*\.(?:{_DOMAINS})\b(?:/[\w./-]*\w)?", _address),
        rule(r"#(?=[A-Za-z])(\w{1,60})", lambda m: " hashtag " + _camel(m[1])),
        rule(r"(?<![\w.])@(\w{2,40})", lambda m: " at " + m[1]),
        rule(rf"(?<![\w.])(?:{dotted})(?![A-Za-z])", lambda m: DOTTED[m[0].lower()], re.IGNORECASE),
        # Dates.
        rule(
            rf"\b({_SHORT_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?:,? (\d{{4}}))?(?![\w]|[.,:]\d)",
            lambda m: _date(m[1], m[2], m[3]),
            re.IGNORECASE,
        ),
        rule(
            rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_SHORT_MONTH})\b\.?(?:,? (\d{{4}})(?!\w|[.,:]\d))?",
            lambda m: _day_first(m[1], m[2], m[3], m[0]),
            re.IGNORECASE,
        ),
        rule(rf"\b({_MONTH}),? (\d{{4}})\b", lambda m: f"{m[1]} {numbers.year(int(m[2]))}"),
        rule(r"\b(\d{4})-(\d{2})-(\d{2})\b", lambda m: _iso_date(m)),
        rule(r"\b(1[0-9]|20)(\d)0'?s\b", lambda m: numbers.decade(int(m[1] + m[2] + "0"))),
        rule(r"(?<!\w)'(\d)0s\b", lambda m: numbers.decade(int(m[1] + "0"))),
        rule(r"\b([2-9]0)s\b", lambda m: numbers.decade(int(m[1]))),
        # Times.
        rule(
            r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([ap])\.?m\b\.?)?",
            lambda m: _time(m),
            re.IGNORECASE,
        ),
        rule(
            r"\b(\d{1,2}) ?([ap])\.?m\b(\.(?=\s+[a-z]))?",
            lambda m: f"{numbers.cardinal(int(m[1]))} {m[2].upper()} M",
            re.IGNORECASE,
        ),
        # Money.
        rule(
            rf"([$£€¥]) ?({number})(?: ?(thousand|million|billion|trillion)\b|({magnitudes})\b)?",
            _money,
        ),
        rule(rf"\b({number}) ?([€£¥])", lambda m: _amount(m[2], m[1], "")),
        # Telephone numbers, ranges, scores, fractions.
        rule(
            r"(?<!\w)(?:\+?1[ -])?\(?(\d{3})\)?[ -](\d{3})-(\d{4})\b",
            lambda m: ", ".join(numbers.digits(part) for part in m.groups()),
        ),
        rule(r"\b(\d{3})-(\d{4})\b", lambda m: f"{numbers.digits(m[1])}, {numbers.digits(m[2])}"),
        rule(r"\b(1[5-9]\d\d|20\d\d) ?[-–] ?(1[5-9]\d\d|20\d\d|\d\d)\b(?!-)", _years),
        rule(rf"\b({number}) ?[–-] ?({number})(?=$|[^\w-])", lambda m: f"{m[1]} to {m[2]}"),
        rule(r"\b(\d{1,3}) (\d)/(\d{1,2})\b", lambda m: f"{m[1]} and {_fraction(m[2], m[3])}"),
        rule(r"(?<![\w/])(\d{1,2})/(\d{1,3})\b(?!/)", lambda m: _fraction(m[1], m[2])),
        # Ordinals, versions, units, percent.
        rule(r"\b(\d{1,9}|\d{1,3}(?:,\d{3})+)(?:st|nd|rd|th)\b", lambda m: numbers.ordinal(_whole(m[1]))),
        rule(r"\bv?(\d+(?:\.\d+){2,})\b", lambda m: " point ".join(_plain(p) for p in m[1].split("."))),
        rule(rf"(?<![\w.])-({number})", lambda m: f"minus {m[1]}"),
        rule(
            rf"\b({number}) ?(?:°|degrees) ?([CF])\b",
            lambda m: f"{m[1]} degrees {'Celsius' if m[2] == 'C' else 'Fahrenheit'}",
        ),
        rule(rf"\b({number}) ?({units})\b(?!['/])", _unit),
        rule(rf"\b({number}) ?%", lambda m: f"{m[1]} percent"),
        rule(r"\bNo\. ?(?=\d)", lambda m: "number "),
        rule(r"#(?=\d)", lambda m: "number "),
        # Roman numerals, only after a word that takes them.
        rule(rf"\b({regnal}) ([IVX]{{1,6}})\b(?!')", lambda m: _numeral(m, "the ", numbers.ordinal)),
        rule(rf"\b({named}) ([IVX]{{1,6}})\b(?!')", lambda m: _numeral(m, "", numbers.cardinal)),
        # Abbreviations, initials, capitals.
        rule(rf"\b({titles})\b\.? (?=[A-Z])", lambda m: TITLES[m[1]] + " "),
        rule(rf"\b({always})\.(?=(\s*$|\s+[A-Z])?)", _abbreviation, re.IGNORECASE),
        rule(r"\b(?:[A-Za-z]\.){2,}(?=(\s*$|\s+[A-Z][a-z])?)", _dotted_letters),
        rule(r"\b([A-Z])\.(?= [A-Z])", lambda m: m[1]),
        rule(r"\b([a-z]{2,})([A-Z][a-z]+)", lambda m: _camel(m[0])),
        rule(r"\b[A-Z][a-z]+(?:[A-Z][a-z]+)+\b", lambda m: _camel(m[0])),
        rule(r"\b([A-Z]{2,6})(s|'s)?\b", _capitals),
        # What is left of the digits.
        rule(
            r"\b(in|since|by|from|until|of|year|around|before|after|during|early|late|mid|circa) "
            r"(1[1-9]\d\d|20\d\d)\b(?![.,]\d)",
            lambda m: f"{m[1]} {numbers.year(int(m[2]))}",
            re.IGNORECASE,
        ),
        rule(r"(?<![\d.,])(1[5-9]\d\d|20[0-4]\d)(?![\d]|[.,]\d)", lambda m: numbers.year(int(m[1]))),
        rule(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", lambda m: " "),
        rule(number, lambda m: f" {numbers.decimal(m[0])} "),
        rule(r"\.(\d+)", lambda m: f" point {numbers.digits(m[1])} "),
        # What is left of the signs.
        rule(r"\b([a-z]\w{0,20})\.(?=[a-z]{1,6}\b)", lambda m: f"{m[1]} dot "),
        rule(r"(?<=\w)/(?=\w)", lambda m: " slash " if m.string[m.end() : m.end() + 1].isdigit() else " "),
        rule(r"[&+=%@#]", lambda m: _SYMBOLS[m[0]]),
        rule(r"\.{2,}(?=\s*$|\s+[A-Z])", lambda m: "."),
        rule(r"\.{2,}", lambda m: ", "),
        rule(r"\s(?:-{1,3}|–)\s|-{2,}|—", lambda m: ", "),
        rule(r"[-–_~*^|\\<>`]", lambda m: " "),
        rule(r"[()\[\]]+", lambda m: ", "),
        rule(r"\s+([,.;:?!])", lambda m: m[1]),
        rule(r",(?:\s*,)+", lambda m: ","),
        rule(r"^\s*,\s*|(?<=[.?!;:]),", lambda m: " "),
        rule(r",\s*(?=[.?!;:])", lambda m: ""),
    )


def _whole(text: str) -> int:
    return int(text.replace(",", ""))


def _plain(text: str) -> str:
    return numbers.digits(text) if text.startswith("0") or len(text) > 4 else numbers.cardinal(int(text))


def _camel(word: str) -> str:
    """Put spaces into `CamelCase`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_", " ", word)


def _address(m: Match) -> str:
    """Read out an e-mail or web address."""
    text = re.sub(r"^https?://", "", m[0])
    end = ""
    while text and text[-1] in ".,:/":
        end, text = (text[-1] if text[-1] != "/" else end), text[:-1]
    text = re.sub(r"^www\.", "W W W dot ", text)
    for sign, word in (
        (".", "dot"),
        ("@", "at"),
        ("/", "slash"),
        ("-", "dash"),
        ("_", "underscore"),
        ("+", "plus"),
    ):
        text = text.replace(sign, f" {word} ")
    text = re.sub(r"\b(uk|io|tv|ai|eu)\b", lambda k: " ".join(k[0].upper()), text)
    return re.sub(r"[^A-Za-z0-9 ]", " ", text) + end


def _day(text: str) -> str | None:
    return numbers.ordinal(int(text)) if 1 <= int(text) <= 31 else None


def _date(month: str, day: str, year: str | None) -> str:
    name, spoken_day = _MONTH_NAMES[month[:3].lower()], _day(day)
    if spoken_day is None:
        return f"{month} {day}" + (f" {year}" if year else "")
    return f"{name} {spoken_day}" + (f", {numbers.year(int(year))}" if year else "")


def _day_first(day: str, month: str, year: str | None, written: str) -> str:
    spoken_day = _day(day)
    # `may` and `march` are also words: in lower case only a whole date is one.
    if spoken_day is None or (month.islower() and month in ("may", "mar", "march") and not year):
        return written
    name = _MONTH_NAMES[month[:3].lower()]
    return f"the {spoken_day} of {name}" + (f" {numbers.year(int(year))}" if year else "")


def _iso_date(m: Match) -> str:
    month, day = int(m[2]), _day(m[3])
    if not 1 <= month <= 12 or day is None:
        return " ".join(numbers.digits(part) for part in m.groups())
    return f"{MONTHS[month - 1]} {day}, {numbers.year(int(m[1]))}"


def _time(m: Match) -> str:
    hour, minute = int(m[1]), int(m[2])
    half = f" {m[4].upper()} M" if m[4] else ""
    if hour > 24 or minute > 59:
        return f"{numbers.cardinal(hour)} to {numbers.cardinal(minute)}"
    if m[3]:
        seconds = numbers.cardinal(int(m[3]))
        return f"{numbers.cardinal(hour)} {_minutes(minute)} and {seconds} seconds{half}"
    if not minute:
        return f"{numbers.cardinal(hour)}{half or ' o clock'}"
    return f"{numbers.cardinal(hour)} {_minutes(minute)}{half}"


def _minutes(minute: int) -> str:
    return f"oh {numbers.cardinal(minute)}" if minute < 10 else numbers.cardinal(minute)


def _money(m: Match) -> str:
    magnitude = m[3] or MAGNITUDES.get(m[4] or "", "")
    return _amount(m[1], m[2], magnitude)


def _amount(sign: str, text: str, magnitude: str) -> str:
    one, several, cent, cents = CURRENCIES[sign]
    if magnitude:
        return f"{numbers.decimal(text)} {magnitude} {several}"
    whole, _, part = text.replace(",", "").partition(".")
    if len(part) not in (0, 2):
        return f"{numbers.decimal(text)} {several}"
    spoken_whole = f"{numbers.decimal(whole)} {one if int(whole) == 1 else several}"
    if not part or not int(part):
        return spoken_whole
    spoken_part = f"{numbers.cardinal(int(part))} {cent if int(part) == 1 else cents}"
    return spoken_part if not int(whole) else f"{spoken_whole} and {spoken_part}"


def _years(m: Match) -> str:
    end = int(m[2])
    later = numbers.year(end) if end > 99 else numbers.cardinal(end)
    return f"{numbers.year(int(m[1]))} to {later}"


def _fraction(numerator: str, denominator: str) -> str:
    if int(denominator) < 2 or int(denominator) > 100 or not int(numerator):
        return f"{numbers.cardinal(int(numerator))} over {numbers.cardinal(int(denominator))}"
    return numbers.fraction(int(numerator), int(denominator))


def _unit(m: Match) -> str:
    # `5 m` is a length; `I have 5 s` and `5 A` are not worth a guess without the number touching.
    one, several = UNITS[m[2]]
    return f"{m[1]} {one if m[1] == '1' else several}"


def _numeral(m: Match, article: str, say: Callable[[int], str]) -> str:
    value = numbers.roman(m[2])
    if value is None or (
        m[2] == "I" and article and m[1] in ("Paul", "Peter", "Christian", "Victor", "Mary")
    ):
        return m[0]
    return f"{m[1]} {article}{say(value)}"


def _abbreviation(m: Match) -> str:
    word = m[1]
    # A word such as `sun.` or `co.` at the end of a sentence is that word, unless it is written as a short form.
    ends = m[2] is not None
    if word.lower() in _ALSO_WORDS and (word.islower() or ends):
        return m[0]
    said = ALWAYS[word.lower()]
    return said + ("." if ends else "")


_ALSO_WORDS = frozenset(
    "max min sat sun mon wed mar fig co inc div dist dr st sec sep jan jun apt fri".split()
) - {"st", "dr", "inc"}


def _dotted_letters(m: Match) -> str:
    letters = " ".join(m[0].replace(".", " ").upper().split())
    return letters + ("." if m[1] is not None else "")


def _capitals(m: Match) -> str:
    """Say initials by their letters; leave capitals that are a word to the dictionary."""
    word, ending = m[1], m[2] or ""
    if word in LETTERS or not re.search(r"[AEIOUY]", word):
        # `s` of a plural belongs to the last letter: `DVDs`.
        return " ".join(word) + ("'s" if ending else "")
    return m[0]
