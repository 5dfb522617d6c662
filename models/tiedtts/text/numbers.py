"""Numbers to words, as American English says them."""

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
_GROUPS = ["", "thousand", "million", "billion", "trillion", "quadrillion", "quintillion"]
_IRREGULAR = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
LONGEST = 21
"""Digits of the longest number that is said as one; a longer one is said digit by digit."""


def cardinal(number: int) -> str:
    """Say how many: 215 is `two hundred fifteen`."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f" {_ONES[ones]}" if ones else "")
    if number < 1000:
        hundreds, rest = divmod(number, 100)
        return f"{_ONES[hundreds]} hundred" + (f" {cardinal(rest)}" if rest else "")
    if number >= 10**LONGEST:
        return digits(str(number))
    words: list[str] = []
    for name in _GROUPS:
        number, rest = divmod(number, 1000)
        if rest:
            words.insert(0, f"{cardinal(rest)} {name}".strip())
        if not number:
            break
    return " ".join(words)


def ordinal(number: int) -> str:
    """Say which one: 21 is `twenty first`."""
    *front, last = cardinal(number).split()
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return " ".join([*front, last])


def digits(text: str) -> str:
    """Say the digits of a text one after the other; anything else in it is left out."""
    return " ".join(_ONES[int(c)] for c in text if c.isascii() and c.isdigit())


def year(number: int) -> str:
    """Say a year: 1905 is `nineteen oh five`, 2000 `two thousand`, 2015 `twenty fifteen`."""
    century, rest = divmod(number, 100)
    if number < 1000 or number >= 10_000 or century % 10 == 0 and rest < 10:
        return cardinal(number)
    if not rest:
        return f"{cardinal(century)} hundred"
    return f"{cardinal(century)} {'oh ' if rest < 10 else ''}{cardinal(rest)}"


def decade(number: int) -> str:
    """Say ten years by their first: 1990 is `nineteen nineties`, 1900 `nineteen hundreds`."""
    words = year(number)
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


def decimal(text: str) -> str:
    """Say a number written with digits, commas and perhaps a point: `3.05` is `three point zero five`."""
    whole, point, fraction = text.replace(",", "").partition(".")
    if len(whole) > 1 and whole.startswith("0") or len(whole) > LONGEST:
        words = digits(whole)
    else:
        words = cardinal(int(whole or "0"))
    return f"{words} point {digits(fraction)}" if point and fraction else words


def fraction(numerator: int, denominator: int) -> str:
    """Say a part: 3/4 is `three quarters`, 1/2 `one half`."""
    if denominator == 2:
        name = "half" if numerator == 1 else "halves"
    else:
        name = "quarter" if denominator == 4 else ordinal(denominator)
        name += "" if numerator == 1 else "s"
    return f"{cardinal(numerator)} {name}"


_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def roman(text: str) -> int | None:
    """Read a Roman numeral in capitals; None if it is not a well-formed one below 4000."""
    total = 0
    for here, after in zip(text, [*text[1:], ""], strict=True):
        if here not in _ROMAN:
            return None
        value = _ROMAN[here]
        total += -value if after and _ROMAN.get(after, 0) > value else value
    return total if 0 < total < 4000 and _to_roman(total) == text else None


def _to_roman(number: int) -> str:
    steps = "M CM D CD C XC L XL X IX V IV I".split()
    values = (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1)
    text = ""
    for symbol, value in zip(steps, values, strict=True):
        count, number = divmod(number, value)
        text += symbol * count
    return text
