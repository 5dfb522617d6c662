"""Turns: no more sentences are made at once than there are processor cores.

A sentence is made of hundreds of short calls of NumPy and ONNX Runtime, which let go of Python's lock and
take it again. Where more threads are at work than there are cores, the system stops one that holds the lock,
and all others wait until it has a core again: eight threads on two cores made no more sound than one. Threads
that wait for their turn cost nothing.

While two or more have a turn, Python's lock changes hands sooner, too: a thread that comes back from such a
call would otherwise wait up to 5 ms for it, longer than the call itself took.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable

from tiedtts import processes

PATIENCE_SECONDS = 10.0
"""A thread waits for its turn no longer than this. A turn is a courtesy, not a lock: a sentence of a slow
vocoder may take minutes, and a thread that was stopped from outside may never have given its turn back."""
SWITCH_SECONDS = 0.0005
"""A thread that wants Python's lock gets it after so long, while several are at work."""


class Turns:
    """Turns that threads take, first come, first served; one within another is the same turn.

    Args:
        most: Returns how many may have a turn at once.
        patience: Seconds after which a thread goes on without one.
    """

    def __init__(self, most: Callable[[], int] = processes.cores, patience: float = PATIENCE_SECONDS) -> None:
        self.most, self.patience = most, patience
        self._switch_before: float | None = None
        self._own = threading.local()
        self._begin()
        if hasattr(os, "register_at_fork"):
            # The threads that have turns now do not exist in the new process.
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0
        self._switch_as_before()
        self._waiting: deque[threading.Event] = deque()

    def __enter__(self) -> None:
        depth: int = getattr(self._own, "depth", 0)
        if not depth:
            self._take()
        self._own.depth = depth + 1

    def __exit__(self, *_: object) -> None:
        self._own.depth -= 1
        if not self._own.depth:
            self._give_back()

    def _take(self) -> None:
        with self._lock:
            if self._taken < self.most() and not self._waiting:
                self._change(1)
                return
            mine = threading.Event()
            self._waiting.append(mine)
        try:
            mine.wait(self.patience)
        except BaseException:
            # Interrupted: a turn that came in the meantime is somebody else's.
            if not self._leave(mine):
                self._give_back()
            raise
        if self._leave(mine):
            with self._lock:
                self._change(1)

    def _leave(self, mine: threading.Event) -> bool:
        """Stop waiting; return False if the turn has come already."""
        with self._lock:
            if mine.is_set():
                return False
            self._waiting.remove(mine)
            return True

    def _give_back(self) -> None:
        with self._lock:
            next_ones = 0
            # Handed over, so that the thread that has just had a turn is not the next one, too.
            while self._waiting and self._taken - 1 + next_ones < self.most():
                next_ones += 1
                self._waiting.popleft().set()
            self._change(next_ones - 1)

    def _change(self, by: int) -> None:
        """Count so many turns more or less; several of them share Python's lock in short pieces."""
        self._taken += by
        if self._taken > 1 and self._switch_before is None:
            before = sys.getswitchinterval()
            if before > SWITCH_SECONDS:
                sys.setswitchinterval(SWITCH_SECONDS)
                self._switch_before = before
        elif self._taken <= 1:
            self._switch_as_before()

    def _switch_as_before(self) -> None:
        """Let Python's lock change hands as before, unless somebody has set something else since."""
        if self._switch_before is not None:
            if abs(sys.getswitchinterval() - SWITCH_SECONDS) < 1e-6:
                sys.setswitchinterval(self._switch_before)
            self._switch_before = None


TURNS = Turns()
"""The turns of this process, for all of its voices."""
