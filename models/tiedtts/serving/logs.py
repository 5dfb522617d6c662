"""Logs of a server: a JSON object a line, or words for a terminal; without the texts and without the key."""

import datetime
import json
import logging
import sys
import traceback
from typing import IO, TYPE_CHECKING, Any

from tiedtts.quoting import printable

if TYPE_CHECKING:
    from tiedtts.serving.observer import Observation

LOGGER = logging.getLogger("tiedtts.serving")
KINDS = ("json", "text", "off")
"""Forms of the log; errors are told in words even if it is off."""


def set_up(kind: str, stream: IO[str] | None = None) -> None:
    """Write the logs of this package and of the web server to a stream.

    Args:
        kind: One of `KINDS`.
        stream: stderr by default.
    """
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(_Json() if kind == "json" else _Words())
    for name in ("tiedtts.serving", "uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = False
        logger.addHandler(handler)
    LOGGER.setLevel(logging.ERROR if kind == "off" else logging.INFO)
    # Its own words on starting and on every odd request are said better here.
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def event(name: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log something that happened."""
    LOGGER.log(
        level, name, extra={"fields": {key: value for key, value in fields.items() if value is not None}}
    )


def request(seen: "Observation", method: str, path: str, client: tuple[str, int] | None) -> None:
    """Log a request that has ended."""
    failed = seen.status >= 500 or seen.status == 0
    trace = None
    if failed and seen.fault is not None:
        trace = "".join(traceback.format_exception(seen.fault))
    event(
        "request",
        logging.ERROR if failed else logging.INFO,
        id=seen.id,
        method=printable(method, 20),
        path=printable(path, 100),
        status=seen.status,
        code=seen.code,
        ms=round(1000 * seen.seconds, 1),
        first_byte_ms=None if seen.first_byte is None else round(1000 * seen.first_byte, 1),
        bytes=seen.bytes_sent or None,
        voice=seen.voice,
        format=seen.format,
        characters=seen.characters,
        speech_seconds=None if seen.speech_seconds is None else round(seen.speech_seconds, 3),
        warnings=seen.warnings or None,
        cut=True if seen.status == 200 and not seen.whole else None,
        client=None if client is None else client[0],
        trace=trace,
    )


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a line of JSON."""
        when = datetime.datetime.fromtimestamp(record.created, datetime.timezone.utc)
        line = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line)


class _Words(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return a record in words."""
        fields = dict(getattr(record, "fields", {}))
        fields.pop("id", None)
        trace = fields.pop("trace", None)
        if record.exc_info:
            trace = self.formatException(record.exc_info)
        said = " ".join(f"{key}={value}" for key, value in fields.items())
        when = datetime.datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        return f"{when} {record.getMessage()} {said}" + (f"\n{trace}" if trace else "")
