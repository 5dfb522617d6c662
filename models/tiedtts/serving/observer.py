"""The observer: every request gets a name, and is logged and counted when it ends."""

import time
import uuid
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tiedtts.serving import logs
from tiedtts.serving.metrics import Metrics

LEFT = 499
"""Status in logs and metrics of a request whose client left before the answer."""


@dataclass
class Observation:
    """Facts of a request, for the log and the metrics."""

    id: str = field(default_factory=lambda: f"req_{uuid.uuid4().hex}")
    begin: float = field(default_factory=time.monotonic)
    status: int = 0
    first_byte: float | None = None
    """Seconds until the first byte of a body."""
    bytes_sent: int = 0
    left: bool = False
    """Whether the client left before the end."""
    whole: bool = False
    """Whether the answer was sent to its end."""
    code: str | None = None
    """Kind of fault."""
    fault: BaseException | None = None
    characters: int | None = None
    voice: str | None = None
    format: str | None = None
    speech_seconds: float | None = None
    warnings: int = 0

    @property
    def seconds(self) -> float:
        """Time since it came."""
        return time.monotonic() - self.begin

    def sent(self, size: int) -> None:
        """Count bytes that were sent."""
        if size and self.first_byte is None:
            self.first_byte = time.monotonic() - self.begin
        self.bytes_sent += size


class Observer:
    """Watches an application; an ASGI middleware.

    Args:
        app: The application.
        metrics: Counts.
        routes: Paths that are counted by name; all others count as one, so that nobody can fill the memory.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: frozenset[str]) -> None:
        self._app, self._metrics, self._routes = app, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = scope["tiedtts.seen"] = Observation()

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", seen.id.encode())]
            elif message["type"] == "http.response.body" and not message.get("more_body", False):
                seen.whole = True
            await send(message)

        self._metrics.requests_now.inc()
        try:
            await self._app(scope, receive, noting)
        except BaseException as error:
            seen.fault = seen.fault or error
            raise
        finally:
            self._metrics.requests_now.dec()
            self._end(scope, seen)

    def _end(self, scope: Scope, seen: Observation) -> None:
        if seen.left and not seen.whole:
            seen.status = LEFT
        route = scope["path"] if scope["path"] in self._routes else "other"
        self._metrics.count(seen, route)
        logs.request(seen, scope["method"], scope["path"], scope["client"])
