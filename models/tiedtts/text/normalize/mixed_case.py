"""Rules for letters and digits run together: `iPhone15`, `MP3`, `covid-19`."""

from tiedtts.text.normalize.numbers import cardinal
from tiedtts.text.normalize.rules import Rule


def _several(word: str) -> str:
    """Return the plural of a number: `threes`, `sixes`."""
    return word[:-1] + "ies" if word.endswith("y") else word + ("es" if word.endswith("x") else "s")


RULES = (
    # Before the digits leave their letters: `MP3s`.
    Rule(r"(?<=[A-Z])-?(\d\d?)'?s\b", lambda m: f" {_several(cardinal(int(m[1])))}"),
    # `beta.3`
    Rule(r"(?<=[A-Za-z])\.(?=\d)", lambda m: " point "),
    Rule(r"(?<=[A-Za-z])[-_]?(?=\d)", lambda m: " "),
    Rule(r"(?<=\d)-?(?=[A-Za-z])", lambda m: " "),
)
