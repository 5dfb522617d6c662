"""JSON that somebody has sent."""

import json
from typing import Any, NoReturn


def read(raw: bytes, what: str) -> Any:
    """Return a value of JSON.

    Args:
        raw: Its bytes, of which nothing is known.
        what: What an error calls it.

    Raises:
        ValueError: It is not UTF-8, or not JSON.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{what} is not UTF-8: byte {error.start} is no part of it") from error
    try:
        # Recursion is met where lists lie in lists without end.
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{what} is not JSON: {error}") from error


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")
