"""Lists of utterances: a line each, plain or `id|text`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tiedtts.errors import TextError

LONGEST_ID = 200
"""Bytes; file systems take 255, some of which the suffix and a temporary name need."""
_DIGITS = 4


@dataclass(frozen=True)
class Line:
    """One utterance of a list."""

    number: int
    """Counted from 1, empty lines too."""
    id: str
    """Name of its file without the suffix."""
    text: str
    """What to say."""
    error: TextError | None = None
    """Why it cannot be said."""
    warning: str | None = None
    """What was changed."""


def decode(data: bytes, source: str) -> str:
    """Return text that was read as bytes: UTF-8, with or without a byte order mark.

    Raises:
        TextError: It is something else.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data.count(b"\n", 0, error.start) + 1
        raise TextError(
            f"{source} is not UTF-8: byte 0x{data[error.start]:02x} in line {number}",
            hint="save it as UTF-8, for example with `iconv -f latin1 -t utf-8`",
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse(text: str) -> Iterator[Line]:
    """Yield the utterances of a list in their order; empty lines are no utterances.

    A line with a `|` is `id|text`; the others are named by their numbers, `0001`.
    """
    rows = text.split("\n")
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        if not row.strip():
            continue
        own, bar, rest = row.partition("|")
        line = _named(number, own.strip(), rest.strip()) if bar else _numbered(number, row.strip(), len(rows))
        if line.error is None and line.id in seen:
            line = _bad(line, f"the id `{line.id}` is already that of line {seen[line.id]}")
        if line.error is None:
            seen[line.id] = number
        yield line


def path_of(line: Line, folder: Path) -> Path:
    """Return the sound file of an utterance."""
    return folder / f"{line.id}.wav"


def _numbered(number: int, text: str, count: int) -> Line:
    return Line(number, f"{number:0{max(_DIGITS, len(str(count)))}}", text)


def _named(number: int, own: str, text: str) -> Line:
    """Return the utterance of an `id|text` line, under a name that stays in its folder."""
    name = "".join(c if c.isalnum() or c in " ._-+,=@()" else "_" for c in own).lstrip(".")
    line = Line(number, name, text)
    if not any(c.isalnum() for c in name):
        return _bad(line, f"`{own}` is no id: it needs a letter or a digit")
    if len(name.encode()) > LONGEST_ID:
        return _bad(line, f"the id is longer than {LONGEST_ID} bytes: `{name[:20]}...`")
    if name != own:
        return Line(number, name, text, warning=f"the id `{own}` is written as `{name}`")
    return line


def _bad(line: Line, message: str) -> Line:
    hint = "every line needs an id of its own: `id|text`"
    return Line(line.number, line.id, line.text, TextError(message, hint=hint))
