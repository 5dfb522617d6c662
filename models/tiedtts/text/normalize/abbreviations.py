"""Rules for abbreviations, with their full stops or without."""

import re

from tiedtts.text import tables
from tiedtts.text.normalize.rules import Rule, letters

_TABLES = tables.read("abbreviations")
LEADS = _TABLES["leads"]
"""Abbreviations that something always follows: their full stop never ends a sentence."""
MONTHS = _TABLES["month"]
ENDS = _TABLES["ends"] | MONTHS
"""Abbreviations that may also end a sentence."""
CAPITALISED = frozenset(_TABLES["capitalised"])
"""Abbreviations only with a capital: in lower case they are words, or something else."""
COUNTED = _TABLES["counted"]
"""Abbreviations only before a number."""
ROMAN = frozenset(_TABLES["roman"])
"""Counted abbreviations that a Roman numeral may follow as well."""
STREETS = _TABLES["street"]
"""Abbreviations after the name of a street."""
LABELLED = _TABLES["labelled"]
"""Abbreviations before a colon: `Temp: 20`."""
INITIALISMS = frozenset(_TABLES["initialism"])
"""Abbreviations that are initialisms in capitals."""
TEXTED = _TABLES["texted"]
"""Words written with figures in short messages."""
WEEKDAYS = frozenset(_TABLES["weekday"])
DIRECTIONS = _TABLES["direction"]
_REGIONS = (
    "(?:America|Korea|Carolina|Dakota|Africa|Asia|Ireland|Virginia|Yorkshire|Sudan|Macedonia|Timor|Germany)"
)
_LATIN = {"e": "for example,", "i": "that is,", "a": "also known as"}
_DOT = frozenset(".")


def _dotted(match: re.Match[str]) -> str:
    """Expand `Mr.`, `etc.`; keep a full stop that may end the sentence."""
    word = match[1]
    name = word.lower()
    said = LEADS.get(name) or ENDS.get(name)
    if said is None or (name in CAPITALISED and not word[0].isupper()):
        return match[0]
    if name in INITIALISMS and word.isupper() and not match.string.isupper():
        # `Ask HR.`: letters, and the full stop ends the sentence.
        return match[0]
    if word[0].isupper():
        said = said.capitalize()
    return said


def _undotted(match: re.Match[str]) -> str:
    return LEADS[match[1].lower()].capitalize()


def _initials(match: re.Match[str]) -> str:
    return letters(match[0].replace(".", "").replace(" ", ""))


def _saint_or_street(match: re.Match[str]) -> str:
    before = match.string[: match.start()].rpartition(" ")[0].rpartition(" ")[2] if match.start() else ""
    previous = match.string[max(0, match.start() - 30) : match.start()].rstrip(" ").rpartition(" ")[2]
    on_street = previous[:1].isupper() and previous.isalpha() and len(previous) > 3 and before not in ("",)
    return "Street, " if on_street and previous not in ("The", "From", "With", "Near") else "Saint "


def _contracted(match: re.Match[str]) -> str:
    return f"{match[1]}nternational" if match[1] else f"{match[2]}ational"


def _labelled(match: re.Match[str]) -> str:
    said = LABELLED[match[1].lower()]
    return said.capitalize() if match[1][0].isupper() else said


def _either(match: re.Match[str]) -> str:
    if match[0] not in ("s/he", "S/he", "S/He", "(s)he", "(S)he"):
        return match[0]
    return "She or he" if match[0].strip("(")[0] == "S" else "she or he"


def _street(match: re.Match[str]) -> str:
    return f"{match[1]} {STREETS[match[2].lower()]}"


COUNTED_RULES = (
    Rule(r"\b(Hwy|Rte|Apt|Bldg|Ste|Rm|Vol|Fig|Eq|Ext) (?=\d)", lambda m: f"{COUNTED[m[1].lower()]} "),
    # `c. 1450`, `20th c.`
    Rule(
        r"(?<![\w.])c\. ?(?=\d{3,4}\b(?!,\d| ?[a-z]{3}))|(?<![\w.])c\. ?(?=\d{1,4} (?:AD|BC|BCE|CE)\b)",
        lambda m: "circa ",
    ),
    Rule(r"(?<=\d(?:st|nd|rd|th)) c\.", lambda m: " century"),
    Rule(r"(?<=\d(?:st|nd|rd|th)) [Ff]l\b\.?", lambda m: " floor"),
    Rule(r"\b([Nn])o\. ?(?=of\b)", lambda m: f"{m[1]}umber ", _DOT),
    Rule(rf"(?<![\w.])({'|'.join(LABELLED)})\.?(?=:(?!\w))", _labelled, frozenset(":"), re.IGNORECASE),
    Rule(rf"(?<![\w.'#@/-])({'|'.join(TEXTED)})(?![\w'/@-]|\.\w)", lambda m: TEXTED[m[1]]),
    Rule(r"(?<![\w/])\(?[sS]\)?/?[hH]e(?![\w/])", _either, frozenset("/()")),
    Rule(
        r"\b((?i:ref|inv|acct|apt|ste|rm|ext|tel|ep|vol|ch))\.? ?(?=#[A-Z\d])",
        lambda m: f"{COUNTED.get(m[1].lower()) or ENDS[m[1].lower()]} ",
        frozenset("#"),
    ),
    Rule(r"\b([Nn])o\. ?#(?=\d)", lambda m: f"{m[1]}umber ", frozenset("#")),
    Rule(r"(?<![\w-])M ?[-–] ?F(?=:? \d)", lambda m: "Monday to Friday"),
    Rule(r"(?<!\w)#s\b", lambda m: "numbers", frozenset("#")),
    Rule(r"(?<!\d )(?<!\d)\b([Mm])in\. ?(?=\d)", lambda m: f"{m[1]}inimum ", _DOT),
    Rule(
        rf"\b({'|'.join(COUNTED)})\. ?(?=[\d+(]|[A-Z]{1, 3}-?\d)",
        lambda m: f"{COUNTED[m[1].lower()]} ",
        _DOT,
        re.IGNORECASE,
    ),
    # `ch. IV`; what a numeral means after the word is for the rules of numerals.
    Rule(
        rf"\b((?i:{'|'.join(sorted(ROMAN))}))\. ?(?=[IVXLC]{{1,6}}\b(?!\.\w|'))",
        lambda m: f"{COUNTED[m[1].lower()]} ",
        _DOT,
    ),
    # `pp. iv-xii`
    Rule(r"\b(pp?)\. ?(?=[ivxl]{1,6}\b)", lambda m: f"{COUNTED[m[1]]} ", _DOT),
)
"""Come before the rules that take the numbers away."""
RULES = (
    Rule(r"\b(?:e\.g|i\.e|a\.k\.a|E\.g|I\.e)\b\.?,?", lambda m: _LATIN[m[0][0].lower()], _DOT),
    Rule(r"(?<![\w.])(?:Ph\. ?D|M\.D|B\.A|M\.A|B\.Sc|M\.Sc|D\.C|R\.I\.P|P\.S)\b\.?", _initials, _DOT),
    Rule(r"\bSt\. (?=[A-Z])", _saint_or_street, _DOT),
    Rule(r"\bSte\. (?=[A-Z][a-z])", lambda m: "Saint ", _DOT),
    Rule(r"(?:^|(?<=[a-z] )|(?<=[,;:(] )|(?<=[(\"“]))St (?=[A-Z][a-z])", lambda m: "Saint ", frozenset()),
    Rule(r"(?<![\w.'-])Mt (?=[A-Z][a-z])", lambda m: "Mount ", frozenset()),
    Rule(r"(?<=[a-z]) vs?\. (?=[A-Z])", lambda m: " versus ", _DOT),
    Rule(rf"(?<!\w)([NSEW])\. (?={_REGIONS}\b)", lambda m: f"{DIRECTIONS[m[1]]} ", _DOT),
    Rule(
        r"\b([A-Z][a-z]+(?:'s)?) (St|Dr|Ave|Blvd|Rd|Ln|Ct|Hwy|Pkwy|Sq)\.(?=,|$|\)| [a-z]| [NSEW]{1,2}\b)",
        _street,
        _DOT,
    ),
    # Titles without a full stop: `Mr Smith`.
    Rule(r"\b(Mr|Mrs|Ms|Dr|Prof|Messrs)(?= [A-Z][a-z])", _undotted, frozenset()),
    Rule(r"(?<![\w&])([A-Za-z]{2,6})\.", _dotted, _DOT),
    Rule(r"(?<![\w.'])(?:(?:[A-Z]\.){1,9}[A-Z]|[ap]\.m)(?![\w.'@-])", _initials, _DOT),
    # U.S.A., J. R. R. Tolkien.
    Rule(r"(?<![\w.'])(?:[A-Za-z]\.){2,9}(?!\w)", _initials, _DOT),
    Rule(r"(?<![\w.'])[A-Z]\.(?: ?[A-Z]\.){1,4}(?= [A-Z])", _initials, _DOT),
    Rule(r"(?<![\w.'-])([A-Z])\. (?=[A-Z][a-z])", lambda m: f"{letters(m[1])} ", _DOT),
    Rule(
        r"(?<!\w)([wW])/(?:(o(?:ut)?)(?![\w/])|(?=[ ,;.)]|$|[a-z]{3}))",
        lambda m: "without" if m[2] else "with ",
        frozenset("/"),
    ),
    Rule(r"(?<!\w)c/o\b", lambda m: "care of", frozenset("/")),
    Rule(r"(?<!\w)(?:N/A|n/a)\b", lambda m: "not applicable", frozenset("/")),
    Rule(r"(?<!\w)b/c\b", lambda m: "because", frozenset("/")),
    Rule(r"(?<!\w)a/c (?=number|no\b)", lambda m: "account ", frozenset("/")),
    Rule(r"(?<!\w)([iI])nt'l\b|(?<!\w)([nN])at'l\b", _contracted, frozenset("'")),
    Rule(r"(?<=\w )vs(?= \w)", lambda m: "versus", frozenset()),
)
