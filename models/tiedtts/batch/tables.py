"""Tables of utterances: CSV and its relatives, and `metadata.csv` of speech corpora."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal

from tiedtts.batch.lines import Row
from tiedtts.errors import TextError, TiedTTSError
from tiedtts.quoting import quoted

LONGEST_CELL = 2**31 - 1
"""Characters; the module of Python refuses what is longer than 131,072 if it isn't told."""
MOST_LINES = 1_000
"""Lines of one row; a quotation mark that nobody closes would swallow the rest of the list."""

Numbered = tuple[int, str | TextError]
_HINT = "put text with commas between quotes"


def rows(
    numbered: Iterable[Numbered], delimiter: str, record: Callable[[int, Mapping[str, object]], Row]
) -> Iterator[Row]:
    """Read a table: with a header that names `text`, or columns `text`, or `id` and `text`.

    Args:
        numbered: Its lines, each with its number, or the error of one that cannot be read.
        delimiter: Between columns, where the header does not tell.
        record: Makes a row of a number and named values.
    """
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
    feed = _Feed(numbered)
    first = next(feed, "")
    header: list[str] | None = None
    for candidate in (delimiter, ",", ";", "\t", "|"):
        columns = [column.strip().lower() for column in _cells_of(first, candidate)]
        if "text" in columns:
            header, delimiter = columns, candidate
            break
    else:
        if "|" in first and delimiter not in first.partition("|")[0]:
            # `metadata.csv` of speech corpora: bars, and quotes that mean nothing.
            delimiter = "|"
        feed.give_back()
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "|" else csv.QUOTE_MINIMAL
    while True:
        # A reader a row: what one row does wrong is not in the way of the next.
        feed.begin()
        reader = csv.reader(feed, delimiter=delimiter, quoting=quoting)
        row: Row | None = None
        try:
            cells = next(reader, None)
            if cells is not None and feed.broken_off:
                raise csv.Error("a quotation mark is not closed")
            if cells is not None and any(cell.strip() for cell in cells):
                row = _row(feed.number, cells, header, delimiter == "|", record)
        except csv.Error as error:
            row = Row(
                feed.number, "", error=TextError(f"not CSV: {error}", hint='a quotation mark is written ""')
            )
            feed.give_back(all_but=1)
            cells = []
        except Exception as error:
            what = TextError(f"cannot be read: {type(error).__name__}: {quoted(str(error))}")
            row = Row(feed.number, "", error=error if isinstance(error, TiedTTSError) else what)
            cells = []
        yield from feed.take_bad()
        if row is not None:
            yield row
        if cells is None:
            return


class _Feed:
    """The lines of a table for a reader of rows, which may take several for one."""

    def __init__(self, numbered: Iterable[Numbered]) -> None:
        self._numbered = iter(numbered)
        self._waiting: list[tuple[int, str]] = []
        self._taken: list[tuple[int, str]] = []
        self._bad: list[Row] = []
        self.broken_off = False
        """Whether the row that is being read wanted more lines than there are."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._taken) >= MOST_LINES:
            self.broken_off = True
            raise StopIteration
        if self._waiting:
            self._taken.append(self._waiting.pop())
            return self._taken[-1][1]
        for number, line in self._numbered:
            if isinstance(line, str):
                self._taken.append((number, line + "\n"))
                return self._taken[-1][1]
            self._bad.append(Row(number, "", error=line))
        self.broken_off = bool(self._taken)
        raise StopIteration

    @property
    def number(self) -> int:
        """Number of the first line of the row."""
        return self._taken[0][0] if self._taken else 0

    def begin(self) -> None:
        """Begin a row."""
        self._taken.clear()
        self.broken_off = False

    def give_back(self, all_but: int = 0) -> None:
        """Let the lines of the row be read again, but the first so many."""
        self._waiting.extend(reversed(self._taken[all_but:]))

    def take_bad(self) -> list[Row]:
        """Return the lines that could not be read, each once."""
        bad, self._bad = self._bad, []
        return bad


def _cells_of(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _row(
    number: int,
    cells: Sequence[str],
    header: Sequence[str] | None,
    bars: bool,
    record: Callable[[int, Mapping[str, object]], Row],
) -> Row:
    """Return the utterance of one row of a table."""
    if header is not None:
        if len(cells) > len(header):
            message = f"{len(cells)} columns, but {len(header)} in the header"
            return Row(number, "", error=TextError(message, hint=_HINT))
        return record(number, {key: cell for key, cell in zip(header, cells, strict=False) if cell.strip()})
    if len(cells) == 1:
        return Row(number, cells[0].strip())
    if len(cells) > 2 and not bars:
        # What stands in the third may well be the rest of the text.
        message = f"{len(cells)} columns, but no header that names them"
        return Row(number, "", error=TextError(message, hint=_HINT))
    return Row(number, cells[1].strip(), cells[0].strip())
