"""Turns: no more sentences are made at once than there are processor cores.

A sentence is made of hundreds of short calls of NumPy and ONNX Runtime, which let go of Python's lock and
take it again. Where more threads are at work than there are cores, the system stops one that holds the lock,
and all others wait until it has a core again: eight threads on two cores made no more sound than one. Threads
that wait for their turn cost nothing.
"""

import os
import threading
from collections import deque
from collections.abc import Callable

from tiedtts import processes

PATIENCE_SECONDS = 10.0
"""A thread waits for its turn no longer than this. A turn is a courtesy, not a lock: a sentence of a slow
vocoder may take minutes, and a thread that was stopped from outside may never have given its turn back."""


class Turns:
    """Turns that threads take, first come, first served; one within another is the same turn.

    Args:
        most: Returns how many may have a turn at once.
        patience: Seconds after which a thread goes on without one.
    """

    def __init__(self, most: Callable[[], int] = processes.cores, patience: float = PATIENCE_SECONDS) -> None:
        self.most, self.patience = most, patience
        self._own = threading.local()
        self._begin()
        if hasattr(os, "register_at_fork"):
            # The threads that have turns now do not exist in the new process.
            os.register_at_fork(after_in_child=self._begin)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0
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
                self._taken += 1
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
                self._taken += 1

    def _leave(self, mine: threading.Event) -> bool:
        """Stop waiting; return False if the turn has come already."""
        with self._lock:
            if mine.is_set():
                return False
            self._waiting.remove(mine)
            return True

    def _give_back(self) -> None:
        with self._lock:
            self._taken -= 1
            # Handed over, so that the thread that has just had a turn is not the next one, too.
            while self._waiting and self._taken < self.most():
                self._taken += 1
                self._waiting.popleft().set()


TURNS = Turns()
"""The turns of this process, for all of its voices."""
