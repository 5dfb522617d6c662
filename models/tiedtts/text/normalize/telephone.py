"""Rules for telephone numbers and other groups of digits that are read digit by digit."""

import re

from tiedtts.text.normalize.numbers import digits
from tiedtts.text.normalize.rules import Rule


def groups(text: str) -> str:
    """Say the digits of each group, with a pause between groups; letters stay words."""
    return ", ".join(_group(group) for group in re.findall(r"\d+|[A-Za-z]+", text))


def _group(group: str) -> str:
    if group == "800":
        return "eight hundred"
    return digits(group) if group.isdigit() else group


def _vanity(match: re.Match[str]) -> str:
    rest = " ".join(_group(part) for part in re.findall(r"\d|[A-Z]+", match[3]))
    return f"{'one, ' if match[1] else ''}{_group(match[2])}, {rest}"


def _number(match: re.Match[str]) -> str:
    extension = match[3] or match[4]
    spoken = ("plus " if match[1] else "") + groups(match[2])
    return f"{spoken}, extension {digits(extension)}" if extension else spoken


_EXTENSION = r",? ?\b(?:ext\.?|extension|x) ?(\d{1,5})"


def _led(match: re.Match[str]) -> str:
    lead = "telephone" if match[1].lower() == "tel" else match[1]
    return f"{lead}{match[2]} {groups(match[3])}"


_LEADS = (
    "tel|telephone|phone|fax|mobile|mob|cell|cellphone|call|ring|dial|text|whatsapp|hotline|sms|number|helpline"
    "|landline"
)
RULES = (
    Rule(r"\b([Tt])el\b(?:\.:?|:)(?= ?[+(\d])", lambda m: f"{m[1]}elephone:"),
    Rule(
        r"\b((?i:call|calls|called|calling|dial|dialed|dialled|phone|phoned|ring)) "
        r"(911|999|112|411|311|101|111)\b",
        lambda m: f"{m[1]} {digits(m[2])}",
    ),
    # `020 7946 0018`, `01 23 45 67 89`: a nought leads.
    Rule(
        r"(?<![\w.,+/-])\(?0\d{1,5}\)?(?:[ -]\d{2,4}){1,5}(?![\w-]|[.,:/]\d)",
        lambda m: groups(m[0]) if sum(map(str.isdigit, m[0])) > 8 else m[0],
    ),
    Rule(r"(?<![\w.,+/-])\(?0\d{2,4}\)?[ -]\d{5,7}(?![\w-]|[.,:/]\d)", lambda m: groups(m[0])),
    Rule(
        rf"\b({_LEADS})\b\.?((?: (?:no\.?|number|is|on|at|us|us at|us on|me|me at|me on))?:?),? "
        r"((?:\(?\d{2,8}\)?[ .-]){1,5}\d{2,8}|\d{5,15})"
        rf"(?![\w-]|[.,:/]\d| [ap]\.?m|{_EXTENSION})",
        _led,
        flags=re.IGNORECASE,
    ),
    # 123.123.0.40: an address of the Internet protocol.
    Rule(
        r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)",
        lambda m: " dot ".join(digits(part) for part in m[0].split(".")),
    ),
    Rule(
        r"(?<![\w.])(\+)?((?:1[ .-]?)?(?:\(\d{3}\)[ .-]?|\d{3}[ .-])\d{3}[ .-]\d{4})"
        rf"(?:{_EXTENSION}|-(\d{{1,4}}))?(?![\w-])",
        _number,
        flags=re.IGNORECASE,
    ),
    Rule(r"(?<![\w.])\+\d{1,3}(?:[ -]\(?\d{1,8}\)?){2,6}(?![\w-])", lambda m: "plus " + groups(m[0])),
    Rule(r"(?<![\w.])\+\d{8,15}(?!\w)", lambda m: "plus " + digits(m[0])),
    Rule(r"(?<![\w.])(1-)?(8\d\d)-((?=[\dA-Z-]*[A-Z])[\dA-Z]{1,7}(?:-[\dA-Z]{1,7}){0,3})(?![\w-])", _vanity),
    Rule(rf"(?<![\w.-])()(\d{{3}}-\d{{4}}){_EXTENSION}()(?![\w-])", _number, flags=re.IGNORECASE),
    Rule(r"(?<![\w.-])\d{3}-\d{4}(?![\w-])", lambda m: groups(m[0])),
    Rule(r"(?<![\w.-])\d{3}-\d\d-\d{4}(?![\w-])", lambda m: groups(m[0])),
    Rule(r"(?<![\w.-])\d{4}(?:[ -]\d{4}){3}(?![\w-])", lambda m: groups(m[0])),
    Rule(
        r"\b(ending in|ends in|PIN|pin|(?<!tatus )(?<!rror )code|"
        r"extension|ext\.?|zip|ZIP|dial|press|call|zip code|postcode"
        r"|code is|number is) (\d{3,})\b",
        lambda m: f"{'extension' if m[1].startswith('ext') else m[1]} {digits(m[2])}",
    ),
    # Emergency numbers are dialled digit by digit.
    Rule(
        r"\b((?i:call(?:s|ed|ing)?|dial(?:s|ed|led|ing|ling)?|phon(?:e|ed|ing)|text(?:ed)?)) "
        r"(911|999|988|112|111|411)\b"
        r"(?![.,]?\d|-\d)",
        lambda m: f"{m[1]} {digits(m[2])}",
    ),
    Rule(
        r"(?<![\w.,$-])(911|999|988|112)(?= (?:call|caller|operator|dispatcher|emergency|center|centre)s?\b)",
        lambda m: digits(m[1]),
    ),
)
