"""The protocol of a connection: uvicorn's, with bounds for whoever sends or reads nothing."""

import asyncio
import json
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from tiedtts.serving.limits import Limits
from tiedtts.serving.refusal import Refusal


class BoundedProtocol(H11Protocol):
    """A connection that is closed when it is silent for too long.

    uvicorn closes connections that say nothing after an answer. Here those are closed, too, that never send
    their first request, that send one bit by bit, and whose reader takes nothing.
    """

    limits = Limits()
    """Limits of the server; set by `bounded`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, if there are not too many."""
        self._silence: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            transport.abort()
            return
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection that has ended."""
        _stop(self._silence)
        super().connection_lost(exc)
        _stop(self._stall)

    def data_received(self, data: bytes) -> None:
        """Take data of the client; once a request is there, its answer has bounds of its own."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            _stop(self._silence)

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of a body that nobody wanted."""
        self._expect_request()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait for the reader, but not for ever."""
        super().pause_writing()
        _stop(self._stall)
        self._stall = self.loop.call_later(self.limits.stalled_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the reader has taken what there was."""
        _stop(self._stall)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, in the form of all refusals."""
        why = Refusal(HTTPStatus.BAD_REQUEST, "this is no HTTP/1.1 request", code="invalid_http")
        body = json.dumps(why.to_dict()).encode()
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _expect_request(self) -> None:
        _stop(self._silence)
        self._silence = self.loop.call_later(self.limits.head_seconds, self._hang_up)

    def _hang_up(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


def _stop(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def bounded(limits: Limits) -> type[Any]:
    """Return the protocol of a server with these limits."""
    return type("Bounded", (BoundedProtocol,), {"limits": limits})
