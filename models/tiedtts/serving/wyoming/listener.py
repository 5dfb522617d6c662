"""The listener: takes connections, and ends them without cutting anybody short."""

import asyncio
import contextlib
import os
from http import HTTPStatus

from tiedtts import __version__
from tiedtts.serving import logs, service
from tiedtts.serving.engine import Engine
from tiedtts.serving.intake import Intake
from tiedtts.serving.limits import Limits
from tiedtts.serving.metrics import Metrics
from tiedtts.serving.refusal import Refusal
from tiedtts.serving.wyoming import description
from tiedtts.serving.wyoming.address import Address
from tiedtts.serving.wyoming.connection import Connection
from tiedtts.settings import Settings

_TURNS = 10
AT_ONCE = 16_384
"""Bytes of a connection that are read ahead of whoever takes them; at most twice as many and one reading."""


class Listener:
    """Answers at one address what is asked by Wyoming; a service, see `tiedtts.serving.service`.

    Args:
        engine: Speaks.
        address: Where it listens.
        settings: How is spoken; the protocol itself can only choose the voice.
        limits: What is taken on.
        counts: Counts of the process; its own by default.

    Raises:
        ConfigError: The address cannot be listened on.
    """

    def __init__(
        self,
        engine: Engine,
        address: Address,
        *,
        settings: Settings | None = None,
        limits: Limits | None = None,
        counts: Metrics | None = None,
    ) -> None:
        self._engine, self._settings = engine, settings or Settings()
        self._limits, self._counts = limits or Limits(), counts or Metrics(engine)
        self.most_files = self._limits.files
        self._intake = Intake(self._limits)
        self._about = description.info(engine.voices)
        self._socket = address.listen()
        self._address = address if address.path else address._replace(port=self._socket.getsockname()[1])
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stops = 0
        self._changed: asyncio.Event | None = None

    @property
    def uri(self) -> str:
        """Address for a client."""
        return str(self._address)

    def announce(self) -> None:
        """Log that it is ready."""
        logs.event("ready", url=self.uri, version=__version__, voices=list(self._engine.voices))

    def stop(self) -> None:
        """Take on nothing more, finish what is in hand, and end; a second time, end at once."""
        self._stops += 1
        if self._loop is not None and self._changed is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._changed.set)

    def run(self) -> None:
        """Answer until it is stopped; a signal stops it, too, in the main thread."""
        service.run([self])

    async def serve(self) -> None:
        """Answer until it is stopped and what was in hand is done."""
        self._loop, self._changed = asyncio.get_running_loop(), asyncio.Event()
        start = asyncio.start_unix_server if self._address.path else asyncio.start_server
        server = await start(self._take, sock=self._socket, limit=AT_ONCE)
        try:
            await self._wait(1)
            server.close()
            # Whoever was let in just now is known a few turns later.
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            await self._finish()
        finally:
            server.close()
            if self._address.path:
                with contextlib.suppress(OSError):
                    os.unlink(self._address.path)

    async def _wait(self, stops: int) -> None:
        """Wait until it was stopped so many times."""
        assert self._changed is not None
        while self._stops < stops:
            await self._changed.wait()
            self._changed.clear()

    async def _finish(self) -> None:
        """Let requests in hand come to their end, or end them if that takes too long."""
        for task, connection in self._connections.items():
            connection.is_ending = True
            if connection.is_idle:
                task.cancel()
        if not self._connections:
            return
        done = asyncio.ensure_future(asyncio.wait(list(self._connections)))
        again = asyncio.ensure_future(self._wait(2))
        await asyncio.wait(
            (done, again), timeout=self._limits.stop_seconds, return_when=asyncio.FIRST_COMPLETED
        )
        for waiter in (done, again):
            waiter.cancel()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(list(self._connections), timeout=1)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer a client."""
        connection = Connection(
            reader,
            writer,
            engine=self._engine,
            about=self._about,
            settings=self._settings,
            limits=self._limits,
            counts=self._counts,
            intake=self._intake,
        )
        task = asyncio.current_task()
        assert task is not None
        if len(self._connections) >= self._limits.connections:
            await connection.refuse(
                Refusal(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "there are as many connections as there may be; try again in a moment",
                    code="rate_limit_exceeded",
                )
            )
            return
        self._connections[task] = connection
        try:
            await connection.run()
        except asyncio.CancelledError:
            if not self._stops:
                raise
            writer.transport.abort()
        finally:
            del self._connections[task]
