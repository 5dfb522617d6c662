"""Readers of lists of utterances: plain lines, `id|text`, CSV, JSON lines, and a text file each."""

import io
import json
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from tiedtts import encodings, plain, settings
from tiedtts.batch.lines import LONGEST_ID, Row
from tiedtts.choices import BOOK, DOCUMENTS, MARKUPS
from tiedtts.errors import TextError, TiedTTSError
from tiedtts.paths import StrPath, several
from tiedtts.quoting import quoted

_SUFFIXES = {
    **{".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"},
    **dict.fromkeys(DOCUMENTS, "file"),
    BOOK: "epub",
}
_WHOLE = ("file", *MARKUPS)
"""Kinds of files that are one utterance."""
_TEXTS = ".txt"
_OWN = ("text", "id", "voice")
"""Names of what a line has beside settings."""
_VOICE_HINT = "such as `felix`; `tiedtts voices` lists those of the package"
_UTF8_HINT = "save it as UTF-8, for example with `iconv -f latin1 -t utf-8`"


@dataclass(frozen=True)
class Source:
    """A file with utterances, and how to read it."""

    path: Path
    kind: str
    """One of `tiedtts.choices.READ_AS`, but not `auto`."""
    name: str = ""
    """For messages and names, where there are several."""
    titles: bool = True
    """Whether a chapter of a book is announced by its title."""

    def rows(self) -> Iterator[Row]:
        """Read the utterances as they are asked for; of what is bad comes the error, then the next.

        A list that cannot be read, or no further, gives a last row with the error.
        """
        try:
            if self.kind == "epub":
                # Few texts are books.
                from tiedtts.batch import books

                yield from books.rows(self.path, self.name, titles=self.titles)
                return
            if self.kind in _WHOLE:
                yield _whole(self.path, self.name or self.path.name, markup(self.path, self.kind))
                return
            with self.path.open("rb") as stream:
                for row in rows(stream, self.kind, str(self.path), tabs=self.path.suffix.lower() == ".tsv"):
                    yield replace(row, source=self.name) if self.name else row
        except OSError as error:
            yield Row(0, "", error=unreadable(self.path, error), source=self.name or self.path.name)
        except TextError as error:
            yield Row(0, "", error=error, source=self.name or self.path.name)

    def count(self) -> int | None:
        """Return about how many rows there are, without keeping any; None if nobody knows.

        What comes through a pipe can be read but once.
        """
        if self.kind in (*_WHOLE, "epub"):
            return 1
        try:
            if not self.path.is_file():
                return None
            with self.path.open("rb") as stream:
                return 1 + sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
        except OSError:
            return None


def sources(paths: Sequence[StrPath], kind: str = "auto", *, titles: bool = True) -> list[Source]:
    """Return how to read files and folders.

    Every .txt file in a folder is said as a whole; if there is none, every document of Markdown or HTML is.

    Raises:
        TextError: A file is missing or cannot be opened, or a folder has no texts.
    """
    paths = several(paths)
    found: list[Source] = []
    for path in paths:
        check(path)
        if path.is_dir():
            texts = _texts(path)
            if not texts:
                raise TextError(
                    f"no {_TEXTS} files in {path}, nor documents",
                    hint="every .txt file in a folder is said, or every .md and .html file",
                )
            found += [Source(inner, "file" if kind == "auto" else kind, inner.name) for inner in texts]
        else:
            chosen = _SUFFIXES.get(path.suffix.lower(), "lines") if kind == "auto" else kind
            if chosen == "file" and path.suffix.lower() == BOOK:
                chosen = "epub"
            found.append(Source(path, chosen, path.name if len(paths) > 1 else "", titles))
    return found


def check(path: StrPath) -> None:
    """Refuse what can be no text: what is not there or may not be read, and devices, which have no end.

    A pipe is read, as is `/dev/stdin`.

    Raises:
        TextError: It cannot be read.
    """
    path = Path(path)
    try:
        found = path.stat()
        if stat.S_ISREG(found.st_mode) and not os.access(path, os.R_OK):
            path.open("rb").close()
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    endless = stat.S_ISCHR(found.st_mode) and not (_is_terminal(path) or path.samefile(os.devnull))
    if endless or stat.S_ISBLK(found.st_mode) or stat.S_ISSOCK(found.st_mode):
        raise TextError(
            f"cannot read {path}: it is {plain.kind(found)}", hint="give a file, a folder or a pipe"
        )


def unreadable(path: Path, error: OSError | ValueError) -> TextError:
    """Return what a failure to read a text means to people."""
    reason = (getattr(error, "strerror", None) or str(error)).lower()
    return TextError(f"cannot read {path}: {reason}")


def _is_terminal(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
    except OSError:
        return False
    try:
        return os.isatty(descriptor)
    finally:
        os.close(descriptor)


def _texts(path: Path) -> list[Path]:
    try:
        inside = sorted(path.iterdir())
        texts = [inner for inner in inside if inner.suffix.lower() == _TEXTS]
        return texts or [inner for inner in inside if inner.suffix.lower() in DOCUMENTS]
    except OSError as error:
        raise unreadable(path, error) from error


def rows(stream: BinaryIO, kind: str, name: str, *, tabs: bool = False) -> Iterator[Row]:
    """Read the utterances of an open list, each as soon as its line is there.

    Args:
        stream: UTF-8, with or without a byte order mark, any line ends.
        kind: `lines`, `csv` or `jsonl`.
        name: Name of the list, for messages.
        tabs: Columns of a table without a header are separated by tabs.

    Raises:
        TextError: It is UTF-16, or a table without a column `text`.
    """
    numbered = _decoded(stream, name)
    if kind == "csv":
        # Few lists are tables, and all others start sooner without.
        from tiedtts.batch import tables

        return tables.rows(numbered, "\t" if tabs else ",", record)
    read = _json if kind == "jsonl" else _plain
    return (
        _tried(read, number, line) for number, line in numbered if not isinstance(line, str) or line.strip()
    )


def _tried(read: Callable[[int, str], Row], number: int, line: str | TextError) -> Row:
    """Read a line; whatever goes wrong is the error of that line."""
    if not isinstance(line, str):
        return Row(number, "", error=line)
    try:
        return read(number, line)
    except Exception as error:
        what = TextError(f"cannot be read: {type(error).__name__}: {quoted(str(error))}")
        return Row(number, "", error=error if isinstance(error, TiedTTSError) else what)


def markup(path: StrPath | None, read_as: str) -> str:
    """Return the markup of a text.

    Args:
        path: Its file, if it is in one.
        read_as: One of `tiedtts.choices.READ_AS`.
    """
    if read_as in MARKUPS:
        return read_as
    suffix = "" if path is None else Path(path).suffix.lower()
    return DOCUMENTS.get(suffix, MARKUPS[0]) if read_as in ("auto", "file") else MARKUPS[0]


def decode_file(data: bytes, name: str, note: Callable[[str], object], markup: str = MARKUPS[0]) -> str:
    """Return the text of a file in any usual encoding, see `text_files.decode`.

    Raises:
        TextError: It is no text.
    """
    # Texts that are arguments start sooner without.
    from tiedtts.batch import text_files

    try:
        return text_files.decode(data, name, note, markup)
    except UnicodeDecodeError:
        # The error says where it ceases to be UTF-8.
        return decode(data, name)


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
                if number == 1 and raw.startswith(encodings.WIDE_MARKS):
                    raise TextError(f"{name} is UTF-16, not UTF-8", hint="save it as UTF-8") from None
                byte = ord(line[error.start]) - 0xDC00
                yield number, TextError(f"not UTF-8: byte 0x{byte:02x}", hint=_UTF8_HINT)
            else:
                yield number, line.rstrip("\n")
    finally:
        # Or the stream, which may be stdin, would be closed with its wrapper.
        if not text.closed:
            text.detach()


def _whole(path: Path, name: str, markup: str) -> Row:
    """Read a text that is an utterance; in a folder may be pipes, which nobody fills, and other folders."""
    try:
        if path.is_dir():
            raise TextError(f"cannot read {path}: it is a folder", hint="every .txt file in a folder is said")
        check(path)
        if stat.S_ISFIFO(path.stat().st_mode):
            raise TextError(
                f"cannot read {path}: it is a named pipe", hint="every .txt file in a folder is said"
            )
        told: list[str] = []
        text = decode_file(path.read_bytes(), str(path), told.append, markup)
        options = {} if markup == MARKUPS[0] else {"markup": markup}
        return Row(0, text, options=options, source=name, warnings=tuple(told))
    except OSError as error:
        return Row(0, "", error=unreadable(path, error), source=name)
    except TextError as error:
        return Row(0, "", error=error, source=name)


def _plain(number: int, line: str) -> Row:
    """Read `text` or `id|text`."""
    own, bar, rest = line.partition("|")
    return Row(number, rest.strip(), own.strip()) if bar else Row(number, line.strip())


def _json(number: int, line: str) -> Row:
    """Read a JSON object with `text`, and perhaps `id`, `voice` and settings; or a JSON string."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return Row(
            number,
            "",
            error=TextError(f"not JSON: {quoted(str(error), 100)}", hint='{"id": "hall", "text": "Hello."}'),
        )
    if isinstance(value, str):
        return Row(number, value.strip())
    if not isinstance(value, dict):
        hint = 'write {"id": "hall", "text": "Hello."}'
        return Row(number, "", error=TextError("neither a JSON object nor a string", hint=hint))
    return record(number, {key: item for key, item in value.items() if item is not None})


def record(number: int, values: Mapping[str, object]) -> Row:
    """Return the utterance of named values."""
    text, own, voice = (values.get(name) for name in _OWN)
    if isinstance(own, int) and not isinstance(own, bool):
        # Not Python's limit of digits for numbers as text is told, but that of names.
        own = str(own) if abs(own) < 10**LONGEST_ID else "0" * (LONGEST_ID + 1)
    error: TiedTTSError | None = None
    if text is None:
        error = TextError(
            "there is no `text`", hint="a line needs a text; id and options may stand beside it"
        )
    elif not isinstance(text, str):
        error = TextError("`text` is not a string")
    elif own is not None and not isinstance(own, str):
        error = TextError("`id` is neither a string nor a whole number")
    elif voice is not None and not (isinstance(voice, str) and voice.strip()):
        error = TextError(f"`voice` must be a name or a file, got: {quoted(voice)}", hint=_VOICE_HINT)
    options = {key: value for key, value in values.items() if key in settings.NAMES}
    unknown = [key for key in values if key not in (*settings.NAMES, *_OWN)]
    warnings = (f"no such option, ignored: {quoted(', '.join(unknown), 100)}",) if unknown else ()
    return Row(
        number,
        text.strip() if isinstance(text, str) else "",
        own.strip() if isinstance(own, str) else None,
        options,
        error,
        warnings,
        voice=voice.strip() if isinstance(voice, str) else "",
    )
