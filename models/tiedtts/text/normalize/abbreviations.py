"""Abbreviations: what they stand for and whether their full stop may also end a sentence."""

import re

from tiedtts.text.normalize.rules import Rule, letters

LEADS = {
    **{"mr": "mister", "mrs": "missus", "ms": "miz", "messrs": "messers", "mx": "mix", "dr": "doctor"},
    **{"prof": "professor", "rev": "reverend", "hon": "honorable", "fr": "father", "gen": "general"},
    **{"col": "colonel", "maj": "major", "capt": "captain", "cpt": "captain", "lt": "lieutenant"},
    **{"sgt": "sergeant", "cpl": "corporal", "pvt": "private", "cmdr": "commander", "adm": "admiral"},
    **{"sen": "senator", "rep": "representative", "gov": "governor", "pres": "president"},
    **{
        "drs": "doctors",
        "supt": "superintendent",
        "insp": "inspector",
        "det": "detective",
        "atty": "attorney",
    },
    **{"mme": "madame", "mlle": "mademoiselle"},
    **{"mt": "mount", "ft": "fort", "vs": "versus", "cf": "compare", "viz": "namely"},
    **{"e.g": "for example", "i.e": "that is", "approx": "approximately", "esp": "especially"},
}
"""Abbreviations that something always follows: their full stop never ends a sentence."""
MONTHS = {
    **{"jan": "January", "feb": "February", "apr": "April", "aug": "August", "sept": "September"},
    **{"mar": "March", "jun": "June", "jul": "July"},
    **{"oct": "October", "nov": "November", "dec": "December"},
}
ENDS = {
    **{"etc": "etc", "jr": "junior", "sr": "senior", "inc": "incorporated", "ltd": "limited"},
    **{
        "corp": "corporation",
        "co": "company",
        "bros": "brothers",
        "dept": "department",
        "est": "established",
    },
    **{"tues": "Tuesday", "wed": "Wednesday", "thur": "Thursday", "thurs": "Thursday", "fri": "Friday"},
    **{"esq": "esquire", "intl": "international", "natl": "national", "bldg": "building", "apt": "apartment"},
    **{
        "assoc": "association",
        "tel": "telephone",
        "ext": "extension",
        "temp": "temperature",
        "avg": "average",
    },
    **{"ave": "avenue", "blvd": "boulevard", "rd": "road", "hwy": "highway", "assn": "association"},
    **{
        "univ": "university",
        "govt": "government",
        "min": "minutes",
        "max": "maximum",
        "misc": "miscellaneous",
    },
    **MONTHS,
}
"""Abbreviations that may also end a sentence."""
CAPITALISED = frozenset(
    "mar jun jul tues wed thur thurs fri det temp apt assoc fr gen col maj adm sen rep gov pres mt ft "
    "hon rev inc co est ave bros corp min max jan feb apr aug sept oct nov dec mx lt".split()
)
"""Abbreviations only with a capital: in lower case they are words, or something else."""
COUNTED = {
    **{"fig": "figure", "figs": "figures", "vol": "volume", "vols": "volumes", "ch": "chapter", "p": "page"},
    **{"pp": "pages", "eq": "equation", "sec": "section", "art": "article", "ver": "version"},
    **{"no": "number", "nos": "numbers", "est": "established", "ca": "circa", "tel": "telephone"},
    **{"apt": "apartment", "ext": "extension", "ste": "suite", "bldg": "building", "pt": "part"},
}
"""Abbreviations only before a number."""
ROMAN = frozenset("ch vol vols fig figs pt sec p pp".split())
"""Those of them that a Roman numeral may follow as well."""
STREETS = {
    **{"st": "Street", "dr": "Drive", "ave": "Avenue", "blvd": "Boulevard", "rd": "Road", "ln": "Lane"},
    **{
        "ct": "Court",
        "hwy": "Highway",
        "pkwy": "Parkway",
        "sq": "Square",
        "expy": "Expressway",
        "pl": "Place",
    },
}
"""Abbreviations after the name of a street."""
WEEKDAYS = frozenset("Mon Tue Tues Wed Thu Thur Thurs Fri Sat Sun".split())
DIRECTIONS = {"N": "North", "S": "South", "E": "East", "W": "West"}
_REGIONS = (
    "(?:America|Korea|Carolina|Dakota|Africa|Asia|Ireland|Virginia|Yorkshire|Sudan|Macedonia|Timor|Germany)"
)
_LATIN = {"e": "for example,", "i": "that is,", "a": "also known as"}
_DOT = frozenset(".")


def kind(word: str) -> str:
    """Return what an abbreviation, here without its full stop, does in a sentence.

    Returns:
        `leads` if something always follows, `counts` before numbers, `month`, `street`, `ends` if it may end
        a sentence, an empty string if it is none.
    """
    name = word.lower()
    if word[:1].islower() and name in CAPITALISED and name not in MONTHS:
        return "counts" if name in COUNTED else ""
    if name in LEADS:
        return "leads"
    if name in MONTHS or word in WEEKDAYS:
        return "month"
    if name in COUNTED:
        return "counts"
    if name in STREETS and word[:1].isupper():
        return "street"
    return "ends" if name in ENDS else ""


def _dotted(match: re.Match[str]) -> str:
    """Expand `Mr.`, `etc.`; keep a full stop that may end the sentence."""
    word = match[1]
    name = word.lower()
    said = LEADS.get(name) or ENDS.get(name)
    if said is None or (name in CAPITALISED and not word[0].isupper()):
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


def _street(match: re.Match[str]) -> str:
    return f"{match[1]} {STREETS[match[2].lower()]}"


COUNTED_RULES = (
    Rule(
        rf"\b({'|'.join(COUNTED)})\. ?(?=[\d+(]|[A-Z]\d)",
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
)
"""Come before the rules that take the numbers away."""
RULES = (
    Rule(r"\b(?:e\.g|i\.e|a\.k\.a|E\.g|I\.e)\b\.?,?", lambda m: _LATIN[m[0][0].lower()], _DOT),
    Rule(r"(?<![\w.])(?:Ph\. ?D|M\.D|B\.A|M\.A|B\.Sc|M\.Sc|D\.C|R\.I\.P|P\.S)\b\.?", _initials, _DOT),
    Rule(r"\bSt\. (?=[A-Z])", _saint_or_street, _DOT),
    Rule(r"(?:^|(?<=[a-z] )|(?<=, ))St (?=[A-Z][a-z])", lambda m: "Saint ", frozenset()),
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
        r"(?<!\w)([wW])/(?:(o)(?= |$)|(?= |[a-z]{3}))",
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
