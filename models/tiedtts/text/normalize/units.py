"""Rules for quantities: numbers with units, percentages, temperatures, heights."""

import re

from tiedtts.text import tables
from tiedtts.text.normalize.numbers import cardinal, spell_number
from tiedtts.text.normalize.rules import NUMBER, Rule, spaced

_TABLES = tables.read("units")
UNITS = _TABLES["any case"]
"""Units that may be written in any case."""
LETTERS = _TABLES["exact case"]
"""Units of one letter, which must be written as here."""
PER = {name: said or name for name, said in _TABLES["per"].items()}
"""Words that, like units, may follow the stroke of `mg/day`."""
ALIKE = frozenset(_TABLES["no plural"])
"""The same for one and for many."""
COUNTED = "|".join(_TABLES["counted"])
"""Things that are counted in millions: `2m users`."""
_AFTER_WORDS = "|".join(sorted(_TABLES["after words"], key=len, reverse=True))
_NUMBER_WORDS = (
    "hundred|thousand|million|billion|trillion|dozen|few|several|many|two|three|four|five|six|seven|eight|nine|ten|twelve|"
    "twenty|fifty"
)
SCALED = {"C": "Celsius", "F": "Fahrenheit", "K": "Kelvin"}
POWERS = {"2": "square", "3": "cubic"}

UNIT = "|".join(sorted([*UNITS, *LETTERS], key=len, reverse=True))
_PER = "|".join(sorted(PER))
_SPACE = r"(?: |-| ?micro)?"


def words(unit: str, many: bool) -> str:
    """Return the words for a unit, nothing if it is unknown."""
    name = LETTERS.get(unit) or UNITS.get(unit.lower(), "")
    if not name or not many:
        return name
    if name == "foot":
        return "feet"
    head, per, tail = name.partition(" per ")
    head, of, thing = head.partition(" of ")
    tail = of + thing + per + tail
    per = ""
    start, _, last = head.rpartition(" ")
    return f"{start} {last if last in ALIKE else last + 's'}".lstrip() + per + tail


def _quantity(match: re.Match[str]) -> str:
    number, space, unit, power, other, other_power = match.groups()
    if unit == "s" and not space and "." not in number:
        return match[0]  # `iPhone 5s`
    # `a 5-km run`, `the 100 m dash`, but `5 km`.
    adjective = space == "-" or bool(_RACE.match(match.string, match.end()))
    name = words(unit, many=number != "1" and not adjective)
    if not name:
        return match[0]
    if power:
        name = _raised(name, power)
    if space.strip() == "micro":
        name = f"micro{name}"
    if other:
        below = PER.get(other) or words(other, many=False)
        if not below:
            return match[0]
        name = f"{name} per {_raised(below, other_power) if other_power else below}"
    return f"{spell_number(number)} {name}"


def _raised(name: str, power: str) -> str:
    """Return `square meter`, `second squared`."""
    power = power.lstrip("^")
    if name.endswith("second"):
        return f"{name} {'squared' if power == '2' else 'cubed'}"
    return f"{POWERS[power]} {name}"


def _degrees(match: re.Match[str]) -> str:
    singular = match[1] == "1" or (not match[2] and _ANGLE.match(match.string, match.end()))
    noun = "degree" if singular else "degrees"
    scale = f" {SCALED[match[2]]}" if match[2] else " "
    return f"{spell_number(match[1])} {noun}{scale}"


def _feet(match: re.Match[str]) -> str:
    feet, inches = match[1], match[2]
    return f"{spell_number(feet)} foot {spell_number(inches)}"


def _inches(match: re.Match[str]) -> str:
    # An odd number of quotes before it: this one closes a quotation.
    before = match.string[max(0, match.start() - _LOOK_BACK) : match.start()]
    if before.count('"') % 2:
        return match[0]
    following = match.string[match.end() : match.end() + 2]
    many = match[1] != "1" and not re.match(" [a-z]", following)
    if "/" in match[1]:
        # The rules of fractions follow.
        return f"{match[1]} {'inches' if many and ' ' in match[1] else 'inch'}"
    said = spell_number(match[1])
    return f"{said} {'inches' if many else 'inch'}"


def _tall(match: re.Match[str]) -> str:
    """Read a height without the sign of inches: `6'2`."""
    return f"{spell_number(match[1])} foot {spell_number(match[2])}"


_POINTS = {"N": "north", "S": "south", "E": "east", "W": "west"}


def _place(match: re.Match[str]) -> str:
    """Read an angle in degrees, minutes and seconds: `40°26'46"N`."""
    said = ""
    for number, name in zip(match.groups()[:3], ("degree", "minute", "second"), strict=True):
        if number:
            said += f"{spell_number(number)} {name}{'' if number == '1' else 's'} "
    return f"{said}{_POINTS[match[4]]} " if match[4] else said


def _after_words(match: re.Match[str]) -> str:
    name = words(match[2], many=True)
    if name and match[3]:
        name = _raised(name, match[3])
    return f"{match[1]} {name}" if name else match[0]


def _rate(match: re.Match[str]) -> str:
    below = PER.get(match[2]) or words(match[2], many=False)
    return f"{match[1]} per {below}" if below else match[0]


def _alone(match: re.Match[str]) -> str:
    above, below = words(match[1], many=True), words(match[2], many=False)
    return f"{above} per {_raised(below, match[3]) if match[3] else below}" if above and below else match[0]


def _feet_and(number: str) -> str:
    return f"{spell_number(number)} {'foot' if number == '1' else 'feet'}"


def _inch(number: str) -> str:
    return f"{spell_number(number)} {'inch' if number == '1' else 'inches'}"


def _power(exponent: int) -> str:
    named = {2: "squared", 3: "cubed"}
    return f" {named.get(exponent) or f'to the power of {cardinal(exponent)}'} "


def _solid(number: str, unit: str) -> str:
    return _square(number, unit).replace(" square ", " cubic ")


def _square(number: str, unit: str) -> str:
    name = "inches" if unit.lower() == "in" else words(unit.lower(), number != "1")
    return f"{spell_number(number)} square {name}"


def _amount_per_amount(match: re.Match[str]) -> str:
    above, below = words(match[2], many=match[1] != "1"), words(match[4], many=match[3] != "1")
    if not above or not below:
        return match[0]
    return f"{spell_number(match[1])} {above} per {spell_number(match[3])} {below}"


def _amperes(match: re.Match[str]) -> str:
    """Read `3 A` as a current where something electric is near, else as it stands."""
    before = match.string[max(0, match.start() - 20) : match.start()]
    if _LABEL.search(before) or not _ELECTRIC.search(match.string):
        return match[0]
    one = _DEVICE.match(match.string, match.end())
    if not match[2] and not one:
        # More often the name of a flat or a seat.
        return match[0]
    return f"{spell_number(match[1])} {'amp' if one or match[1] == '1' else 'amps'}"


_DEVICES = "fuse|breaker|charger|adapter|plug|socket|outlet|circuit|supply|supplies|motor|load|relay|cable"
_DEVICE = re.compile(f" (?:{_DEVICES})s?\\b")
_ELECTRIC = re.compile(
    rf"\b(?i:(?:{_DEVICES}|volt|watt|amp)s?|draws?|drawing|current|batter(?:y|ies)|USB)\b"
    r"|\d ?(?:V|W|mA|kW|kV|VA|m?Ah)\b"
)
_LABEL = re.compile(
    r"\b(?i:apt|apartment|flat|unit|room|section|table|fig|figure|grade|class|type|part|phase|step|gate|seat|hall|"
    r"building|appendix|level|model|iphone|line|page|no|number|suite)\.? $"
)
"""Words before a name such as `3 A`."""
_COMPARED = "|".join(_TABLES["compared"])
_ANGLE = re.compile(
    " ?-?(?:angle|turn|view|rotation|bend|heat|weather|water|day|burn|arc|slope|incline)s?\\b"
)
_RACE = re.compile(f" (?:{'|'.join(_TABLES['described'])})s?\\b")
_LOOK_BACK = 300
"""Characters in which quotes are counted."""
EARLY_RULES = (
    Rule(rf"(?<![\w.,#-])({NUMBER})([ -]?)A(?![\w'&/-]|\.\w| levels?\b)", _amperes, frozenset("A")),
    Rule(
        r"(?<![\w.])(\d{1,3}(?:\.\d{1,8})?) ?° ?(\d{1,2}(?:\.\d{1,6})?)'"
        r"(?: ?(\d{1,2}(?:\.\d{1,4})?)(?:\"|''))?(?: ?([NSEW])\b)?",
        _place,
        frozenset("°"),
    ),
    Rule(r"(?<![\w.])(\d{1,3}(?:\.\d{1,8})?) ?°()() ?([NSEW])\b", _place, frozenset("°")),
    Rule(r"(?<=[\d)])(?: \^ |\^)(-?\d{1,4})\b", lambda m: _power(int(m[1])), frozenset("^")),
    Rule(r"(?<=[\"']) ?[xX×] ?(?=\d{1,3}(?:\"|'))", lambda m: " by ", frozenset("\"'")),
    Rule(r"(?<![\w.])(\d)' ?(\d{1,2})(?:\"|'')", _feet),
    Rule(r"(?<![\w.'])([3-8])'(1[01]|\d)(?![\w'\"]|\.\d)", _tall, frozenset("'")),
    Rule(
        r"(?<![\w.'])(\d{1,3})'"
        r"(?= (?:tall|long|wide|deep|high|by|x|ceiling|ladder|fence|boat|pole|wall|board)\b)",
        lambda m: f"{spell_number(m[1])} foot" if m[1] == "1" else f"{spell_number(m[1])} feet",
        frozenset("'"),
    ),
    Rule(
        r"(?<![\w.'])(\d{1,3})'(?=[,.;)]| x |$)",
        lambda m: _feet_and(m[1]) if " '" not in m.string[: m.start()] else m[0],
        frozenset("'"),
    ),
    # `6 L/100 km`, `5 g/100 ml`
    Rule(
        rf"(?<![\w.,])({NUMBER}) ?({UNIT})/(\d{{1,4}}) ?({UNIT})(?![\w/])",
        _amount_per_amount,
        frozenset("/"),
    ),
    # `3,5 kg`, as on the Continent
    Rule(
        rf"(?<![\d.,])(\d{{1,4}}),(\d{{1,2}})(?= ?(?:%|°|(?:{UNIT})(?![\w,])|(?:million|billion)\b))",
        lambda m: f"{m[1]}.{m[2]}",
        frozenset(","),
    ),
    Rule(
        rf"(?<![\w.])((?:\d{{1,3}}[ -])?\d{{1,3}}/\d{{1,3}}|{NUMBER})(?:\"|''(?!'))(?!\w)",
        _inches,
        frozenset("\"'"),
    ),
)
"""Come before fractions."""
RULES = (
    Rule(rf"\b({_NUMBER_WORDS}) ({_AFTER_WORDS})(?:\^?([23]))?(?![\w'-])", _after_words, frozenset()),
    Rule(
        rf"\b(an?|per|each|every|half a|half an) ({_AFTER_WORDS})(?![\w'-])",
        lambda m: f"{m[1]} {words(m[2], many=False)}",
        frozenset(),
    ),
    Rule(
        rf"(?<=\d )([a-z]{{3,20}})/({_PER}|s|sec|min|h|hr|wk|mo|yr|kg|km|mi|lb|oz|l|L|gal)(?![\w/^])",
        _rate,
        frozenset("/"),
    ),
    Rule(
        rf"(?<![\w.])({NUMBER}) ?cu\.? ?(ft|m|in|yd|cm)\b\.?",
        lambda m: _solid(m[1], m[2]),
        flags=re.IGNORECASE,
    ),
    # `2x/day`, `3x a week`
    Rule(
        rf"(?<![\w.])(\d{{1,2}})x ?(?:/ ?({_PER})\b"
        rf"|(?=(?:an?|per|each|every) (?:{_PER})\b|daily|weekly))",
        lambda m: f"{cardinal(int(m[1]))} times {'per ' + PER[m[2]] if m[2] else ''}",
    ),
    Rule(
        r"(?<![\w.])(\d{1,2}(?:/\d)?) c\. (?=[a-z]{3})",
        lambda m: f"{m[1]} {'cup' if m[1] == '1' or '/' in m[1] else 'cups'} ",
    ),
    # `3x faster`, `10x more`
    Rule(
        rf"(?<![\w.,])({NUMBER}) ?[x×] (?=(?:as|the|more|less|worse|{_COMPARED})\b)",
        lambda m: f"{spell_number(m[1])} times ",
    ),
    # `50%-60%`, `5kg–10kg`
    Rule(
        rf"(?<![\w.])({NUMBER} ?(?:%|°[CF]?|(?:{UNIT})(?!\w))) ?[-–] ?(?={NUMBER} ?(?:%|°|(?:{UNIT})(?!\w)))",
        lambda m: f"{m[1]} to ",
        flags=re.IGNORECASE,
    ),
    Rule(rf"(?<![\w.])({NUMBER}) ?°(?: ?([CFK])\b)?", _degrees, frozenset("°")),
    Rule(rf"(?<!\d)({NUMBER}) ?%", lambda m: spaced(m, f"{spell_number(m[1])} percent"), frozenset("%")),
    Rule(
        r"(?<![\w.])(\d{1,2}) ?(?:ft|feet)\.? (\d{1,2}) ?in\b\.?",
        lambda m: f"{_feet_and(m[1])} {_inch(m[2])}",
    ),
    Rule(rf"(?<![\w.])({NUMBER}) in\.(?= [a-z]|,)", lambda m: f"{spell_number(m[1])} inches"),
    Rule(
        rf"(?<![\w.])({NUMBER})[ -]?sq\.? ?(ft|m|km|mi|in|yd|cm)\b\.?",
        lambda m: _square(m[1], m[2]),
        flags=re.IGNORECASE,
    ),
    Rule(
        rf"(?<![\w.])({NUMBER})({_SPACE})({UNIT})(?:(\^?[23])|\b)(?:/({_PER}|{UNIT})(?:(\^?[23])|\b))?"
        r"(?![\w'&]|-[a-z])(?:\.(?= [a-z]))?",
        lambda m: _quantity(m) if m[3] in LETTERS or m[3].lower() in UNITS else m[0],
        flags=re.IGNORECASE,
    ),
    Rule(
        r"(?<![\w/.])(km|mi|ft|kg|mg|lb|lbs|kWh|Mbit|Gbit|kB|MB|GB)/(h|hr|s|sec|min|day|m|cm|kg|l|L)(\^?[23])?(?![\w/])",
        _alone,
        frozenset("/"),
    ),
    Rule(r"(?<=[\w)])(?: \^ |\^)(-?\d{1,4})\b", lambda m: _power(int(m[1])), frozenset("^")),
)
