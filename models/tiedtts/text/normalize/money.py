"""Rules for sums of money."""

import re
from dataclasses import dataclass

from tiedtts.text import tables
from tiedtts.text.normalize.numbers import cardinal, count, spell_number
from tiedtts.text.normalize.rules import NUMBER, Rule, letters, spaced


@dataclass(frozen=True, slots=True)
class Currency:
    """The words for a currency."""

    one: str
    many: str
    cent: str = ""
    """Nothing if it has no hundredths."""
    cents: str = ""


_TABLES = tables.read("currencies")
SIGNS = {sign: Currency(*words.split(",")) for sign, words in _TABLES["sign"].items()}
CODES = _TABLES["code"]
COUNTRIES = _TABLES["country"]
"""Letters before a dollar sign, and the country: `A$`."""
SCALES = _TABLES["scale"]
PER = _TABLES["per"]
_SIGN = "[" + "".join(SIGNS) + "]"
_SCALE = "(?: ?(" + "|".join(sorted(SCALES, key=len, reverse=True)) + r")\b)?"
_PER = r"(?:/(" + "|".join(sorted(PER, key=len, reverse=True)) + r")\b)?"


def amount(number: str, currency: Currency, scale: str = "") -> str:
    """Return a sum in words.

    Args:
        number: The number as written: `1,925.21`.
        currency: Its words.
        scale: `million` and the like.
    """
    if scale:
        return f"{spell_number(number, scale)} {scale} {currency.many}"
    whole, _, decimals = number.replace(",", "").partition(".")
    if decimals.strip("0") and not (currency.cent and (len(decimals) < 3 or not decimals[2:].strip("0"))):
        return f"{spell_number(number)} {currency.many}"
    major, minor = int(whole or "0"), int((decimals + "00")[:2]) if decimals else 0
    parts = []
    if major or not minor:
        parts.append(f"{count(major)} {currency.one if major == 1 else currency.many}")
    if minor:
        parts.append(f"{count(minor)} {currency.cent if minor == 1 else currency.cents}")
    return " ".join(parts)


def _money(match: re.Match[str]) -> str:
    country, sign, number, scale, per = match.groups()
    minus = "minus " if match[0].startswith("-") else ""
    words = minus + amount(number, SIGNS[sign], SCALES[scale.lower()] if scale else "")
    if country:
        name = COUNTRIES.get(country.upper()) or letters(country)
        head, _, tail = words.rpartition(" ")
        words = f"{head} {name} {tail}"
    if _adjective(match):
        head, _, last = words.rpartition(" ")
        words = f"{head} {_ONE.get(last, last)}"
    return spaced(match, f"{words} per {PER[per.lower()]}" if per else words)


_ONE = {currency.many: currency.one for currency in SIGNS.values()}
_NOUN = re.compile(r" (?:bills?|notes?|coins?)\b")
_NO_NOUN = re.compile(" (?:in|on|to|for|of|and|or|a|an|per|each|back|is|was|by|from|at|as|more|less|than)\\b")


def _adjective(match: re.Match[str]) -> bool:
    """Whether a sum describes what follows: `a $5 fee`, `$20 bills`."""
    text, end = match.string, match.end()
    if _NOUN.match(text, end):
        return True
    before = text[max(0, match.start() - 3) : match.start()].lower()
    return (
        before in ("a ", " a ")
        and bool(re.match(" [a-z]{3}", text[end : end + 4]))
        and not _NO_NOUN.match(text, end)
    )


_MINOR = {"dollars": "cents", "euros": "cents", "pounds": "pence", "francs": "centimes"}


def _coded(match: re.Match[str]) -> str:
    number = match[1] or match[4]
    code = match[2] or match[3]
    cents = re.search(r"\.(\d\d)$", number)
    minor = _MINOR.get(CODES[code].split()[-1])
    if cents and minor and cents[1] != "00":
        whole = spell_number(number[:-3])
        return f"{whole} {CODES[code]} {cardinal(int(cents[1]))} {minor}"
    return f"{spell_number(number)} {CODES[code]}"


def _continental(text: str) -> str:
    """Return a number with points between thousands and a decimal comma, `1.234,56`, as it is in English."""
    return re.sub("[ .']", "", text).replace(",", ".")


def _marked(match: re.Match[str]) -> str:
    """Read sums whose sign is letters: `R$ 20`, `kr 50`."""
    mark, number, scale, first, last = match.groups()
    currency = MARKS[mark or last]
    number = number or first
    if re.search(r",\d{1,2}$", number):
        number = _continental(number)
    return spaced(match, amount(number, currency, SCALES[scale.lower()] if scale else ""))


def _rupees(match: re.Match[str]) -> str:
    number, scale = match[1], match[2]
    if re.fullmatch(r"\d{1,2}(?:,\d{2}){1,4},\d{3}(?:\.\d+)?", number):
        number = number.replace(",", "")
    if scale:
        return f"{spell_number(number)} {scale.lower()} rupees"
    return amount(number, SIGNS["₹"])


MARKS = {mark: Currency(*words.split(",")) for mark, words in _TABLES["mark"].items()}
"""Signs of letters, as `R$` and `kr`."""
_MARK = "|".join(sorted(map(re.escape, MARKS), key=len, reverse=True))
_CONTINENTAL = r"\d{1,3}(?:[. ']\d{3})*,\d{1,2}"
_RUPEES = r"(?:\d{1,2}(?:,\d{2}){1,4},\d{3}(?:\.\d\d)?|\d{1,3}(?:,\d{3})+(?:\.\d\d)?|\d+(?:\.\d+)?)"
_CODE = "(" + "|".join(CODES) + ")"
_TRADED = "EUR|USD|GBP|JPY|CHF|AUD|NZD|CAD|CNY|INR|SEK|NOK|MXN|BTC|ETH"
RULES = (
    # Exchange rates: `EUR/USD 1.08`
    Rule(rf"\b({_TRADED})/({_TRADED})\b", lambda m: f"{letters(m[1])} {letters(m[2])}, ", frozenset("/")),
    # `€1.234,56` and `1.234,56 €`
    Rule(
        rf"(?<![A-Z])({_SIGN}) ?(\d{{1,3}}(?:[. ']\d{{3}})+,\d\d|\d{{1,9}},\d\d)(?![\d,]|\.\d)",
        lambda m: amount(_continental(m[2]), SIGNS[m[1]]),
        frozenset(SIGNS),
    ),
    Rule(
        rf"(?<![\d.,])(\d{{1,3}}(?:[. ']\d{{3}})+(?:,\d\d)?) ?({_SIGN})(?![\w.])",
        lambda m: amount(_continental(m[1]), SIGNS[m[2]]),
        frozenset(SIGNS),
    ),
    Rule(
        r"([€])(\d{1,3}(?:\.\d{3}){2,4})(?![\d,.])",
        lambda m: f"{m[1]}{_continental(m[2])}",
        frozenset("€"),
    ),
    Rule(rf"(?<![\w.])({_CONTINENTAL}) ?(?=(?:{'|'.join(CODES)})\b)", lambda m: f"{_continental(m[1])} "),
    Rule(rf"\b({'|'.join(CODES)}) ({_CONTINENTAL})(?![\d,])", lambda m: f"{m[1]} {_continental(m[2])}"),
    Rule(
        rf"(?<!\w)(?:Rs\.?|₹|INR) ?({_RUPEES})(?: ?((?i:lakhs?|crores?))\b)?(?:/-)?(?!\d|,\d)"
        r"(?! ?(?:million|billion|thousand|[kmb]n?\b))",
        _rupees,
    ),
    Rule(
        rf"(?<![\w$])(?:({_MARK})\.? ?({_CONTINENTAL}|{NUMBER}){_SCALE}"
        rf"|({_CONTINENTAL}|{NUMBER}) ?({_MARK})(?![\w$]))",
        _marked,
    ),
    Rule(
        r"(?<![\w.,])(\d{1,3})p\b"
        r"(?= (?:coin|piece|each|per|more|less|a|an|on|off|tax|charge|stamp|in|for)\b|[.,;)]|$)",
        lambda m: f"{spell_number(m[1])} {'penny' if m[1] == '1' else 'pence'}",
    ),
    Rule(rf"({_SIGN}{NUMBER}) ?[-–] ?(?={_SIGN}\d)", lambda m: f"{m[1]} to ", frozenset(SIGNS)),
    # `$1.5M-2M`
    Rule(
        rf"({_SIGN}{NUMBER} ?(?:{'|'.join(sorted(SCALES, key=len, reverse=True))})) ?[-–] ?"
        rf"(?={NUMBER} ?(?:{'|'.join(sorted(SCALES, key=len, reverse=True))})\b)",
        lambda m: f"{m[1]} to {m[1][0]}",
        frozenset(SIGNS),
        re.IGNORECASE,
    ),
    Rule(
        rf"({_SIGN})({NUMBER}) ?[-–] ?(?=\d)", lambda m: f"{spell_number(m[2])} to {m[1]}", frozenset(SIGNS)
    ),
    Rule(
        rf"(?:(?<!\w)-)?(?:\b(US|A|C|S|HK|NZ|AU|CA))?({_SIGN}) ?({NUMBER}){_SCALE}"
        rf"(?: (?:dollar|pound|euro)s?\b)?{_PER}",
        _money,
        frozenset(SIGNS),
        re.IGNORECASE,
    ),
    Rule(rf"\b({NUMBER}) ?{_CODE}\b|\b{_CODE}\.? ?({NUMBER})", _coded),
    # As on the Continent: `5,50 €`.
    Rule(
        rf"(?<![\d.,])(\d{{1,9}}),(\d\d) ?({_SIGN})(?![\w.])",
        lambda m: amount(f"{m[1]}.{m[2]}", SIGNS[m[3]]),
        frozenset(SIGNS),
    ),
    Rule(
        rf"(?<![\d.,])({NUMBER}) ?({_SIGN})(?![\w.])", lambda m: amount(m[1], SIGNS[m[2]]), frozenset(SIGNS)
    ),
    Rule(
        rf"(?<!\d)({NUMBER}) ?¢{_PER}",
        lambda m: (
            f"{spell_number(m[1])} {'cent' if m[1] == '1' else 'cents'}"
            + (f" per {PER[m[2]]}" if m[2] else "")
        ),
        frozenset("¢"),
    ),
)
