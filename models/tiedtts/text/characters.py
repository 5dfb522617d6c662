"""Characters as people type and paste them to the few the rules know.

After `clean` a text holds ASCII, letters with accents, a few signs (`£ € ¥ ₩ ₹ ° × ÷ ± µ §`), one character
for every picture, and nothing else but the words of other scripts, which `fold` drops and counts.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from tiedtts.text import tables
from tiedtts.text.aligned import PLACEHOLDER, AlignedText

SIGNS = frozenset(
    char
    for table, names in (("symbols", ("always",)), ("currencies", ("sign",)))
    for name in names
    for char in tables.read(table)[name]
    if not char.isascii()
) | {"π"}
"""Signs outside ASCII that rules read out."""

# What NFKC would take apart wrongly (a raised 2, a half) or has no plain form for.
_REPLACED = {
    **dict.fromkeys("‘’‚‛`´ʼʹ′＇", "'"),
    **dict.fromkeys("“”„‟«»‹›″", '"'),
    **dict.fromkeys("‐‑", "-"),
    **dict.fromkeys("‒–", "–"),
    **dict.fromkeys("—―⸺⸻", "—"),
    **dict.fromkeys("−", "-"),
    **dict.fromkeys("¡¿", ""),
    **dict.fromkeys("™®℠", ""),
    "©": " copyright ",
    **dict.fromkeys("•·‣▪●○■◦►▶➔→⇒", ", "),
    **dict.fromkeys("\u2028\u2029", "\n\n"),
    **dict.fromkeys("\r\x0b\x0c\x85", "\n"),
    **dict.fromkeys("\t\u00a0", " "),
    "º": "°",
    "²": "^2",
    "³": "^3",
    "№": "No. ",
    "µ": " micro",
    "Ω": " ohm",
    "⁄": "/",
    "∕": "/",
    "。": ". ",
    "、": ", ",
    "，": ", ",
    "？": "? ",
    "！": "! ",
    **{half: f" {unicodedata.normalize('NFKC', half).replace('⁄', '/')}" for half in "½⅓⅔¼¾⅛⅜⅝⅞⅕⅖⅗⅘⅙⅚"},
}
_FOLDED = tables.read("characters")["folded"]


class _Table(dict[int, str]):
    """A translation worked out at the first meeting of a character."""

    def __missing__(self, code: int) -> str:
        new = self[code] = _plain(chr(code))
        return new


_TABLE = _Table()


def _plain(char: str) -> str:
    if char in _REPLACED:
        return _REPLACED[char]
    if char == MARK:
        return char
    if char == "\n" or (char.isascii() and char.isprintable()) or char in SIGNS:
        return char
    form = unicodedata.normalize("NFKC", char)
    if form.isdigit() and unicodedata.category(char) == "No" and not "₀" <= char <= "₉":
        return f" {form} "
    if form != char:
        return "".join(_TABLE[ord(part)] for part in form)
    category = unicodedata.category(char)
    if category[0] == "L" or category == "Nd":
        digit = unicodedata.digit(char, None)
        return char if digit is None else str(digit)
    if category[0] == "M":
        # Variation selectors and the key cap belong to pictures.
        return "" if "\ufe00" <= char <= "\ufe0f" or char == "\u20e3" else char
    if category[0] == "Z":
        return " "
    if category == "So":
        return EMOJI
    if category in ("Pd", "Ps", "Pe", "Pi", "Pf"):
        return " "
    if "\U0001f3fb" <= char <= "\U0001f3ff":
        return ""  # The colour of a skin, after a picture.
    return char if category in ("Sm", "Sc", "Sk", "No", "Po") else ""


MARK = "\ufdd0"
"""Stands for a mark in square brackets. Unicode keeps this number for uses within a program."""
EMOJI = "\u263a"
"""A smiling face stands for every picture until the pictures are counted."""


def clean(text: str) -> str:
    """Return the text with one spelling for quotes, dashes, spaces, ligatures; without control characters."""
    return clean_aligned(AlignedText.of(text)).text


def clean_aligned(text: AlignedText) -> AlignedText:
    """Return what `clean` returns, aligned to the source of the text."""
    if text.text.isascii() and text.text.isprintable():
        return text
    if "\r\n" in text.text:
        text = text.sub(_LINE_END, lambda match: "\n")
    if not text.text.isascii():
        text = text.sub(_MARKS, lambda match: _few_marks(match[0]))
        if not unicodedata.is_normalized("NFC", text.text):
            text = text.sub(_NOT_ASCII, lambda match: unicodedata.normalize("NFC", match[0]))
        text = text.sub(_RAISED, _power)
        text = text.sub(_UNIT_DOT, lambda match: match[1])
        text = text.sub(_UNIT_SIGN, lambda match: _UNIT_SIGNS[match[0]])
    return _translated(text)


def _translated(text: AlignedText) -> AlignedText:
    """Replace each character on its own; nearly all of them by one other."""
    plain = text.text.translate(_TABLE)
    if len(plain) == len(text) and text.text.isascii():
        return AlignedText(plain, text.starts, text.ends, text.source)
    uneven = {char for char in set(text.text) if len(_TABLE[ord(char)]) != 1}
    if not uneven:
        return AlignedText(plain, text.starts, text.ends, text.source)
    edits = ((n, n + 1, _TABLE[ord(char)]) for n, char in enumerate(text.text) if char in uneven)
    return text.edit(edits, plain)


_LINE_END = re.compile("\r\n")
_NOT_ASCII = re.compile("[\x00-\x7f]?[^\x00-\x7f]+")
"""A run that composes on its own: no mark in it belongs to a character before it."""
_MOST_MARKS = 30
"""In a row; as many as the Unicode Standard Annex 15 knows languages to need."""
_MARKS = re.compile(rf"[^\x00-\u02ff]{{{_MOST_MARKS + 1},}}")
"""Where more may be: no mark has a lower number."""


def _few_marks(text: str) -> str:
    """Return a text in which no character carries more marks than any language has.

    To bring marks into their order takes a time that grows with the square of their number.
    """
    kept = []
    count = 0
    for char in text:
        count = count + 1 if unicodedata.combining(char) else 0
        if count <= _MOST_MARKS:
            kept.append(char)
    return "".join(kept)


_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_RAISED = re.compile("([^\\W⁰¹²³⁴-⁹]{0,12}|[)\\]])([⁺⁻]?[⁰¹²³⁴-⁹]{1,9})")
_UNIT_DOT = re.compile(r"(\d ?[kMm]?[NWA])[·⋅](?=[mh]\b)")
"""`5 N·m`, `3 kW·h`"""
_UNIT_SIGN = re.compile(
    "(?<=[\\d ])(?:μ(?=[mgslLAVFW](?![^\\W\\d]))|[kMm]?[ΩΩ](?!\\w))|(?<=\\d) ?[ÅÅ](?!\\w)"
)
_UNIT_SIGNS = {
    "mΩ": " mohm",
    "Å": " angstrom",
    " Å": " angstrom",
    "μ": " micro",
    "Ω": " ohm",
    "kΩ": " kohm",
    "MΩ": " megohm",
}
_UNIT_SIGNS |= {key.replace("Ω", "Ω"): value for key, value in _UNIT_SIGNS.items()}
_LONGEST_BASE = 3
"""A small number after a longer word is that of a footnote, not a power; letters."""


def _power(match: re.Match[str]) -> str:
    base, raised = match[1], match[2].translate(_SUPERSCRIPTS).lstrip("+")
    if len(base) > _LONGEST_BASE and not base[-1].isdigit():
        return base
    return f"{base}^{raised}" if base else raised


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in ASCII and what was left out of it."""

    text: AlignedText
    emoji: int = 0
    """Number of pictures."""
    foreign: tuple[str, ...] = ()
    """Words of scripts that are not Latin."""
    signs: tuple[str, ...] = ()
    """Signs that have no words."""


@cache
def _fold_letter(char: str) -> str:
    if char in _FOLDED:
        return _FOLDED[char]
    if char in SIGNS:
        return char
    base = unicodedata.normalize("NFKD", char)[0]
    return base if base.isascii() else char


def fold(text: AlignedText) -> Folded:
    """Strip accents; drop pictures and words of other scripts from a clean text."""
    if text.text.isascii():
        return Folded(text)
    emoji = text.text.count(EMOJI)
    text = text.sub(_NOT_ASCII_CHARACTER, lambda match: " " if match[0] == EMOJI else _fold_letter(match[0]))
    text = text.sub(_ACCENTS, lambda match: "")
    text = text.sub(_LONE_GREEK, lambda match: f" {_greek(match[0])} ")
    foreign: list[str] = []

    def drop(match: re.Match[str]) -> str:
        foreign.append(match[0])
        return " "

    text = text.sub(_foreign(), drop)
    words = tuple(word for word in foreign if any(c.isalpha() for c in word))
    signs = tuple(c for word in foreign for c in word if unicodedata.category(c)[0] in "SN")
    return Folded(text, emoji, words, signs)


_NOT_ASCII_CHARACTER = re.compile("[^\x00-\x7f]")
_ACCENTS = re.compile("(?<=[A-Za-z])[\u0300-\u036f]+")
_LONE_GREEK = re.compile(
    "(?<![\u0370-\u03ff\u1f00-\u1fff])[Α-Ωα-ωϵϕ](?![\u0370-\u03ff\u1f00-\u1fff\u0300-\u036f])"
)


def _greek(letter: str) -> str:
    return (
        "pi"
        if letter == "π"
        else unicodedata.name(letter).split()[-2 if "SYMBOL" in unicodedata.name(letter) else -1].lower()
    )


@cache
def _foreign() -> re.Pattern[str]:
    return re.compile(f"[^\x00-\x7f{PLACEHOLDER}–—{''.join(sorted(SIGNS))}]+")


def script(word: str) -> str:
    """Return the name of the script of a word: `Cyrillic`, `CJK`."""
    name = unicodedata.name(word[0], "unknown").split()[0]
    return name if name == "CJK" else name.capitalize()
