"""Services of one process: they listen side by side, and a signal stops all of them."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Protocol

from tiedtts import stopping
from tiedtts.serving import logs


class Service(Protocol):
    """Answers whoever asks at an address that it listens on since it was made."""

    most_files: int
    """Files and connections that may be open at once."""

    def announce(self) -> None:
        """Log that it is ready."""

    async def serve(self) -> None:
        """Answer until it is stopped and what was in hand is done."""

    def stop(self) -> None:
        """Take on nothing more, finish what is in hand, and end; a second time, end at once.

        Signal handlers and other threads may call it.
        """


def run(services: Sequence[Service], when_ready: Callable[[], None] = lambda: None) -> None:
    """Answer until all services are stopped; a signal stops them, too, in the main thread.

    Args:
        services: They run in one event loop.
        when_ready: Called once they answer.
    """

    def receive(number: int, frame: FrameType | None) -> None:
        logs.event("stopping", signal=signal.Signals(number).name)
        for service in services:
            service.stop()

    _allow_open_files(sum(service.most_files for service in services))
    for service in services:
        service.announce()
    when_ready()
    with stopping.received_by(receive):
        asyncio.run(_serve(services))
    logs.event("stopped")


async def _serve(services: Sequence[Service]) -> None:
    await asyncio.gather(*(service.serve() for service in services))


def _allow_open_files(count: int) -> None:
    """Ask the system for so many open files, of which each connection is one; it may grant fewer."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        unlimited = resource.RLIM_INFINITY
        wanted = count if hard == unlimited else min(count, hard)
        if soft != unlimited and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
