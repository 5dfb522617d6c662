"""Answers in JSON."""

import json
from typing import Any

from starlette.responses import Response

from tiedtts.serving.refusal import Refusal


def as_json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer that holds a value."""
    # In ASCII: half of a surrogate pair, which a client may have sent, cannot be written otherwise.
    return Response(
        json.dumps(value), status, {"Cache-Control": "no-store", **(headers or {})}, "application/json"
    )


def refused(why: Refusal) -> Response:
    """Return a refusal as OpenAI's clients read it."""
    return as_json(why.to_dict(), why.status, why.headers)
