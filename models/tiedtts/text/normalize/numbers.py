"""Numbers as words."""

from tiedtts.text.normalize.rules import Rule

UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen".split()
)
TENS = "zero ten twenty thirty forty fifty sixty seventy eighty ninety".split()
SCALES = (
    "thousand million billion trillion quadrillion quintillion sextillion septillion octillion "
    "nonillion decillion"
).split()
MOST_DIGITS = 12
"""Longer numbers without commas are read digit by digit."""
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def cardinal(number: int) -> str:
    """Return `number` in words, without `and`: years, ordinals, fractions."""
    if number < 0:
        return f"minus {cardinal(-number)}"
    if number < 20:
        return UNITS[number]
    if number < 100:
        return TENS[number // 10] + (f" {UNITS[number % 10]}" if number % 10 else "")
    if number < 1000:
        return f"{UNITS[number // 100]} hundred" + (f" {cardinal(number % 100)}" if number % 100 else "")
    groups = []
    rest, scale = number, -1
    while rest:
        rest, group = divmod(rest, 1000)
        if group:
            groups.append(cardinal(group) + (f" {SCALES[scale]}" if scale >= 0 else ""))
        scale += 1
        if scale >= len(SCALES):
            return digits(str(number))
    return " ".join(reversed(groups))


def count(number: int) -> str:
    """Return `number` in words as quantities are read, with `and` before its last two digits."""
    rest = number % 100
    if number < 100 or not rest or number >= 1000 ** (len(SCALES) + 1):
        return cardinal(number)
    return f"{cardinal(number - rest)} and {cardinal(rest)}"


def ordinal(number: int) -> str:
    """Return `number` as an ordinal in words: `twenty first`."""
    start, _, last = cardinal(number).rpartition(" ")
    regular = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return f"{start} {_ORDINALS.get(last, regular)}".lstrip()


def digits(text: str) -> str:
    """Return the digits of a text one by one."""
    return " ".join(UNITS[int(char)] for char in text if char in "0123456789")


def pairs(number: int) -> str:
    """Return a number of three or four digits as in years and street numbers: `nineteen oh five`."""
    high, low = divmod(number, 100)
    if low == 0:
        return f"{cardinal(high)} hundred" if high % 10 else cardinal(number)
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def year(number: int) -> str:
    """Return a year in words: `nineteen ninety nine`, `two thousand five`, `twenty twelve`."""
    if number < 1000 or 2000 <= number < 2010 or number > 9999:
        return pairs(number) if 110 <= number < 1000 and number % 100 >= 10 else cardinal(number)
    return pairs(number)


def spell_number(text: str, scale: str = "") -> str:
    """Return a number as written, `1,234.50` or `007`, in words.

    Args:
        text: The number.
        scale: The word that follows: `million` and the like. Before it there is no `and`.
    """
    whole, point, decimals = text.replace(",", "").partition(".")
    if (len(whole) > 1 and whole.startswith("0")) or (len(whole) > MOST_DIGITS and "," not in text):
        words = digits(whole)
    else:
        words = (cardinal if scale in SCALES else count)(int(whole)) if whole else ""
    return f"{words} point {digits(decimals)}".lstrip() if point and decimals else words


def decade(number: int) -> str:
    """Return the plural of a year that ends in 0: `nineteen nineties`."""
    words = "two thousand" if number == 2000 else cardinal(number) if number < 100 else year(number)
    return words[:-1] + "ies" if words.endswith("y") else words + "s"


# Words after which four digits are a count or a name, not a year.
_COUNTED = frozenset(
    "number page room flight model line lot nearly almost exactly roughly approximately over".split()
)
_NOT_PLURAL = frozenset(
    "is was has as his its this thus does us yes unless less across always perhaps towards".split()
)


def _whole(text: str, before: str, after: str) -> str:
    number = int(text)
    looks_plural = len(after) > 2 and after.endswith("s") and after.islower() and after not in _NOT_PLURAL
    counted = looks_plural or before in _COUNTED or after in ("people", "men", "women", "children")
    if len(text) == 4 and 1100 <= number < 2100 and not counted:
        return year(number)
    return spell_number(text, after)


RULES = (
    # As on the European continent; other numbers with two points are versions and addresses.
    Rule(
        r"(?<![\w.])\d{1,3}(?:\.\d{3}){1,5}\.000(?!\w|\.\d)|(?<![\w.])[1-9]\d{0,2}(?:\.\d{3}){2,5}(?!\w|\.\d)",
        lambda m: count(int(m[0].replace(".", ""))),
    ),
    Rule(
        r"(?<![\w.])\d{1,4}(?:\.\d{1,4}){2,5}(?!\w|\.\d)",
        lambda m: " point ".join(map(spell_number, m[0].split("."))),
    ),
    Rule(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\d)|(?<!\d)\d+\.\d+|(?<![\d.])\.\d+", lambda m: spell_number(m[0])),
    Rule(
        r"(?:\b(?P<before>[A-Za-z]+) )?(?P<number>\d+)(?=(?: (?P<after>[a-z]+))?)",
        lambda m: (
            (f"{m['before']} " if m["before"] else "")
            + _whole(m["number"], (m["before"] or "").lower(), m["after"] or "")
        ),
    ),
)
