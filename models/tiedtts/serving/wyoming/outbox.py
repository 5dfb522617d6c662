"""The outbox of a connection: events go out one by one, and a reader who takes nothing is not waited for."""

import asyncio
import contextlib

import anyio
from wyoming.event import Event, Eventable, async_write_event

from tiedtts.serving.limits import Limits
from tiedtts.serving.wyoming.inbox import Left

LINGER_SECONDS = 1.0
"""Time in which a client may still send after it was told of an error: were the connection closed with
something unread, the system would throw away what was sent last."""


class Outbox:
    """Sends events to a client.

    Args:
        reader: What it sends.
        writer: Takes what is sent to it.
        limits: The longest time in which it may take nothing.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: Limits) -> None:
        self._reader, self._writer, self._limits = reader, writer, limits

    async def send(self, eventable: Eventable) -> None:
        """Send an event.

        Raises:
            Left: The client has gone, or takes nothing.
        """
        await self.send_event(eventable.event())

    async def send_event(self, event: Event) -> None:
        """Send an event; see `send`."""
        if self._writer.is_closing():
            raise Left
        try:
            with anyio.move_on_after(self._limits.stalled_seconds):
                await async_write_event(event, self._writer)
                return
        except (OSError, RuntimeError) as error:
            raise Left from error
        self._writer.transport.abort()
        raise Left

    async def close(self, *, linger: bool = False) -> None:
        """Close the connection; what was sent goes out.

        Args:
            linger: Whether the client may be sending still.
        """
        with contextlib.suppress(OSError, RuntimeError):
            if linger and not self._writer.is_closing():
                if self._writer.can_write_eof():
                    self._writer.write_eof()
                with anyio.move_on_after(LINGER_SECONDS):
                    while await self._reader.read(65_536):
                        pass
            self._writer.close()
            with anyio.move_on_after(self._limits.stalled_seconds):
                await self._writer.wait_closed()
                return
        self._writer.transport.abort()
