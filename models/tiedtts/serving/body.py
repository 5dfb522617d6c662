"""The body of a request, read within bounds of size and time."""

from http import HTTPStatus

import anyio
from starlette.requests import ClientDisconnect, Request

from tiedtts.serving.limits import Limits
from tiedtts.serving.refusal import Refusal


async def read(request: Request, limits: Limits) -> bytes:
    """Return the body of a request.

    Raises:
        Refusal: It is too large, or does not come.
        ClientDisconnect: The client has gone.
    """
    told = request.headers.get("content-length", "0")
    if told.isdigit() and int(told) > limits.body_bytes:
        raise _too_large(limits)
    data = bytearray()
    with anyio.move_on_after(limits.head_seconds):
        async for piece in request.stream():
            data += piece
            if len(data) > limits.body_bytes:
                raise _too_large(limits)
        return bytes(data)
    raise Refusal(
        HTTPStatus.REQUEST_TIMEOUT,
        f"the body of the request did not come within {limits.head_seconds:g} seconds",
        code="request_timeout",
        headers={"Connection": "close"},
    )


def _too_large(limits: Limits) -> Refusal:
    return Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the body of a request may have {limits.body_bytes:,} bytes; send the text in pieces",
        code="request_too_large",
    )


__all__ = ["ClientDisconnect", "read"]
