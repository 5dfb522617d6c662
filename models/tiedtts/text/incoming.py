"""Text that comes from somewhere else, such as a pipe, in pieces that can be spoken."""

import queue
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from tiedtts.errors import TextError
from tiedtts.text.growing import Unfinished, Whole
from tiedtts.text.incoming_line import IncomingLine
from tiedtts.text.inlet import Inlet

PATIENCE_SECONDS = 0.08
"""A line without a full stop is said when none has followed it for so long."""
SHORT_PATIENCE_SECONDS = 0.01
"""The same after a full stop."""
OPEN_SECONDS = 0.02
"""A line that has not ended after so long goes on in pieces."""
LARGEST = 1_000
"""Characters after which a piece ends with the next sentence, however fast the lines come."""

_POLLS_SECONDS = 0.02, 0.2
"""Time after which an open line is looked at again: at first, and at most."""
_STOPS = tuple(".?!")
_CLOSERS = "\"')]\u2019\u201d"
_TITLE = 8
"""Characters that tell whether a line ends with the title of a person."""
_TITLES = re.compile(r"\b(Mr|Mrs|Ms|Dr|St|Prof|Gen|Col|Capt|Lt|Sgt|Rev|Hon|[A-Z])\.$")


def pieces(
    stream: BinaryIO,
    name: str = "stdin",
    report: Callable[[TextError], object] | None = None,
    waiting: Callable[[], object] = lambda: None,
) -> Iterator[Whole | Unfinished]:
    """Yield paragraphs as their lines come; what is left waiting is said without its next line.

    A piece that ends its paragraph ends with its blank line; further blank lines are pieces of their own. Put
    together, the pieces are the text, a line feed after each line, without lines that are left out. A line
    that comes slowly, as a language model writes, goes out in pieces before its end, and in empty ones while
    nothing comes.

    Where the pieces end decides when they are spoken, and where nobody waits it depends on the text alone.

    Args:
        stream: UTF-8, with or without a byte order mark.
        name: Name of the stream, for messages.
        report: Told of a line that is something else, which is left out; without it, that is an error.
        waiting: Called once, if nothing has come at first.

    Raises:
        TextError: A line is something else.
    """
    inlet = Inlet(stream)
    if not inlet.has_come(SHORT_PATIENCE_SECONDS):
        waiting()
    line = IncomingLine(name, report)
    held: list[str] = []

    def taken() -> str:
        text = "".join(held)
        held.clear()
        return text

    size = 0
    while True:
        ends = bool(held) and not line.is_begun and _is_end(line.end_of_last)
        if ends and size >= LARGEST:
            yield Whole(taken())
            size, ends = 0, False
        try:
            came = inlet.next(_patience(line, inlet, bool(held), ends))
        except queue.Empty:
            size = 0
            if line.is_begun:
                yield Unfinished(taken() + line.so_far(), inlet.idle)
            else:
                yield Whole(taken())
            continue
        if isinstance(came, OSError):
            raise TextError(f"cannot read {name}: {(came.strerror or str(came)).lower()}") from came
        if came is None:
            if line.is_begun:
                held += [text] if (text := line.end(cut_off=True)) else []
            if held:
                yield Whole(taken())
            return
        data, ends_line = came
        line.add(data)
        if not ends_line:
            continue
        was_open = line.is_open
        text = line.end()
        if text:
            held.append(text)
        size += len(text)
        if text.isspace() and not was_open:
            yield Whole(taken())
            size = 0


def _patience(line: IncomingLine, inlet: Inlet, has_lines: bool, ends: bool) -> float | None:
    """Return for how long the next bytes are waited for, seconds; None for as long as it takes."""
    if line.is_open:
        first, last = _POLLS_SECONDS
        return 0.0 if line.has_more else min(max(first, inlet.idle / 4), last)
    if line.is_begun:
        return max(0.0, OPEN_SECONDS - line.age)
    if has_lines:
        return SHORT_PATIENCE_SECONDS if ends else PATIENCE_SECONDS
    return None


def _is_end(line: str) -> bool:
    """Whether a line ends a sentence."""
    return line.rstrip(_CLOSERS).endswith(_STOPS) and not _TITLES.search(line[-_TITLE:])
