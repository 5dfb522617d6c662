"""Standard streams that the program was started without, as `>&-` does in a shell."""

import os
import sys

from tiedtts_cli.boundary import UsageError

_NAMES = ("stdin", "stdout", "stderr")
_closed: set[str] = set()


def fill() -> None:
    """Put what reads as empty and swallows everything in the place of streams that are missing.

    Otherwise the next file that is opened would get such a stream's number, and what libraries print.
    """
    for number, name in enumerate(_NAMES):
        if getattr(sys, name) is not None:
            _closed.discard(name)
            continue
        _closed.add(name)
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor != number and not _is_open(number):
            os.dup2(descriptor, number)
            os.close(descriptor)
            descriptor = number
        # Processes that this one starts have their streams from it.
        os.set_inheritable(descriptor, True)
        mode = "r" if name == "stdin" else "w"
        setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def offers_text() -> bool:
    """Tell whether stdin is there and is no terminal, where nobody knows that a text is waited for."""
    return "stdin" not in _closed and not sys.stdin.isatty()


def need_stdout() -> None:
    """Refuse to work for a result that has nowhere to go.

    Raises:
        UsageError: Standard output is closed.
    """
    if "stdout" in _closed:
        raise UsageError("the result goes to stdout, which is closed", hint="send it to a file: > FILE")


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
