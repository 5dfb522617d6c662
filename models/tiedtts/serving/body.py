"""The body of a request, read within bounds of size and time."""

from http import HTTPStatus

import anyio
from starlette.requests import ClientDisconnect, Request

from tiedtts.serving.intake import Intake
from tiedtts.serving.limits import Limits
from tiedtts.serving.refusal import Refusal


async def read(request: Request, limits: Limits, intake: Intake) -> bytes:
    """Return the body of a request.

    Args:
        request: Whose body is still to come.
        limits: The longest body, and the longest time.
        intake: Counts what is sent by all.

    Raises:
        Refusal: It is too large, or does not come.
        ClientDisconnect: The client has gone.
    """
    told = request.headers.get("content-length", "0")
    data = bytearray()
    with (
        intake.one("the body of a request", "request_too_large") as add,
        anyio.move_on_after(limits.head_seconds),
    ):
        if told.isdigit() and int(told) > limits.body_bytes:
            # Nothing of it is read.
            add(int(told))
        async for piece in request.stream():
            add(len(piece))
            data += piece
        return bytes(data)
    raise Refusal(
        HTTPStatus.REQUEST_TIMEOUT,
        f"the body of the request did not come within {limits.head_seconds:g} seconds",
        code="request_timeout",
        headers={"Connection": "close"},
    )


__all__ = ["ClientDisconnect", "read"]
