"""Refusals: errors in the form that OpenAI's clients read."""

from http import HTTPStatus
from typing import Any

from tiedtts.errors import (
    BusyError,
    ConfigError,
    LexiconError,
    TextError,
    TiedTTSError,
    VoiceError,
    is_out_of_memory,
)
from tiedtts.quoting import printable

LONGEST = 900
"""Characters of a message with its way out."""


class Refusal(Exception):
    """An answer that says what is wrong and the way out.

    Args:
        status: HTTP status.
        message: The fault, and the way out.
        param: Field of the request that does not fit.
        code: Name of the kind of fault, for programs.
        headers: Further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.param, self.code = status, param, code
        self.headers = headers or {}

    def to_dict(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {
            "error": {
                "message": printable(str(self), LONGEST),
                "type": _kind(self.status),
                "param": self.param,
                "code": self.code,
            }
        }


def of_error(error: BaseException) -> Refusal:
    """Return the refusal that stands for an exception of the core."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, BusyError):
        return Refusal(
            HTTPStatus.TOO_MANY_REQUESTS,
            said(error),
            code="rate_limit_exceeded",
            headers={"Retry-After": str(error.retry_after)},
        )
    if isinstance(error, LexiconError):
        # Whoever sent the text can neither see the lexicon nor change it.
        return Refusal(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "a pattern in a lexicon of the server takes too long; the log of the server tells more",
            code="server_error",
        )
    if isinstance(error, TextError):
        return Refusal(HTTPStatus.BAD_REQUEST, said(error), param="input", code="invalid_value")
    if isinstance(error, ConfigError):
        return Refusal(HTTPStatus.BAD_REQUEST, said(error), code="invalid_value")
    if isinstance(error, TiedTTSError):
        # A damaged voice, a closed engine: nothing that was sent is at fault.
        return Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, said(error), code="server_error")
    if is_out_of_memory(error):
        return Refusal(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "the server is out of memory; try again in a moment",
            code="server_error",
            headers={"Retry-After": "5"},
        )
    return Refusal(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal error; the log of the server tells more",
        code="server_error",
    )


def no_voice(error: VoiceError) -> Refusal:
    """Return the refusal of a voice that is not served."""
    return Refusal(HTTPStatus.BAD_REQUEST, said(error), param="voice", code="voice_not_found")


def said(error: TiedTTSError) -> str:
    """Return an error and its way out as one text."""
    return f"{error} ({error.hint})" if error.hint else str(error)


def _kind(status: int) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit_error"
    return "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
