"""Regular expressions of users: what is looked for with them is bounded in time and memory.

Python's own search has no bound: `(a+)+$` takes longer than anybody waits, for a line of forty letters, and
keeps all threads waiting meanwhile. The package `regex` reads the same expressions, and can be told to stop.
"""

import re
import time
import warnings
from collections.abc import Callable
from typing import Any

SECONDS = 1.0
"""Time of the processor that a search in one sentence may take. Usual ones take a ten-thousandth of it."""
LONGEST = 2_000
"""Characters of an expression."""
MOST_PARTS = 20_000
"""Parts of an expression whose counts are written out, as in `(?:ab){3}`: each takes memory."""

_PARTS = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{(?P<least>\d*)(?P<comma>,?)(?P<most>\d*)\}|[()]|.", re.DOTALL
)
_BRACE = re.compile(r"\\.|\{(?=\})|\{(?!\d*,?\d*\})", re.DOTALL)


class Bounded:
    """A regular expression of Python, whose search ends.

    Args:
        written: The expression.
        ignore_case: Whether capitals and small letters are the same.

    Raises:
        ValueError: It is no regular expression, or too large; the argument tells why.
    """

    def __init__(self, written: str, *, ignore_case: bool = False) -> None:
        if len(written) > LONGEST:
            raise ValueError(f"more than {LONGEST:,} characters")
        try:
            with warnings.catch_warnings():
                # Of what a later Python may read otherwise.
                warnings.simplefilter("ignore")
                checked = re.compile(written)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(str(error)) from None
        if _parts(written) > MOST_PARTS:
            raise ValueError(f"its counts, such as {{1000}}, come to more than {MOST_PARTS:,} parts")
        # Few lexicons have patterns, and all others start sooner without.
        import regex

        # A brace that begins no count is a brace; `regex` would take `{e}` for "with errors".
        plain = _BRACE.sub(lambda match: match[0] if match[0][0] == "\\" else "\\{", written)
        try:
            self._compiled: Any = regex.compile(plain, regex.IGNORECASE if ignore_case else 0)
        except (regex.error, OverflowError, RecursionError) as error:
            raise ValueError(str(error)) from None
        self.written = written
        self.groups = checked.groups
        """Number of its groups."""
        self._checked = checked

    def finds_nothing(self) -> bool:
        """Tell whether it matches where there is nothing at all.

        Raises:
            TimeoutError: It takes too long to tell.
        """
        return _in_time(lambda seconds: self._compiled.search("", timeout=seconds)) is not None

    def check_template(self, template: str) -> None:
        """Refuse a template that names groups which there are not.

        Raises:
            ValueError: It cannot be filled in; the argument tells why.
        """
        try:
            self._checked.sub(template, "")
        except (re.error, IndexError) as error:
            raise ValueError(str(error)) from None

    def sub(self, replace: Callable[[Any], str], text: str) -> str:
        """Return a text with every match replaced by what a function makes of it.

        Raises:
            TimeoutError: It took `SECONDS` of this thread.
        """
        found = _in_time(lambda seconds: list(self._compiled.finditer(text, timeout=seconds)))
        pieces: list[str] = []
        place = 0
        for match in found:
            pieces += (text[place : match.start()], replace(match))
            place = match.end()
        return "".join((*pieces, text[place:]))


def _in_time(search: Callable[[float], Any]) -> Any:
    """Return what a search finds within `SECONDS` of this thread.

    The clock of `regex` counts the time of all threads, so that those of a server would end each other's
    searches: one that had less of its own begins again.
    """
    spent = 0.0
    while True:
        begin = time.thread_time()
        try:
            return search(SECONDS)
        except TimeoutError:
            spent += time.thread_time() - begin
            if spent > 0.9 * SECONDS:
                raise


def _parts(written: str) -> int:
    """Return of how many parts an expression consists once its counts are written out."""
    # Of each open group: all that is in it, and the part that a count would repeat.
    groups = [[0, 0]]
    for match in _PARTS.finditer(written):
        if match[0] == "(":
            groups.append([0, 0])
        elif match[0] == ")" and len(groups) > 1:
            inside = groups.pop()[0] + 1
            groups[-1][0] += inside
            groups[-1][1] = inside
        elif match["least"] or match["most"]:
            times = max(int(number[:9]) for number in (match["least"], match["most"]) if number)
            groups[-1][0] += groups[-1][1] * max(times - 1, 0)
            groups[-1][1] *= max(times, 1)
        else:
            groups[-1][0] += 1
            groups[-1][1] = 1
    return sum(group[0] for group in groups)
