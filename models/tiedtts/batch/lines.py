"""One utterance of a batch, and the name of its file."""

import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tiedtts.errors import TextError, TiedTTSError

LONGEST_ID = 200
"""Bytes; file systems take 255, some of which the suffix needs."""
NAMINGS = ("id", "index", "text")
"""What files may be named by."""

_DIGITS = 4
_WORDS_LENGTH = 60
_SAFE = " ._-+,=@()"
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
"""Windows takes these names for devices, whatever their suffix."""
_HINT = "every line needs an id of its own: `id|text`"


@dataclass(frozen=True)
class Row:
    """One utterance as it stands in a list."""

    number: int
    """Counted from 1, empty lines too."""
    text: str
    """What to say."""
    id: str | None = None
    """Its own name, if it has one."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Settings of its own, by name."""
    error: TiedTTSError | None = None
    """Why it cannot be said."""
    warnings: tuple[str, ...] = ()
    """What was left out in reading it."""
    source: str = ""
    """The list it stands in, if there are several; of a file that is said as a whole, its name."""

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        if not self.number:
            return self.source
        return f"{self.source}, line {self.number}" if self.source else f"line {self.number}"


@dataclass(frozen=True)
class Line:
    """One utterance with a name."""

    place: str
    """Where it stands, for messages."""
    id: str
    """Name of its file without the suffix."""
    text: str
    """What to say."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Settings of its own, by name."""
    error: TiedTTSError | None = None
    """Why it cannot be said."""
    warnings: tuple[str, ...] = ()
    """What was changed."""


def named(rows: Iterable[Row], *, by: str = "id", digits: int = _DIGITS) -> Iterator[Line]:
    """Give every row a name that no other has and that stays in its folder.

    Args:
        rows: In the order of the list.
        by: `id`: its own, or else its number; `index`: its number; `text`: its first words.
        digits: At least so many in a number.
    """
    seen: dict[str, str] = {}
    for row in rows:
        line = _own(row) if by == "id" and row.id is not None else _given(row, by, digits)
        if line.error is None:
            # Windows knows no capitals in names.
            key = os.path.normcase(line.id)
            if by == "text":
                line = replace(line, id=_free(line.id, seen))
                key = os.path.normcase(line.id)
            elif key in seen:
                error = TextError(f"the id `{line.id}` is already that of {seen[key]}", hint=_HINT)
                line = replace(line, error=error)
        if line.error is None:
            seen[key] = row.place
        yield line


def digits(rows: int) -> int:
    """Return how many digits the numbers of so many rows need."""
    return max(_DIGITS, len(str(rows)))


def _given(row: Row, by: str, digits: int) -> Line:
    """Return the utterance under a name made for it."""
    if by == "text":
        name = words(row.text)
    elif not row.number:
        name = _safe(row.source.rpartition(".")[0] or row.source)
    else:
        name = f"{row.number:0{digits}}"
        if row.source:
            name = f"{_safe(row.source.rpartition('.')[0] or row.source)}-{name}"
    return _line(row, name)


def _own(row: Row) -> Line:
    """Return the utterance under its own name, made harmless."""
    own = row.id or ""
    name = _safe(own)
    line = _line(row, name)
    if row.error is not None:
        return line
    if not any(c.isalnum() for c in name):
        return replace(line, error=TextError(f"`{own}` is no id: it needs a letter or a digit", hint=_HINT))
    if len(name.encode()) > LONGEST_ID:
        message = f"the id is longer than {LONGEST_ID} bytes: `{name[:20]}...`"
        return replace(line, error=TextError(message, hint=_HINT))
    if name != own:
        return replace(line, warnings=(f"the id `{own}` is written as `{name}`", *row.warnings))
    return line


def _line(row: Row, name: str) -> Line:
    return Line(row.place, name, row.text, row.options, row.error, row.warnings)


def _safe(own: str) -> str:
    """Return a name without what could lead out of its folder or mean something else there."""
    name = "".join(c if c.isalnum() or c in _SAFE else "_" for c in own).lstrip(".")
    return f"_{name}" if _DEVICES.fullmatch(name) else name


def words(text: str) -> str:
    """Return the first words of a text as a file name: `Hello, Bob!` gives `hello-bob`."""
    plain = unicodedata.normalize("NFKD", text[: 8 * _WORDS_LENGTH]).lower()
    found = re.findall(r"[a-z0-9]+", re.sub("[\u0300-\u036f'\u2019]", "", plain))
    name = ""
    for word in found:
        if name and len(name) + 1 + len(word) > _WORDS_LENGTH:
            break
        name = f"{name}-{word}" if name else word[:_WORDS_LENGTH]
    return _safe(name or "line")


def _free(name: str, seen: Mapping[str, str]) -> str:
    """Return the name, with a number where another line has it already."""
    if os.path.normcase(name) not in seen:
        return name
    number = 2
    while os.path.normcase(f"{name}-{number}") in seen:
        number += 1
    return f"{name}-{number}"
