"""Messages on stderr beside the results of commands: notes, warnings, errors, progress."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tiedtts.errors import LONGEST_HINT
from tiedtts.quoting import LONGEST_MESSAGE, printable

LINE_SECONDS = 60.0
"""Between two lines of progress where there is no terminal."""
WIDTH = 100
"""Characters of the words in such a line."""
LONGEST_WARNING = 600
"""Characters of a note or a warning, which may list what is known."""
PATIENCE_SECONDS = 2.0
"""Seconds before a progress bar appears: shorter work needs none."""


def note(message: str) -> None:
    """Say something that is no result."""
    if is_first():
        _print(printable(message, LONGEST_WARNING))


def warning(message: str) -> None:
    """Say what may not be as it was meant."""
    if is_first():
        _print(f"warning: {printable(message, LONGEST_WARNING)}")


def error(message: str, hint: str | None = None) -> None:
    """Say what is wrong, and on a line of its own the way out."""
    lines = [f"error: {printable(message, LONGEST_MESSAGE)}"]
    if hint:
        lines.append(f"hint: {printable(hint, LONGEST_HINT)}")
    _print("\n".join(lines))


def _print(lines: str) -> None:
    # A terminal that is gone, or a pipe that nobody reads, must not end a night's work.
    with suppress(OSError, ValueError):
        print(lines, file=sys.stderr, flush=True)


def is_first() -> bool:
    """Tell whether this is the only process or the first of several that train together."""
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))) == 0


def speaks_for_node() -> bool:
    """Tell whether this is the first process on its machine, whose errors stand for the others'."""
    return int(os.environ.get("LOCAL_RANK", "0")) == 0


def duration(seconds: float) -> str:
    """Write a time for people: `45 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


@contextmanager
def progress(
    title: str, *, quiet: bool = False, clock: bool = True
) -> Iterator[Callable[[float | None, str], None]]:
    """Give a function that shows the share that is done, 0 to 1 if it is known, and a few words.

    On a terminal it is a bar, elsewhere a line about once a minute; nothing is shown of work
    that is done at once.

    Args:
        title: The work, in words.
        quiet: Show nothing.
        clock: Show an estimate of the time left beside the bar.
    """
    if quiet or not is_first():
        yield lambda share, words: None
        return
    shown = _Bar(title, clock) if sys.stderr.isatty() else _Lines(title)
    try:
        yield shown.update
    finally:
        shown.close()


def _clip(words: str) -> str:
    return printable(words if len(words) <= WIDTH else words[: WIDTH - 3] + "...")


class _Lines:
    """Progress as plain lines."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.due = time.monotonic() + PATIENCE_SECONDS

    def update(self, share: float | None, words: str) -> None:
        now = time.monotonic()
        if now >= self.due:
            self.due = now + LINE_SECONDS
            done = [] if share is None else [f"{share:.0%}"]
            note(f"{self.title}: {', '.join([*done, *([_clip(words)] if words else [])])}")

    def close(self) -> None:
        pass


class _Bar:
    """Progress as a bar."""

    def __init__(self, title: str, clock: bool) -> None:
        self.title, self.clock = title, clock
        self.begin = time.monotonic() + PATIENCE_SECONDS
        self.bar: Any = None
        self.task: Any = None

    def update(self, share: float | None, words: str) -> None:
        if self.bar is None:
            if time.monotonic() < self.begin:
                return
            self._start()
        total = None if share is None else 1.0
        self.bar.update(self.task, total=total, completed=share or 0.0, words=printable(words))

    def close(self) -> None:
        if self.bar is not None:
            with suppress(OSError):
                self.bar.stop()

    def _start(self) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.table import Column

        words = TextColumn("{task.fields[words]}", markup=False, table_column=Column(no_wrap=True, ratio=1))
        clock = (TimeRemainingColumn(),) if self.clock else ()
        columns = (TextColumn(escape(self.title)), BarColumn(20), TaskProgressColumn(), *clock, words)
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True, expand=True)
        self.task = self.bar.add_task("", total=1.0, words="")
        self.bar.start()
