"""Requests of one connection: each is timed, counted and logged, and its fault is told to the client."""

import contextlib
import time
from collections.abc import AsyncIterator
from http import HTTPStatus

import anyio
from wyoming.error import Error

from tiedtts.quoting import printable
from tiedtts.serving import logs, refusal
from tiedtts.serving.limits import Limits
from tiedtts.serving.metrics import Metrics
from tiedtts.serving.observer import LEFT, Observation
from tiedtts.serving.refusal import Refusal
from tiedtts.serving.wyoming.inbox import Left
from tiedtts.serving.wyoming.outbox import Outbox

FORMAT = "wyoming"
"""Name of this protocol in logs and metrics."""


class Told(Exception):
    """The fault of a request, which the client was told of."""


class Requests:
    """Watches the requests of one connection.

    Args:
        outbox: Takes errors.
        limits: The longest time.
        counts: Counts of the server.
        client: Address of the client, for the log.
    """

    def __init__(self, outbox: Outbox, limits: Limits, counts: Metrics, client: str) -> None:
        self._outbox, self._limits, self._counts, self._client = outbox, limits, counts, client

    @contextlib.asynccontextmanager
    async def begin(self, kind: str) -> AsyncIterator[Observation]:
        """Watch a request; what is raised within is told to the client.

        Args:
            kind: The event that asks.

        Raises:
            Told: It could not be answered.
            Left: The client has gone.
        """
        seen = Observation(format=FORMAT)
        self._counts.requests_now.inc()
        try:
            with anyio.move_on_after(self._limits.seconds) as time_left:
                yield seen
                seen.whole, seen.status = True, int(HTTPStatus.OK)
            if time_left.cancelled_caught:
                raise _too_late(seen)
        except Left:
            seen.left, seen.status = True, LEFT
            raise
        except Exception as error:
            why = refusal.of_error(error)
            seen.fault, seen.code, seen.status = error, why.code, int(why.status)
            await self.tell(why)
            raise Told from error
        finally:
            self._counts.requests_now.dec()
            self._counts.count(seen, FORMAT)
            logs.request(seen, FORMAT, kind, (self._client, 0))

    async def refuse(self, why: Refusal) -> None:
        """Tell of an event that could not be read."""
        seen = Observation(format=FORMAT, status=int(why.status), code=why.code)
        self._counts.count(seen, FORMAT)
        logs.request(seen, FORMAT, "event", (self._client, 0))
        await self.tell(why)

    async def tell(self, why: Refusal) -> None:
        """Send an error."""
        await self._outbox.send(Error(text=printable(str(why), refusal.LONGEST), code=why.code))


def _too_late(seen: Observation) -> Refusal:
    seconds = time.monotonic() - seen.begin
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"the request was not done after {seconds:.0f} seconds; send the text in pieces",
        code="timeout",
    )
