"""Stopping: a signal ends the program at once, or at a place where nothing is lost."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
"""Signals by which people and systems ask a program to end; not every system has all of them."""


class Stopped(BaseException):
    """A signal asked the program to end; passes through whatever handles errors, and lets all clean up.

    Args:
        number: The signal.
        hint: How to go on later, if that is known.
    """

    def __init__(self, number: int, hint: str | None = None) -> None:
        super().__init__(number)
        self.number = number
        self.hint = hint

    @property
    def status(self) -> int:
        """Exit status by which shells tell that a signal ended a program."""
        return 128 + self.number


class _Wish:
    """A signal that came while the end was put off."""

    def __init__(self) -> None:
        self.number: int | None = None


_wish: _Wish | None = None
_ending = False


@contextlib.contextmanager
def handled() -> Iterator[None]:
    """Raise `Stopped` in the main thread where a signal asks for the end.

    A signal that the process was started to ignore, such as SIGHUP under `nohup`, is still ignored. Once a
    signal has come, no other keeps the program from cleaning up, unless somebody presses Ctrl-C again.
    """
    global _ending
    _ending = False
    with received_by(_receive):
        yield


@contextlib.contextmanager
def received_by(receive: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Let a function receive the signals that ask for the end, in the main thread; elsewhere nobody may.

    Those that the process was started to ignore still are.
    """
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in SIGNALS:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, receive)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def deferred() -> Iterator[Callable[[], int | None]]:
    """Let signals wait; yield a function that returns the one that has come, or None.

    Whoever calls it raises `Stopped` where nothing is lost; at the end it is raised anyway. Ctrl-C a second
    time ends the program at once.
    """
    global _wish
    outer, _wish = _wish, _Wish()
    own = _wish
    try:
        yield lambda: own.number
    finally:
        _wish = outer
    if own.number is not None:
        raise Stopped(own.number)


def ignore() -> None:
    """Leave signals to the process that started this one, whose end this one sees."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _receive(number: int, frame: FrameType | None) -> None:
    global _ending
    if _ending and number != signal.SIGINT:
        return
    _ending = True
    if _wish is not None and _wish.number is None:
        _wish.number = number
        return
    raise Stopped(number)
