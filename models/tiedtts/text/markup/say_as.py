"""Text in the words that `<say-as interpret-as="...">` asks for."""

import re
from collections.abc import Callable
from functools import lru_cache

from tiedtts.choices import ENGLISH
from tiedtts.text.normalize import british, dates, telephone
from tiedtts.text.normalize.fractions import fraction
from tiedtts.text.normalize.normalizer import normalize
from tiedtts.text.normalize.numbers import cardinal, count, digits, ordinal, spell_number, year
from tiedtts.text.normalize.web import SIGNS
from tiedtts.text.pronounce.additions import ZED
from tiedtts.text.pronounce.lexicon import Lexicon

MOST_DIGITS = 33
"""Longer numbers have no name."""


class DoesNotFit(ValueError):
    """The text is not of the kind that `interpret-as` names."""


def say_as(kind: str, text: str, form: str = "", english: str = ENGLISH[0]) -> str:
    """Return what to speak.

    Args:
        kind: The value of `interpret-as`.
        text: Content of the element.
        form: The value of `format`: the order of a date, `mdy`.
        english: One of `tiedtts.choices.ENGLISH`.

    Raises:
        KeyError: The kind is unknown.
        DoesNotFit: The text is not of that kind.
    """
    said = _KINDS[kind](" ".join(text.split()), form, english)
    return british.figures(said, kind) if english == "gb" else said


def spell(text: str, english: str = ENGLISH[0]) -> str:
    """Return a text character by character, letters as phones in braces."""
    return " ".join(filter(None, (_character(char, english) for char in text)))


@lru_cache(maxsize=1024)
def _character(char: str, english: str) -> str:
    if char in "zZ" and english == "gb":
        return "{" + " ".join(ZED) + "}"
    if char.isascii() and char.isalpha():
        return "{" + " ".join(Lexicon.open().get(char.lower() + ".")[0]) + "}"
    return SIGNS.get(char) or normalize(char)


def _number(text: str) -> int:
    bare = re.sub(r"[ ,]|(?<=\d)(?i:st|nd|rd|th)$", "", text)
    if not re.fullmatch(rf"[-+]?[0-9]{{1,{MOST_DIGITS}}}", bare):
        raise DoesNotFit(text)
    return int(bare)


def _cardinal(text: str, form: str, english: str) -> str:
    if re.fullmatch(r"-?[0-9,]{0,40}\.[0-9]{1,40}", text):
        return ("minus " if text[0] == "-" else "") + spell_number(text.lstrip("-"))
    number = _number(text)
    return ("minus " if number < 0 else "") + count(abs(number))


def _ordinal(text: str, form: str, english: str) -> str:
    return ordinal(_number(text))


def _digits(text: str, form: str, english: str) -> str:
    if not re.search("[0-9]", text):
        raise DoesNotFit(text)
    return ", ".join(digits(group) for group in re.findall("[0-9]+", text))


def _telephone(text: str, form: str, english: str) -> str:
    if not re.search("[0-9]", text):
        raise DoesNotFit(text)
    return ("plus " if text.startswith("+") else "") + telephone.groups(text)


def _fraction(text: str, form: str, english: str) -> str:
    match = re.fullmatch(r"(?:([0-9]{1,9})[ +]+)?([0-9]{1,9})/([0-9]{1,9})", text)
    if not match or int(match[3]) < 2:
        raise DoesNotFit(text)
    part = fraction(int(match[2]), int(match[3]))
    return f"{count(int(match[1]))} and {part}" if match[1] else part


def _date(text: str, form: str, english: str) -> str:
    parts = re.findall(r"[0-9]+", text)
    if any(len(part) > MOST_DIGITS for part in parts):
        raise DoesNotFit(text)
    if not form or len(parts) != len(form) or set(form) - set("dmy"):
        return _by_rules(text, form, english)
    found = {letter: int(part) for letter, part in zip(form, parts, strict=True)}
    if not (1 <= found.get("m", 1) <= 12 and 1 <= found.get("d", 1) <= 31):
        raise DoesNotFit(text)
    if english == "gb" and {"d", "m"} <= found.keys():
        return british.date(found["d"], found["m"], parts[form.index("y")] if "y" in form else "")
    said = [dates.MONTHS[found["m"] - 1]] if "m" in found else []
    said += [ordinal(found["d"])] if "d" in found else []
    written = parts[form.index("y")] if "y" in form else ""
    if written:
        said.append(year(found["y"]) if len(written) > 2 else _short(written))
    return " ".join(said)


def _short(written: str) -> str:
    return digits(written) if int(written) < 10 else cardinal(int(written))


def _time(text: str, form: str, english: str) -> str:
    # `hms12` is the usual order; 2:30p stands for 2:30 pm.
    return _by_rules(re.sub(r"(?<=[0-9]) ?([apAP])(?![a-zA-Z.])", r" \1m", text), form, english)


def _by_rules(text: str, form: str, english: str) -> str:
    return normalize(text, english)


def _spelled(text: str, form: str, english: str) -> str:
    return spell(text, english)


_KINDS: dict[str, Callable[[str, str, str], str]] = {
    **dict.fromkeys(("characters", "spell-out", "verbatim", "letters"), _spelled),
    **dict.fromkeys(("cardinal", "number"), _cardinal),
    **dict.fromkeys(("digits", "number:digits"), _digits),
    **dict.fromkeys(("unit", "currency", "address", "measure", "net"), _by_rules),
    **{"ordinal": _ordinal, "fraction": _fraction, "date": _date, "time": _time, "telephone": _telephone},
}
KINDS = tuple(_KINDS)
"""Every value of `interpret-as` that is known."""
