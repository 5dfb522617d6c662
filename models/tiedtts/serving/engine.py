"""The engine: a few threads that make the speech of many, as many at once as there are processor cores."""

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from tiedtts import processes
from tiedtts.errors import BusyError, TiedTTSError
from tiedtts.serving.roster import Roster
from tiedtts.serving.work import Work
from tiedtts.settings import Settings
from tiedtts.speech.speech import Speech

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from tiedtts.settings import Changes

Item = TypeVar("Item")

MOST_OPEN = 256
"""Texts that are spoken at once, those included that wait for their reader."""
MOST_BYTES = 1_000_000_000
"""Memory that texts in hand may take, as far as it was told for each."""
AHEAD = 4
"""Parts of a text, usually sentences, that are made before the first of them is taken."""
FIRST_IN_A_ROW = 3
"""First parts that are made before one that is not: they go first, but hold up nobody for ever."""
LONGEST_WAIT = 60
"""Seconds; nobody is sent away for longer."""


class Engine:
    """Voices and the threads that speak with them; a context manager that ends the threads.

        with Engine(Roster.load(["clara"])) as engine, engine.speak("Hello there.") as parts:
            for part in parts: ...

    Args:
        voices: The voices, loaded; those of the package by default.
        threads: As many parts are made at once; as many as there are processor cores by default.
        most_open: Texts that may be in hand at once; one more is refused.
        most_bytes: Memory that the texts in hand may take together, as far as they tell it, see `start`; one
            that needs more is refused while there are others.
        ahead: Parts of a text that are made before they are taken; fewer, if they are long.
    """

    def __init__(
        self,
        voices: Roster | None = None,
        *,
        threads: int | None = None,
        most_open: int = MOST_OPEN,
        most_bytes: int = MOST_BYTES,
        ahead: int = AHEAD,
    ) -> None:
        self.voices = Roster.load() if voices is None else voices
        self.most_open, self.most_bytes, self._ahead = most_open, most_bytes, ahead
        self._lock = threading.Lock()
        self._wanted = threading.Condition(self._lock)
        # Works that wait for a thread: those whose first part is still to be made, and the others.
        self._first: deque[Work[Any]] = deque()
        self._others: deque[Work[Any]] = deque()
        self._in_a_row = 0
        self._open = self._bytes = 0
        self._mean_seconds = 0.0
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"tiedtts-engine-{number}", daemon=True)
            for number in range(processes.cores() if threads is None else threads)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def open(self) -> int:
        """Texts that are in hand now."""
        return self._open

    @property
    def waiting(self) -> int:
        """Texts that wait for a thread now."""
        return len(self._first) + len(self._others)

    def speak(
        self,
        text: str,
        settings: Settings | None = None,
        *,
        voice: str | None = None,
        **changes: "Unpack[Changes]",
    ) -> Work[Speech]:
        """Speak a text: its parts come as `Voice.stream` yields them, made by the engine's threads.

        Args:
            text: What to say.
            settings: How to say it, as for `Voice.say`.
            voice: Name or alias of a voice of the engine; its first one by default.
            changes: Settings by name, as for `Voice.say`.

        Raises:
            VoiceError: The engine has no such voice.
            ConfigError: A setting does not fit.
            BusyError: It has as many texts in hand as it may.
        """
        settings = replace(Settings() if settings is None else settings, **changes)
        return self.start(self.voices[voice].stream(text, settings))

    def start(self, source: Iterator[Item], *, needs: int = 0) -> Work[Item]:
        """Let the threads run a generator; what it yields is taken from the work returned.

        Args:
            source: Makes the items. Several threads run it, one after the other.
            needs: Bytes that it takes at most until all is taken.

        Raises:
            BusyError: The engine has as many works in hand as it may, or there is no room for this one.
        """
        begin = time.monotonic()

        def release() -> None:
            self._open -= 1
            self._bytes -= needs
            spent = time.monotonic() - begin
            self._mean_seconds += (spent - self._mean_seconds) * 0.1

        with self._lock:
            if self._closed:
                raise TiedTTSError("the engine is closed: it takes no more texts")
            if self._open >= self.most_open:
                raise BusyError(
                    f"{self._open} texts are in hand, as many as there may be",
                    retry_after=self._until_free(),
                    hint="try again in a moment",
                )
            if self._open and self._bytes + needs > self.most_bytes:
                raise BusyError(
                    f"the {self._open} texts in hand may need all the memory that there is for them",
                    retry_after=self._until_free(),
                    hint="try again in a moment, or with a shorter text",
                )
            self._open += 1
            self._bytes += needs
            work = Work(source, lock=self._lock, ask=self._queue, release=release, ahead=self._ahead)
            work.begin()
        return work

    def close(self) -> None:
        """End the threads; what is in hand is made no further, and whoever waits for it is told."""
        with self._lock:
            self._closed = True
            for work in (*self._first, *self._others):
                work.abandon()
            self._first.clear()
            self._others.clear()
            self._wanted.notify_all()
        for thread in self._threads:
            thread.join()

    def _until_free(self) -> int:
        """Return the seconds after which a text is likely to be done."""
        return min(LONGEST_WAIT, max(1, math.ceil(self._mean_seconds / max(1, self._open))))

    def _queue(self, work: Work[Any]) -> bool:
        if self._closed:
            return False
        (self._others if work.begun else self._first).append(work)
        self._wanted.notify()
        return True

    def _next(self) -> Work[Any] | None:
        """Return the work to go on with; nothing once the engine is closed."""
        with self._lock:
            while not (self._first or self._others or self._closed):
                self._wanted.wait()
            if self._closed:
                return None
            if self._first and (self._in_a_row < FIRST_IN_A_ROW or not self._others):
                self._in_a_row += 1
                return self._first.popleft()
            self._in_a_row = 0
            return self._others.popleft()

    def _serve(self) -> None:
        while True:
            work = self._next()
            if work is None:
                return
            work.make()
