"""Words run together: `iPhone15`, `MP3`, `covid-19`."""

from tiedtts.text.rules import Rule

RULES = (
    Rule(r"(?<=[A-Za-z])[-_]?(?=\d)", lambda m: " "),
    Rule(r"(?<=\d)-?(?=[A-Za-z])", lambda m: " "),
)
