"""The inbox of a connection: events are read within bounds, a line of JSON, then data and a payload."""

import asyncio
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import anyio
from wyoming.event import Event

from tiedtts.quoting import quoted
from tiedtts.serving import json_input
from tiedtts.serving.intake import Intake
from tiedtts.serving.limits import Limits
from tiedtts.serving.refusal import Refusal

_AT_ONCE = 16_384
"""Bytes that are read at once."""


class Left(Exception):
    """The client has gone, or says nothing for too long."""


class Inbox:
    """Reads the events of a client.

    Args:
        reader: What it sends.
        limits: Bounds of size, and of the time that an event may take once it has begun.
        intake: Counts what is sent by all.
    """

    def __init__(self, reader: asyncio.StreamReader, limits: Limits, intake: Intake) -> None:
        self._reader, self._limits, self._intake = reader, limits, intake
        self._first: bytes | None = None
        """Read already of the next event; empty at the end."""

    async def comes(self, seconds: float) -> bool:
        """Wait for an event, or for the end, for so long; tell whether one begins.

        Raises:
            Left: The connection broke.
        """
        if self._first is None:
            try:
                with anyio.move_on_after(seconds):
                    self._first = await self._reader.read(1)
            except OSError as error:
                raise Left from error
        return self._first is not None

    async def next(self, patience: float) -> Event | None:
        """Return the next event; nothing at the end.

        Args:
            patience: Seconds until it must have begun.

        Raises:
            Refusal: It is no event, or too large. What follows it cannot be read.
            Left: The connection broke, or nothing came.
        """
        if not await self.comes(patience):
            raise Left
        first, self._first = self._first, None
        if not first:
            return None
        if first != b"{":
            raise _no_event("an event begins with a line of JSON; OpenAI's route is at the HTTP port")
        try:
            with (
                self._intake.one("an event", "event_too_large") as add,
                anyio.move_on_after(self._limits.head_seconds),
            ):
                return await self._read(first, add)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise Left from error
        raise Refusal(
            HTTPStatus.REQUEST_TIMEOUT,
            f"the event did not come whole within {self._limits.head_seconds:g} seconds",
            code="request_timeout",
        )

    async def _read(self, first: bytes, add: Callable[[int], None]) -> Event:
        head = _object(first + await self._line(add), "its first line")
        kind = head.get("type")
        if not isinstance(kind, str) or not kind:
            raise _no_event("it has no `type`")
        data = head.get("data")
        if data is not None and not isinstance(data, dict):
            raise _no_event("`data` must be an object")
        data = dict(data or {})
        data_length = _length(head, "data_length")
        payload_length = _length(head, "payload_length")
        if data_length + payload_length > self._limits.body_bytes:
            # Nothing of it is read.
            add(data_length + payload_length)
        if data_length:
            data.update(_object(await self._bytes(data_length, add), "its data"))
        while payload_length:
            # Nobody who asks for speech has anything to send there.
            payload_length -= len(await self._bytes(min(payload_length, _AT_ONCE), lambda count: None))
        return Event(type=kind, data=data)

    async def _line(self, add: Callable[[int], None]) -> bytes:
        """Return the rest of a line, with its end."""
        line = bytearray()
        while not line.endswith(b"\n"):
            try:
                piece = await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                piece = await self._reader.readexactly(max(1, error.consumed))
            add(len(piece))
            line += piece
        return bytes(line)

    async def _bytes(self, count: int, add: Callable[[int], None]) -> bytes:
        """Return so many bytes."""
        data = bytearray()
        while len(data) < count:
            piece = await self._reader.readexactly(min(count - len(data), _AT_ONCE))
            add(len(piece))
            data += piece
        return bytes(data)


def _length(head: Mapping[str, Any], name: str) -> int:
    value = head.get(name)
    if value is None:
        return 0
    if type(value) is not int or value < 0:
        raise _no_event(f"`{name}` must be a number of bytes, got: {quoted(json.dumps(value))}")
    return value


def _object(raw: bytes, what: str) -> dict[str, Any]:
    try:
        value = json_input.read(raw, what)
    except ValueError as error:
        raise _no_event(str(error)) from error
    if not isinstance(value, dict):
        raise _no_event(f"{what} must be an object of JSON")
    return value


def _no_event(why: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, f"this is no event of Wyoming: {why}", code="invalid_event")
