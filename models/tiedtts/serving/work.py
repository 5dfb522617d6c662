"""Work: what a generator yields, made by the threads of an engine ahead of whoever takes it.

A thread makes one item and then turns to the work that has waited longest. So the first clause of one text
does not wait for the last of another, and a reader who takes nothing holds no thread: its work rests once a
few items lie ready.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Generic, TypeVar

from tiedtts.errors import TiedTTSError

if TYPE_CHECKING:
    from typing_extensions import Self

Item = TypeVar("Item")

AHEAD_BYTES = 500_000
"""Bytes of items that lie ready before no more are made; one item at least."""


class Work(Generic[Item]):
    """Items that come one by one; a context manager that lets go of what nobody wants any more.

    It is iterated with `for` in a thread of one's own, or with `async for` in an event loop; by one reader.

    Args:
        source: Makes the items. Several threads may run it, one after the other. An item that has a true
            `is_last`, as a `Speech` may, ends it.
        lock: Guards this work and the queue that it stands in.
        ask: Puts this work into the queue of those that wait for a thread, or returns False if there are no
            threads any more; called with the lock held.
        release: Called once, with the lock held, when all is taken or nothing more is wanted.
        ahead: Items that may lie ready.
    """

    def __init__(
        self,
        source: Iterator[Item],
        *,
        lock: threading.Lock,
        ask: "Callable[[Work[Item]], bool]",
        release: Callable[[], None],
        ahead: int,
    ) -> None:
        self._source, self._lock, self._ahead = source, lock, ahead
        self._ask, self._release = ask, release
        self._changed = threading.Condition(lock)
        self._ready: deque[Item] = deque()
        self._error: BaseException | None = None
        self._waiter: tuple[asyncio.AbstractEventLoop, asyncio.Future[None]] | None = None
        self._waits = False
        """Whether it stands in the queue or is in a thread's hands."""
        self._ended = self._cancelled = self._released = False
        self.begun = False
        """Whether its first item has been made."""

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cancel()

    def begin(self) -> None:
        """Let the first items be made; called with the lock held."""
        self._waits = self._ask(self)
        if not self._waits:
            self._ended, self._error = True, TiedTTSError("the engine was closed before all was said")

    def make(self) -> None:
        """Make one item; called by a thread of the engine."""
        item: list[Item] = []
        error: BaseException | None = None
        if not self._cancelled:
            try:
                item.append(next(self._source))
            except StopIteration:
                pass
            # Whoever takes the items is told, in place of the thread that happened to make this one.
            except BaseException as failure:
                error = failure
        # To find the end only when the next item is asked for would be another turn in the queue.
        is_last = not item or getattr(item[0], "is_last", False) is True
        with self._lock:
            self._waits, self.begun = False, True
            if not self._cancelled:
                self._ready += item
                if is_last:
                    self._ended, self._error = True, error
                elif len(self._ready) < self._ahead and sum(map(_size, self._ready)) < AHEAD_BYTES:
                    self.begin()
            done = self._cancelled or self._ended
            self._tell()
        if done:
            self._close()

    def cancel(self) -> None:
        """Let nothing more be made; what lies ready is thrown away. A second time does nothing."""
        with self._lock:
            if self._released:
                return
            self._cancelled = True
            self._ready.clear()
            self._let_go()
            self._tell()
            # Otherwise the thread that makes an item now, or would make the next, closes the source.
            rests = not self._waits and not self._ended
        if rests:
            self._close()

    def abandon(self) -> None:
        """Make nothing more, since there are no threads any more; called with the lock held."""
        self._waits = False
        if not self._cancelled:
            self.begin()
            self._tell()

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        with self._lock:
            while not self._is_there():
                self._changed.wait()
            return self._take(StopIteration)

    def __aiter__(self) -> "Self":
        return self

    async def __anext__(self) -> Item:
        while True:
            with self._lock:
                if self._is_there():
                    return self._take(StopAsyncIteration)
                loop = asyncio.get_running_loop()
                waiter = loop.create_future()
                self._waiter = (loop, waiter)
            await waiter

    def _is_there(self) -> bool:
        """Tell whether there is something to take, be it the end."""
        return bool(self._ready) or self._ended or self._cancelled

    def _take(self, end: type[Exception]) -> Item:
        if self._ready:
            item = self._ready.popleft()
            if not self._waits and not self._ended:
                self.begin()
            return item
        self._let_go()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        raise end

    def _let_go(self) -> None:
        if not self._released:
            self._released = True
            self._release()

    def _tell(self) -> None:
        """Wake up whoever waits for an item."""
        self._changed.notify_all()
        if self._waiter is None:
            return
        loop, waiter = self._waiter
        self._waiter = None
        # The loop may have been closed in the meantime.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_wake, waiter)

    def _close(self) -> None:
        close = getattr(self._source, "close", None)
        if close is not None:
            close()


def _size(item: object) -> int:
    """Return the bytes of an item that tells them."""
    size: int = getattr(item, "nbytes", 0)
    return size


def _wake(waiter: "asyncio.Future[None]") -> None:
    # Whoever waited may have been cancelled.
    if not waiter.done():
        waiter.set_result(None)
