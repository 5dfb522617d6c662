"""Lists of utterances, read line by line: plain, `id|text`, CSV, JSON lines, and texts a file each."""

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

from tiedtts import speaking
from tiedtts.batch.lines import Row
from tiedtts.errors import TextError, TiedTTSError

KINDS = ("auto", "lines", "csv", "jsonl", "file")
"""Ways to read a file: by its suffix, an utterance a line, as tables, as JSON, an utterance a file."""

_SUFFIXES = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_TEXTS = ".txt"
_UTF8_HINT = "save it as UTF-8, for example with `iconv -f latin1 -t utf-8`"
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Source:
    """A file with utterances, and how to read it."""

    path: Path
    kind: str
    """One of `KINDS`, but not `auto`."""
    name: str = ""
    """For messages and names, where there are several."""

    def rows(self) -> Iterator[Row]:
        """Read the utterances as they are asked for; of a bad line comes the error, then the next.

        Raises:
            TextError: The file cannot be read.
        """
        try:
            if self.kind == "file":
                yield _whole(self.path, self.name or self.path.name)
                return
            with self.path.open("rb") as stream:
                for row in rows(stream, self.kind, str(self.path), tabs=self.path.suffix.lower() == ".tsv"):
                    yield replace(row, source=self.name) if self.name else row
        except OSError as error:
            raise TextError(f"cannot read {self.path}: {(error.strerror or '').lower()}") from error

    def count(self) -> int:
        """Return about how many rows there are, without keeping any.

        Raises:
            TextError: The file cannot be read.
        """
        if self.kind == "file":
            return 1
        try:
            with self.path.open("rb") as stream:
                return 1 + sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
        except OSError as error:
            raise TextError(f"cannot read {self.path}: {(error.strerror or '').lower()}") from error


def sources(paths: Sequence[Path], kind: str = "auto") -> list[Source]:
    """Return how to read files and folders; of a folder, every .txt file in it is said as a whole.

    Raises:
        TextError: A file is missing, or a folder has no texts.
    """
    found: list[Source] = []
    for path in paths:
        if path.is_dir():
            texts = sorted(inner for inner in path.iterdir() if inner.suffix.lower() == _TEXTS)
            if not texts:
                raise TextError(f"no {_TEXTS} files in {path}", hint="every .txt file in a folder is said")
            found += [Source(inner, "file" if kind == "auto" else kind, inner.name) for inner in texts]
        else:
            chosen = _SUFFIXES.get(path.suffix.lower(), "lines") if kind == "auto" else kind
            found.append(Source(path, chosen, path.name if len(paths) > 1 else ""))
    for source in found:
        if not source.path.exists():
            raise TextError(f"cannot read {source.path}: no such file or directory")
    return found


def rows(stream: BinaryIO, kind: str, name: str, *, tabs: bool = False) -> Iterator[Row]:
    """Read the utterances of an open list, each as soon as its line is there.

    Args:
        stream: UTF-8, with or without a byte order mark, any line ends.
        kind: `lines`, `csv` or `jsonl`.
        name: Of the list, for messages.
        tabs: Columns of a table without a header are separated by tabs.

    Raises:
        TextError: It is UTF-16, or a table without a column `text`.
    """
    numbered = _decoded(stream, name)
    if kind == "csv":
        return _table(numbered, name, "\t" if tabs else ",")
    return (
        (_json if kind == "jsonl" else _plain)(number, line)
        if isinstance(line, str)
        else Row(number, "", error=line)
        for number, line in numbered
        if not isinstance(line, str) or line.strip()
    )


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
            f"{source} is not UTF-8: byte 0x{data[error.start]:02x} in line {number}", hint=_UTF8_HINT
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(stream: BinaryIO, name: str) -> Iterator[tuple[int, str | TextError]]:
    """Yield the lines of a stream with their numbers, and the errors of those that are not UTF-8."""
    text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape")
    try:
        for number, line in enumerate(text, 1):
            try:
                raw = line.encode()
            except UnicodeEncodeError as error:
                raw = line.encode(errors="surrogateescape")
                if number == 1 and raw.startswith(_WIDE_MARKS):
                    raise TextError(f"{name} is UTF-16, not UTF-8", hint="save it as UTF-8") from None
                byte = ord(line[error.start]) - 0xDC00
                yield number, TextError(f"not UTF-8: byte 0x{byte:02x}", hint=_UTF8_HINT)
            else:
                yield number, line.rstrip("\n")
    finally:
        # Or the stream, which may be stdin, would be closed with its wrapper.
        if not text.closed:
            text.detach()


def _whole(path: Path, name: str) -> Row:
    try:
        return Row(0, decode(path.read_bytes(), str(path)), source=name)
    except TextError as error:
        return Row(0, "", error=error, source=name)


def _plain(number: int, line: str) -> Row:
    """Read `text` or `id|text`."""
    own, bar, rest = line.partition("|")
    return Row(number, rest.strip(), own.strip()) if bar else Row(number, line.strip())


def _json(number: int, line: str) -> Row:
    """Read a JSON object with `text`, and perhaps `id` and settings; or a JSON string."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(number, "", error=TextError(f"not JSON: {error}", hint='{"id": "hall", "text": "Hello."}'))
    if isinstance(value, str):
        return Row(number, value.strip())
    if not isinstance(value, dict):
        hint = 'write {"id": "hall", "text": "Hello."}'
        return Row(number, "", error=TextError("neither a JSON object nor a string", hint=hint))
    return _record(number, {key: item for key, item in value.items() if item is not None})


def _record(number: int, record: Mapping[str, object]) -> Row:
    """Return the utterance of named values."""
    text, own = record.get("text"), record.get("id")
    if isinstance(own, int) and not isinstance(own, bool):
        own = str(own)
    error: TiedTTSError | None = None
    if text is None:
        error = TextError(
            "there is no `text`", hint="a line needs a text; id and options may stand beside it"
        )
    elif not isinstance(text, str):
        error = TextError("`text` is not a string")
    elif own is not None and not isinstance(own, str):
        error = TextError("`id` is neither a string nor a whole number")
    options = {key: value for key, value in record.items() if key in speaking.NAMES}
    unknown = [key for key in record if key not in (*speaking.NAMES, "text", "id")]
    warnings = (f"no such option, ignored: {', '.join(unknown)}",) if unknown else ()
    return Row(
        number,
        text.strip() if isinstance(text, str) else "",
        own.strip() if isinstance(own, str) else None,
        options,
        error,
        warnings,
    )


def _table(numbered: Iterable[tuple[int, str | TextError]], name: str, delimiter: str) -> Iterator[Row]:
    """Read a table: with a header that names `text`, or columns `text`, or `id` and `text`."""
    bad: list[Row] = []
    last = 0

    def lines() -> Iterator[str]:
        nonlocal last
        for number, line in numbered:
            last = number
            if isinstance(line, str):
                yield line + "\n"
            else:
                bad.append(Row(number, "", error=line))

    source = lines()
    first = next(source, "")
    header: list[str] | None = None
    for candidate in (delimiter, ",", ";", "\t", "|"):
        columns = [column.strip().lower() for column in next(csv.reader([first], delimiter=candidate), [])]
        if "text" in columns:
            header, delimiter = columns, candidate
            break
    else:
        if "|" in first and delimiter not in first.partition("|")[0]:
            # `metadata.csv` of speech corpora: bars, and quotes that mean nothing.
            delimiter = "|"
    quoting: Literal[0, 3] = csv.QUOTE_NONE if delimiter == "|" else csv.QUOTE_MINIMAL
    reader = csv.reader(_chain(first, source, header), delimiter=delimiter, quoting=quoting)
    begin = last if header is None else last + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield from bad
            bad.clear()
            yield Row(last, "", error=TextError(f"not CSV: {error}"))
        else:
            yield from bad
            bad.clear()
            if any(cell.strip() for cell in cells):
                yield _cells(begin, cells, header, delimiter == "|")
        begin = last + 1
    yield from bad


def _chain(first: str, rest: Iterator[str], header: Sequence[str] | None) -> Iterator[str]:
    if header is None and first:
        yield first
    yield from rest


def _cells(number: int, cells: Sequence[str], header: Sequence[str] | None, bars: bool) -> Row:
    """Return the utterance of one row of a table."""
    if header is not None:
        if len(cells) > len(header):
            message = f"{len(cells)} columns, but {len(header)} in the header"
            return Row(number, "", error=TextError(message, hint="put text with commas between quotes"))
        return _record(number, {key: cell for key, cell in zip(header, cells, strict=False) if cell.strip()})
    if len(cells) == 1:
        return Row(number, cells[0].strip())
    if len(cells) > 2 and not bars:
        # What stands in the third may well be the rest of the text.
        message = f"{len(cells)} columns, but no header that names them"
        return Row(number, "", error=TextError(message, hint="put text with commas between quotes"))
    return Row(number, cells[1].strip(), cells[0].strip())
