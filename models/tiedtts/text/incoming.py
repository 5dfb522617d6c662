"""Text that comes line by line from somewhere else, such as a pipe, in pieces that can be spoken."""

import os
import queue
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import BinaryIO

from tiedtts.errors import TextError
from tiedtts.text.growing import Whole

PATIENCE_SECONDS = 0.08
"""A line without a full stop is said when none has followed it for so long."""
SHORT_PATIENCE_SECONDS = 0.01
"""The same after a full stop."""
LARGEST = 1_000
"""Characters after which a piece ends with the next sentence, however fast the lines come."""

_POLL_SECONDS = 0.2
_STOPS = tuple(".?!")
_CLOSERS = "\"')]\u2019\u201d"
_TITLE = 8
"""Characters that tell whether a line ends with the title of a person."""
_TITLES = re.compile(r"\b(Mr|Mrs|Ms|Dr|St|Prof|Gen|Col|Capt|Lt|Sgt|Rev|Hon|[A-Z])\.$")


def pieces(
    stream: BinaryIO, name: str = "stdin", report: Callable[[TextError], object] | None = None
) -> Iterator[Whole]:
    """Yield paragraphs as their lines come; what is left waiting is said without its next line.

    A piece that ends its paragraph ends with its blank line; further blank lines are pieces of their own. Put
    together, the pieces are the text, a line feed after each line, without lines that are left out.

    Where the pieces end decides when they are spoken, and where nobody waits it depends on the text alone.

    Args:
        stream: UTF-8, with or without a byte order mark.
        name: Name of the stream, for messages.
        report: Told of a line that is something else, which is left out; without it, that is an error.

    Raises:
        TextError: A line is something else.
    """
    lines: queue.Queue[bytes | OSError | None] = queue.Queue(maxsize=1_000)
    threading.Thread(target=_read, args=(_reader(stream), lines), daemon=True).start()
    held: list[str] = []
    size = number = 0

    def taken() -> Whole:
        nonlocal size
        text = Whole("".join(held))
        held.clear()
        size = 0
        return text

    while True:
        ends = bool(held) and _is_end(held[-1][:-1])
        if ends and size >= LARGEST:
            yield taken()
        try:
            raw = _next(lines, (SHORT_PATIENCE_SECONDS if ends else PATIENCE_SECONDS) if held else None)
        except queue.Empty:
            yield taken()
            continue
        if isinstance(raw, OSError):
            raise TextError(f"cannot read {name}: {(raw.strerror or str(raw)).lower()}") from raw
        if raw is None:
            if held:
                yield taken()
            return
        number += 1
        try:
            line = _decode(raw, number, name)
        except TextError as error:
            if report is None:
                raise
            report(error)
            continue
        held.append(f"{line}\n")
        size += len(line)
        if not line or line.isspace():
            yield taken()


def _is_end(line: str) -> bool:
    """Whether a line ends a sentence."""
    return line.rstrip(_CLOSERS).endswith(_STOPS) and not _TITLES.search(line[-_TITLE:])


def _next(lines: "queue.Queue[bytes | OSError | None]", patience: float | None) -> bytes | OSError | None:
    """Return the next line; a wait without an end would not see Ctrl-C on Windows."""
    end = None if patience is None else time.monotonic() + patience
    while True:
        left = _POLL_SECONDS if end is None else end - time.monotonic()
        try:
            return lines.get(timeout=max(left, 0.0))
        except queue.Empty:
            if end is not None:
                raise


def _decode(raw: bytes, number: int, name: str) -> str:
    try:
        return raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r")
    except UnicodeDecodeError as error:
        message = f"{name} is not UTF-8: byte 0x{raw[error.start]:02x} in line {number}"
        raise TextError(message, hint="send it as UTF-8, for example through `iconv -f latin1`") from error


def _reader(stream: BinaryIO) -> Callable[[], bytes]:
    """Return a function that gives what has come, and nothing at the end."""
    try:
        descriptor = stream.fileno()
    except OSError:
        return lambda: stream.read(65_536)
    # Past the buffer: a thread that still reads through it at exit would bring the interpreter down.
    return lambda: os.read(descriptor, 65_536)


def _read(read: Callable[[], bytes], lines: "queue.Queue[bytes | OSError | None]") -> None:
    try:
        _split(read, lines)
    except OSError as error:
        # Here nobody would see it, and there somebody would wait for ever.
        lines.put(error)


def _split(read: Callable[[], bytes], lines: "queue.Queue[bytes | OSError | None]") -> None:
    # Put together once: what has no line end may come in very many pieces.
    rest: list[bytes] = []
    while data := read():
        *whole, last = data.split(b"\n")
        for line in whole:
            lines.put(b"".join((*rest, line)))
            rest = []
        if last:
            rest.append(last)
    if rest:
        lines.put(b"".join(rest))
    lines.put(None)
