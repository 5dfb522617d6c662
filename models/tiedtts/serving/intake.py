"""The intake: what clients are sending, which takes no more memory than there is room for."""

import contextlib
from collections.abc import Callable, Iterator
from http import HTTPStatus

from tiedtts.serving.limits import Limits
from tiedtts.serving.refusal import Refusal

SMALL = 16_000
"""Bytes of a request that are always taken: many large ones that never end must not keep out the usual."""


class Intake:
    """The requests that have begun and have not come whole.

    Args:
        limits: Bounds of one, and of all that are larger than `SMALL` together.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.held = 0
        """Bytes of those that are larger than `SMALL`."""

    @contextlib.contextmanager
    def one(self, what: str, code: str) -> Iterator[Callable[[int], None]]:
        """Take in one request; call what is returned with the bytes that have come, piece by piece.

        Args:
            what: What a refusal calls it, with its article.
            code: Code of the refusal of one that is too large.

        Raises:
            Refusal: It is too large, or there is no room for it at the moment; from the call with its bytes.
        """
        size = held = 0

        def add(count: int) -> None:
            nonlocal size, held
            size += count
            if size > self._limits.body_bytes:
                message = f"{what} may have {self._limits.body_bytes:,} bytes; send the text in pieces"
                raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, code=code)
            before, held = held, size if size > SMALL else 0
            self.held += held - before
            if self.held > self._limits.intake_bytes and size > SMALL:
                raise Refusal(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "there is no room for so much from so many at once; try again in a moment",
                    code="rate_limit_exceeded",
                    headers={"Retry-After": "1"},
                )

        try:
            yield add
        finally:
            self.held -= held
