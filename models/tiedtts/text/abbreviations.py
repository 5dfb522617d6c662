"""Abbreviations: what they stand for and whether their full stop may also end a sentence."""

LEADS = {
    **{"mr": "mister", "mrs": "missus", "ms": "miz", "messrs": "messers", "mx": "mix", "dr": "doctor"},
    **{"prof": "professor", "rev": "reverend", "hon": "honorable", "fr": "father", "gen": "general"},
    **{"col": "colonel", "maj": "major", "capt": "captain", "cpt": "captain", "lt": "lieutenant"},
    **{"sgt": "sergeant", "cpl": "corporal", "pvt": "private", "cmdr": "commander", "adm": "admiral"},
    **{"sen": "senator", "rep": "representative", "gov": "governor", "pres": "president"},
    **{"mt": "mount", "ft": "fort", "vs": "versus", "cf": "compare", "viz": "namely"},
    **{"e.g": "for example", "i.e": "that is", "approx": "approximately", "esp": "especially"},
}
"""Abbreviations that something always follows: their full stop never ends a sentence."""
ENDS = {
    **{"etc": "et cetera", "jr": "junior", "sr": "senior", "inc": "incorporated", "ltd": "limited"},
    **{"corp": "corporation", "co": "company", "bros": "brothers", "dept": "department", "est": "established"},
    **{"ave": "avenue", "blvd": "boulevard", "rd": "road", "hwy": "highway", "assn": "association"},
    **{"univ": "university", "govt": "government", "min": "minutes", "max": "maximum", "misc": "miscellaneous"},
}
"""Abbreviations that may also end a sentence."""


def kind(word: str) -> str:
    """Return `leads` or `ends` for an abbreviation without its last full stop, else an empty string."""
    word = word.lower()
    if word in LEADS:
        return "leads"
    return "ends" if word in ENDS else ""
