"""Tables of recordings: LJSpeech and its relatives, CSV and TSV, with a header or without."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from tiedtts.corpus import columns, recordings
from tiedtts.corpus.columns import Columns
from tiedtts.corpus.recordings import NO_RECORDING, Finder, Notes, Recording
from tiedtts.errors import CorpusError

SEPARATORS = ("|", "\t", ";", ",")
_QUOTING = (";", ",")
"""Separators beside which a text with one in it stands in quotes."""
_LOOKED_AT = 200
"""Rows by which the separator and the columns are found."""

Numbered = tuple[int, list[str]]
"""Number of a line, and its cells."""


def read(listing: Path, notes: Notes) -> Iterator[Recording]:
    """Read a table; how it was read is noted, unless it is as LJSpeech has it.

    Raises:
        CorpusError: It cannot be read, or is no table.
    """
    text = recordings.decode(listing, notes)
    if not text.strip():
        return
    finder = Finder(listing.parent)

    def is_sound(cell: str) -> bool:
        return bool(cell.strip()) and finder.find(cell.strip()) is not None

    separator = _separator(text, is_sound)
    if separator is None:
        raise CorpusError(
            f"{listing} is no table of recordings and texts",
            hint="write `id|text` in each line, or CSV or TSV with a header such as `file,text`",
        )
    numbered = _rows(text, separator)
    first = [row for _, row in numbered[: _LOOKED_AT + 1]]
    found = columns.of_header(first[0], first[1:], is_sound)
    if found is not None:
        numbered = numbered[1:]
        width = len(first[0])
    else:
        first = [row for row in first if len(row) > 1]
        width = min(map(len, first)) if separator in _QUOTING else max(map(len, first))
        # Of a text with a comma and without quotes only the shorter rows tell where it stands.
        usual = [row for row in first if separator not in _QUOTING or len(row) == width]
        found = columns.of_content(usual[:_LOOKED_AT], is_sound)
        if separator == "|" and found == Columns(0, (1,)):
            # A row of LJSpeech may have a normalised form even where most have none.
            found = Columns(0, (2, 1))
    if separator != "|" or found != Columns(0, (2, 1)):
        notes.setdefault(f"read as a table: {found}", []).append(listing.name)
    for number, row in numbered:
        row = _joined(row, width, found.texts[0], separator)
        name = row[found.sound].strip() if found.sound < len(row) else ""
        if len(row) < 2 or not name:
            recordings.note(notes, NO_RECORDING, listing, number)
            continue
        said, known = found.text(row), found.named(row)
        yield recordings.recording(name, said, finder(name), **known)


def read_ljspeech(listing: Path, notes: Notes) -> Iterator[Recording]:
    """Read `id|text|normalised text`; the last is what was said."""
    find = Finder(listing.parent)
    for number, line in recordings.lines(listing, notes):
        name, *texts = line.split("|")
        said = next((text for text in reversed(texts[:2]) if text.strip()), "")
        if not texts or not name.strip():
            recordings.note(notes, NO_RECORDING, listing, number)
            continue
        yield recordings.recording(name.strip(), said, find(name.strip()))


def _separator(text: str, is_sound: Callable[[str], bool]) -> str | None:
    """Return the separator by which most lines have a recording and more, or a header says so."""
    beginning = "\n".join(text.split("\n")[:_LOOKED_AT])
    votes: dict[str, float] = {}
    for separator in SEPARATORS:
        rows = [row for _, row in _rows(beginning, separator)]
        wide = [row for row in rows if len(row) > 1]
        if wide and columns.of_header(wide[0], wide[1:], is_sound) is not None and rows[0] == wide[0]:
            return separator
        if wide:
            # Where no sound file is there, the table may be right all the same.
            votes[separator] = sum(any(map(is_sound, row)) for row in wide) + len(wide) / (2 * len(rows))
    return max(votes, key=lambda separator: votes[separator]) if votes else None


def _rows(text: str, separator: str) -> list[Numbered]:
    """Return the rows that are not blank, with the numbers of their lines."""
    lines = text.split("\n")
    if separator in _QUOTING and '"' in text:
        reader = csv.reader(lines, delimiter=separator)
        try:
            rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
        except csv.Error:
            rows = []
        # A quote that is never closed swallows the lines after it.
        if 2 * len(rows) > sum(bool(line.strip()) for line in lines):
            return rows
    rows = [(number, line.split(separator)) for number, line in enumerate(lines, start=1) if line.strip()]
    if separator in _QUOTING and not all(row[1].startswith(" ") for _, row in rows if len(row) > 1):
        rows = [(number, _sentences(row, separator)) for number, row in rows]
    return _unquoted(rows)


def _sentences(row: list[str], separator: str) -> list[str]:
    """Put cells together that a comma in a sentence has split: a space comes after it."""
    joined = row[:1]
    for cell in row[1:]:
        if cell.startswith(" "):
            joined[-1] += separator + cell
        else:
            joined.append(cell)
    return joined


def _unquoted(rows: list[Numbered]) -> list[Numbered]:
    """Take away the quotes of cells where every row has them around its first one."""
    quoted = Counter(row[0][:1] == row[0][-1:] == '"' and len(row[0]) > 1 for _, row in rows)
    if not quoted[True] or quoted[False] > 1:
        return rows
    return [(number, [_bare(cell) for cell in row]) for number, row in rows]


def _bare(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


def _joined(row: list[str], width: int, text: int, separator: str) -> list[str]:
    """Put together a text that was split because it has separators and no quotes."""
    more = len(row) - width
    if separator not in _QUOTING or more <= 0 or text >= len(row):
        return row
    return [*row[:text], separator.join(row[text : text + more + 1]), *row[text + more + 1 :]]
