"""The answer with the sound: it goes out as it is made, and nothing is made for a client that has left."""

import contextlib
import time
from http import HTTPStatus

import anyio
from starlette.types import Receive, Scope, Send

from tiedtts.serving import production, refusal
from tiedtts.serving.limits import Limits
from tiedtts.serving.observer import Observation
from tiedtts.serving.production import Account, Piece
from tiedtts.serving.refusal import Refusal
from tiedtts.serving.speech_request import SpeechRequest
from tiedtts.serving.work import Work

AT_ONCE = 65_536
"""Bytes that are handed to the connection at once: what its reader does not take, it keeps in memory."""


class SpeechResponse:
    """Sends what an engine makes for one request.

    A fault that is met before the first piece is an answer of its own. One that is met later cuts the
    connection, so that no client takes half a file for a whole one; events tell it before.

    Args:
        asked: The request.
        work: Its pieces.
        account: What has been made.
        limits: The longest time.
        seen: What is logged and counted of the request.
    """

    def __init__(
        self, asked: SpeechRequest, work: Work[Piece], account: Account, limits: Limits, seen: Observation
    ) -> None:
        self._asked, self._work, self._account = asked, work, account
        self._limits, self._seen = limits, seen
        self._begun = False
        self._refusal: Refusal | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, or let go of the work if the client leaves."""
        try:
            async with anyio.create_task_group() as tasks:

                async def watch() -> None:
                    while (await receive())["type"] != "http.disconnect":
                        pass
                    self._seen.left = True
                    tasks.cancel_scope.cancel()

                tasks.start_soon(watch)
                with anyio.move_on_after(self._limits.seconds) as time_left:
                    await self._send(send)
                if time_left.cancelled_caught:
                    await self._give_up(send, self._too_late())
                tasks.cancel_scope.cancel()
        finally:
            self._work.cancel()
            self._seen.speech_seconds = self._account.seconds
            self._seen.warnings = len(self._account.warnings)
        # Not within the group, which would wrap it in a group of errors.
        if self._refusal is not None:
            raise self._refusal

    async def _send(self, send: Send) -> None:
        try:
            async for piece in self._work:
                if not self._begun:
                    await self._start(send, len(piece.data) if piece.is_last else None)
                size = len(piece.data)
                for place in range(0, max(size, int(piece.is_last)), AT_ONCE):
                    data = piece.data[place : place + AT_ONCE]
                    is_last = piece.is_last and place + AT_ONCE >= size
                    await send(_body(data, more=not is_last))
                    self._seen.sent(len(data))
        except Exception as error:
            self._seen.fault = error
            await self._give_up(send, refusal.of_error(error))

    async def _start(self, send: Send, length: int | None) -> None:
        self._begun = True
        media_type = "text/event-stream" if self._asked.events else self._asked.format.media_type
        headers = [(b"content-type", media_type.encode()), (b"cache-control", b"no-store")]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        if self._asked.events:
            # Proxies that gather an answer before they pass it on are asked not to.
            headers.append((b"x-accel-buffering", b"no"))
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})

    async def _give_up(self, send: Send, why: Refusal) -> None:
        self._seen.code = why.code
        if not self._begun:
            self._refusal = why
        elif self._asked.events:
            # A reader who takes nothing is not waited for.
            with contextlib.suppress(OSError), anyio.move_on_after(1):
                await send(_body(production.error_event(why.to_dict()), more=True))
        # Left without its end, the answer is cut off by the server.

    def _too_late(self) -> Refusal:
        seconds = time.monotonic() - self._seen.begin
        return Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"the request was not done after {seconds:.0f} seconds; send the text in pieces",
            code="timeout",
            headers={"Retry-After": "5"},
        )


def _body(data: bytes, *, more: bool) -> dict[str, object]:
    return {"type": "http.response.body", "body": data, "more_body": more}
