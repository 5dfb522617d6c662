"""Rules for e-mail and web addresses, paths, hashtags and handles."""

import re

from tiedtts.text import tables
from tiedtts.text.normalize.numbers import digits
from tiedtts.text.normalize.rules import Rule, letters

_TABLES = tables.read("web")
_STARTERS = tables.read("sentences")["starter"]
SIGNS = _TABLES["sign"]
TOP_LEVELS = tuple(_TABLES["top level"])
FILE_ENDINGS = tuple(_TABLES["file ending"])
HIDDEN = tuple(_TABLES["hidden"])
"""Names of files that begin with a dot."""
SPELLED = frozenset(_TABLES["spelled"])
"""Parts that are spelled letter by letter."""
SAID = _TABLES["spoken"]

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL}){{0,8}}"
_PATH = r"(?:/[\w.~%+&=?#:@/-]{0,400})?(?<![.?:,])"


def read_out(address: str) -> str:
    """Return an address as it would be read out."""
    parts = re.findall(r"[A-Za-z]+|\d+|[^A-Za-z\d]", address)
    return " ".join(filter(None, map(_part, parts, ["", *parts])))


def _part(part: str, before: str) -> str:
    if part.isdigit():
        return digits(part)
    if not part.isalpha():
        return SIGNS.get(part, "")
    name = part.lower()
    if len(name) == 1:
        return letters(name)
    # `example.me`, but `me@example.com`
    if name in SAID:
        return SAID[name]
    if name in SPELLED or (before == "." and len(name) < 3 and name in TOP_LEVELS):
        return letters(name)
    return part


def _hashtag(match: re.Match[str]) -> str:
    return f"hashtag {_in_words(match[1])}"


def _in_words(name: str) -> str:
    """Part the words of a name: `ThrowbackThursday`, `john_doe`."""
    return re.sub("(?<=[a-z])(?=[A-Z])", " ", name.replace("_", " "))


def _dotted(match: re.Match[str]) -> str:
    """Read `config.site`, but not a full stop without a space after it: `the end.then`."""
    return match[0] if match[2].capitalize() in _STARTERS else read_out(match[0])


_ADDRESS = frozenset("@/.")
RULES = (
    Rule(r"(?<![\w./])~/(?=[\w.])", lambda m: " tilde slash ", frozenset("~")),
    Rule(r"(?<![\w./])(\.\.?)/(?=[\w.])", lambda m: " dot" * len(m[1]) + " slash ", frozenset("/")),
    Rule(rf"(?<![\w.])[\w.+-]{{1,64}}@{_HOST}{_PATH}", lambda m: read_out(m[0]), frozenset("@")),
    Rule(
        rf"(?<![\w.])(?:https?|ftp|file)://[\w.~-]{{0,253}}(?::\d{{1,5}})?{_PATH}",
        lambda m: read_out(m[0]),
        frozenset("/"),
        re.IGNORECASE,
    ),
    Rule(rf"(?<![\w.])www\.{_HOST}{_PATH}", lambda m: read_out(m[0]), frozenset("."), re.IGNORECASE),
    Rule(
        rf"(?<![\w.@])(?=[\w-]{{0,62}}[A-Za-z])(?:{_LABEL}\.){{1,8}}(?:{'|'.join(TOP_LEVELS)})(?![\w-]|\.\w){_PATH}",
        lambda m: read_out(m[0]) if m[0].partition("/")[0].islower() or "/" in m[0] else m[0],
        frozenset("."),
    ),
    Rule(
        rf"(?<![\w.])[\w-]{{1,64}}\.(?:{'|'.join(FILE_ENDINGS)})\b", lambda m: read_out(m[0]), frozenset(".")
    ),
    # `.NET`, a `.zip` file, `.gitignore`
    Rule(
        rf"(?<![\w.@/])\.(?=(?:NET|{'|'.join(FILE_ENDINGS + HIDDEN)})(?![\w-]|\.\w))",
        lambda m: "dot ",
        frozenset("."),
    ),
    Rule(r"(?<![\w.@/])([a-z][a-z\d-]{2,40})\.([a-z]{2,12})(?![\w@/-]|\.\w)", _dotted, frozenset(".")),
    # `#A-77`: no hashtag has a hyphen.
    Rule(r"(?<![\w&])#(?=[A-Z]{1,4}-\d)", lambda m: "number ", frozenset("#")),
    Rule(r"(?<![\w&])#([A-Za-z]\w{0,100})", _hashtag, frozenset("#")),
    Rule(r"(?<![\w&])# ?(?=\d)", lambda m: "number ", frozenset("#")),
    Rule(r"(?<![\w.])@([A-Za-z_]\w{0,100})", lambda m: f"at {_in_words(m[1])}", frozenset("@")),
)
