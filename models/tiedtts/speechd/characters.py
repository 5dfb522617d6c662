"""Names of single characters, as a screen reader says them."""

import unicodedata

from tiedtts.text.markup.say_as import spell

SIGNS = {
    " ": "space",
    "\t": "tab",
    "\n": "new line",
    "\r": "carriage return",
    "\f": "form feed",
    "\u00a0": "no-break space",
    "!": "exclamation mark",
    '"': "quote",
    "#": "number sign",
    "$": "dollar",
    "%": "percent",
    "&": "and sign",
    "'": "apostrophe",
    "(": "left paren",
    ")": "right paren",
    "*": "star",
    "+": "plus",
    ",": "comma",
    "-": "dash",
    ".": "dot",
    "/": "slash",
    ":": "colon",
    ";": "semicolon",
    "<": "less than",
    "=": "equals",
    ">": "greater than",
    "?": "question mark",
    "@": "at",
    "[": "left bracket",
    "\\": "backslash",
    "]": "right bracket",
    "^": "caret",
    "_": "underscore",
    "`": "backtick",
    "{": "left brace",
    "|": "vertical bar",
    "}": "right brace",
    "~": "tilde",
    "\x7f": "delete",
    "¡": "inverted exclamation mark",
    "¢": "cents",
    "£": "pounds",
    "¤": "currency sign",
    "¥": "yen",
    "¦": "broken bar",
    "§": "section",
    "¨": "diaeresis",
    "©": "copyright",
    "«": "left double angle quote",
    "¬": "not sign",
    "\u00ad": "soft hyphen",
    "®": "registered",
    "¯": "macron",
    "°": "degrees",
    "±": "plus or minus",
    "²": "superscript two",
    "³": "superscript three",
    "¹": "superscript one",
    "´": "acute accent",
    "µ": "micro",
    "¶": "paragraph mark",
    "·": "middle dot",
    "»": "right double angle quote",
    "¿": "inverted question mark",
    "×": "times",
    "÷": "divided by",
    "\u2010": "hyphen",
    "\u2011": "no-break hyphen",
    "\u2012": "figure dash",
    "\u2013": "en dash",
    "\u2014": "em dash",
    "\u2018": "left single quote",
    "\u2019": "right single quote",
    "\u201c": "left quote",
    "\u201d": "right quote",
    "\u2020": "dagger",
    "\u2022": "bullet",
    "\u2026": "ellipsis",
    "\u2028": "line separator",
    "\u2029": "paragraph separator",
    "\u20ac": "euro",
    "\u2122": "trademark",
    "\u2190": "left arrow",
    "\u2191": "up arrow",
    "\u2192": "right arrow",
    "\u2193": "down arrow",
    "\u2212": "minus",
    "\u2260": "not equal to",
    "\u2264": "less than or equal to",
    "\u2265": "greater than or equal to",
    "\u2713": "check mark",
    "\ufeff": "byte order mark",
    "\ufffd": "replacement character",
}
"""Names of signs, shorter than those that Unicode gives them."""
_SHORTER = (
    ("latin small letter ", ""),
    ("latin capital letter ", ""),
    ("small letter ", ""),
    ("capital letter ", ""),
    (" with ", " "),
    (" symbol", ""),
    ("cjk unified ideograph-", "ideograph "),
)


def spoken(character: str) -> str:
    """Return what to say for one character, with letters as phones in braces; empty for nothing.

    Args:
        character: A character, maybe with marks that combine with it.
    """
    if not character:
        return ""
    if character.isascii() and character.isalnum():
        return spell(character)
    if (name := SIGNS.get(character)) is not None:
        return name
    composed = unicodedata.normalize("NFC", character)
    return " ".join(filter(None, (_named(part) for part in composed)))


def _named(character: str) -> str:
    """Return the name of one character in Unicode, in the words of everyday."""
    if character in SIGNS:
        return SIGNS[character]
    name = unicodedata.name(character, "").lower()
    if not name:
        return f"character {spell(f'{ord(character):x}')}"
    for written, said in _SHORTER:
        name = name.replace(written, said)
    # `e acute`: a letter alone would be read as a word.
    return " ".join(_word(word) for word in name.split())


def _word(word: str) -> str:
    return spell(word) if len(word) == 1 else word.replace("-", " ")


def clusters(text: str) -> list[str]:
    """Part a text into characters, each with the marks that combine with it."""
    found: list[str] = []
    for character in text:
        joins = unicodedata.combining(character) or character in "\u200d\ufe0e\ufe0f"
        if found and joins:
            found[-1] += character
        else:
            found.append(character)
    return found
