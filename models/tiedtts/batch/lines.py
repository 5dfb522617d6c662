"""Lines of a batch: each row of a list gets a name that is safe and unique, for its file."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from tiedtts.errors import TextError, TiedTTSError
from tiedtts.quoting import quoted

LONGEST_ID = 200
"""Bytes; file systems take 255, some of which the suffix needs."""

_DIGITS = 4
_NUMBER = 20
"""Bytes for a number after a name."""
_WORDS_LENGTH = 60
_SAFE = " ._-+,=@()"
_DEVICES = re.compile(r"(con|prn|aux|nul|conin|conout|(com|lpt)[0-9¹²³])[ .]*(\..*)?", re.IGNORECASE)
"""Windows takes these names for devices, whatever their suffix, and whatever spaces stand before it."""
_HINT = "every line needs an id of its own: `id|text`"
_UNICODE_HINT = "`\\ud800` to `\\udfff` stand for a character only in pairs"


@dataclass(frozen=True)
class Chapter:
    """A chapter of a book, as its file and the manifest tell of it."""

    plain: str
    """The text without its markup."""
    tags: Mapping[str, str]
    """Tags of the sound file, such as `title` and `album`."""
    share: float
    """The part of the book before its end, 0 to 1."""


@dataclass(frozen=True)
class Row:
    """One utterance as it stands in a list."""

    number: int
    """Line number, from 1; empty lines count."""
    text: str
    """The text to speak."""
    id: str | None = None
    """Name given in the list, if there is one."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Settings of its own, by name."""
    error: TiedTTSError | None = None
    """The reason why it cannot be spoken."""
    warnings: tuple[str, ...] = ()
    """Warnings from reading it, such as what was left out."""
    source: str = ""
    """The list it stands in, if there are several; of a file that is said as a whole, its name."""
    chapter: Chapter | None = None
    """The chapter that it is, if it is one of a book."""
    voice: str = ""
    """Name or file of a voice of its own."""

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        if not self.number:
            return self.source
        unit = "line" if self.chapter is None else "chapter"
        return f"{self.source}, {unit} {self.number}" if self.source else f"{unit} {self.number}"


@dataclass(frozen=True)
class Line:
    """One utterance with a name."""

    place: str
    """Where it stands, for messages."""
    id: str
    """Name of its file without the suffix."""
    text: str
    """The text to speak."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Settings of its own, by name."""
    error: TiedTTSError | None = None
    """The reason why it cannot be spoken."""
    warnings: tuple[str, ...] = ()
    """Warnings, such as a name that was changed."""
    chapter: Chapter | None = None
    """The chapter that it is, if it is one of a book."""
    voice: str = ""
    """Name or file of a voice of its own."""

    @property
    def shown(self) -> str:
        """The text as the manifest has it."""
        return self.text if self.chapter is None else self.chapter.plain


def named(rows: Iterable[Row], *, by: str = "id", digits: int = _DIGITS) -> Iterator[Line]:
    """Give every row a name that no other has and that stays in its folder.

    Args:
        rows: In the order of the list.
        by: `id`: its own, or else its number; `index`: its number; `text`: its first words.
        digits: At least so many in a number.
    """
    seen: dict[str, tuple[str, str]] = {}
    numbers: dict[str, int] = {}
    for row in rows:
        try:
            line = _own(row) if by == "id" and row.id is not None else _given(row, by, digits)
            _check(line)
        except TiedTTSError as error:
            line = Line(row.place, f"{row.number:0{digits}}", row.text, row.options, error, row.warnings)
        if line.error is None:
            key = same(line.id)
            if by == "text":
                line = replace(line, id=_free(line.id, seen, numbers))
                key = same(line.id)
            elif key in seen:
                line = replace(line, error=_taken(line.id, *seen[key]))
        if line.error is None:
            seen[key] = row.place, line.id
        yield line


def same(name: str) -> str:
    """Return what two names have in common that are one name on some system.

    Windows, macOS and memory cards know no capitals in names, and take `ss` for `ß`; macOS takes an accent
    for the same, whether it is a character of its own or not.
    """
    bare = unicodedata.normalize("NFD", name).upper().casefold()
    return unicodedata.normalize("NFD", bare)


def digits(rows: int) -> int:
    """Return how many digits the numbers of so many rows need."""
    return max(_DIGITS, len(str(rows)))


def _given(row: Row, by: str, digits: int) -> Line:
    """Return the utterance under a name made for it."""
    if by == "text":
        name = words(row.text)
    elif not row.number:
        name = _stem(row.source)
    else:
        name = f"{row.number:0{digits}}"
        if row.source:
            name = f"{_stem(row.source)}-{name}"
    return _line(row, name)


def _own(row: Row) -> Line:
    """Return the utterance under its own name, made harmless."""
    own = row.id or ""
    if row.error is not None:
        return _line(row, _safe(own[:LONGEST_ID]))
    # In this order: to make a name of a million characters harmless takes long.
    if len(own) > LONGEST_ID or len(own.encode("utf-8", "replace")) > LONGEST_ID:
        raise TextError(f"the id is longer than {LONGEST_ID} bytes: `{quoted(own, 20)}`", hint=_HINT)
    if not _is_unicode(own):
        raise TextError(f"the id `{quoted(own)}` has half of a surrogate pair", hint=_UNICODE_HINT)
    name = _safe(own)
    if not any(c.isalnum() for c in name):
        raise TextError(f"`{quoted(own)}` is no id: it needs a letter or a digit", hint=_HINT)
    if len(name.encode()) > LONGEST_ID:
        raise TextError(f"the id is longer than {LONGEST_ID} bytes: `{quoted(own, 20)}`", hint=_HINT)
    line = _line(row, name)
    if name != own:
        return replace(line, warnings=(f"the id `{own}` is written as `{name}`", *row.warnings))
    return line


def _line(row: Row, name: str) -> Line:
    return Line(row.place, name, row.text, row.options, row.error, row.warnings, row.chapter, row.voice)


def _check(line: Line) -> None:
    """Refuse what neither a file nor a manifest can hold."""
    if line.error is None and not _is_unicode(line.text):
        raise TextError("the text has half of a surrogate pair", hint=_UNICODE_HINT)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _taken(name: str, place: str, other: str) -> TextError:
    if name == other:
        return TextError(f"the id `{name}` is already that of {place}", hint=_HINT)
    message = f"the ids `{name}` and `{other}`, of {place}, are one file name on some systems"
    return TextError(message, hint="let them differ in more than capitals, accents or `ss`")


def _stem(source: str) -> str:
    """Return a name for what comes from a file: its own, cut if a suffix would not fit."""
    name = _safe(source.rpartition(".")[0] or source)
    data = name.encode("utf-8", "replace")
    if len(data) <= LONGEST_ID - _NUMBER:
        return name
    # What is cut off may be all that two names differ in.
    mark = hashlib.sha256(data).hexdigest()[:8]
    return f"{data[: LONGEST_ID - _NUMBER - 9].decode('utf-8', 'ignore')}-{mark}"


def _safe(own: str) -> str:
    """Return a name without what could lead out of its folder or mean something else there."""
    whole = unicodedata.normalize("NFC", own)
    name = "".join(c if _is_safe(c) else "_" for c in whole).lstrip(".")
    if name and unicodedata.category(name[0])[0] == "M":
        name = f"_{name}"
    return f"_{name}" if _DEVICES.fullmatch(name) else name


def _is_safe(char: str) -> bool:
    # Marks are parts of words, in Hindi or Hebrew.
    return char.isalnum() or char in _SAFE or unicodedata.category(char) in ("Mn", "Mc")


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


def _free(name: str, seen: Mapping[str, object], numbers: dict[str, int]) -> str:
    """Return the name, with a number where another line has it already.

    Args:
        name: Name of a line.
        seen: Names that are taken, by `same`.
        numbers: The last number that a name was given; the next is looked for from there.
    """
    if same(name) not in seen:
        return name
    number = numbers.get(name, 1) + 1
    while same(f"{name}-{number}") in seen:
        number += 1
    numbers[name] = number
    return f"{name}-{number}"
