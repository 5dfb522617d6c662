"""A line of a stream while it comes: its bytes become text piece by piece."""

import codecs
import time
from collections.abc import Callable

from tiedtts.errors import TextError

_TAIL = 16
"""Characters that are kept of what was given out."""
_HINT = "send it as UTF-8, for example through `iconv -f latin1`"


class IncomingLine:
    """The line of a stream that has not ended; the next one takes its place when it has.

    Args:
        name: Name of the stream, for messages.
        report: Told of a line that is no UTF-8, the rest of which is left out; without it, that is an error.
    """

    def __init__(self, name: str, report: Callable[[TextError], object] | None) -> None:
        self._name, self._report = name, report
        self._number = 0
        self._given = ""
        self.end_of_last = ""
        """The last characters of the line before."""
        self._begin()

    def _begin(self) -> None:
        self._number += 1
        # Put together once: what has no line end may come in very many pieces.
        self._data: list[bytes] = []
        self._decoder = codecs.getincrementaldecoder("utf-8-sig" if self._number == 1 else "utf-8")()
        self._bytes = 0
        self._is_bad = False
        self._since: float | None = None
        self._held = self._given = ""
        self.is_open = False
        """Whether some of it was given out."""

    @property
    def is_begun(self) -> bool:
        """Whether something of it has come."""
        return self._since is not None

    @property
    def has_more(self) -> bool:
        """Whether something of it has come that was not given out."""
        return bool(self._data)

    @property
    def age(self) -> float:
        """Seconds since its first byte came."""
        return 0.0 if self._since is None else time.monotonic() - self._since

    def add(self, data: bytes) -> None:
        """Take bytes of it."""
        if self._since is None:
            self._since = time.monotonic()
        self._data.append(data)

    def so_far(self) -> str:
        """Return what has come and was not given out, up to the last whole character.

        Raises:
            TextError: It is no UTF-8, and nobody is told.
        """
        self.is_open = True
        text = self._decoded(ends=False)
        # A carriage return belongs to the end of the line, if that is what comes next.
        kept = text.rstrip("\r")
        self._held = text[len(kept) :]
        self._given = (self._given + kept)[-_TAIL:]
        return kept

    def end(self, *, cut_off: bool = False) -> str:
        """Return the rest of it with a line feed, or nothing of a line that is left out; begin the next.

        Args:
            cut_off: The stream ends here, perhaps within a character.

        Raises:
            TextError: It is no UTF-8, and nobody is told.
        """
        text = self._decoded(ends=True, cut_off=cut_off).rstrip("\r")
        self.end_of_last = (self._given + text)[-_TAIL:]
        left_out = self._is_bad and not self.is_open and not text
        self._begin()
        return "" if left_out else f"{text}\n"

    def _decoded(self, *, ends: bool, cut_off: bool = False) -> str:
        data = b"".join(self._data)
        self._data.clear()
        held, self._held = self._held, ""
        if self._is_bad:
            return ""
        waiting = len(self._decoder.getstate()[0])
        try:
            text = held + self._decoder.decode(data, ends)
        except UnicodeDecodeError as error:
            if cut_off and error.reason == "unexpected end of data":
                self._tell(f"{self._name} ends within a character")
                return held + self._decoder.decode(data[: error.start - waiting], False)
            self._is_bad = True
            byte = error.object[error.start]
            self._tell(f"{self._name} is not UTF-8: byte 0x{byte:02x} in line {self._number}")
            return ""
        return text

    def _tell(self, message: str) -> None:
        error = TextError(message, hint=_HINT)
        if self._report is None:
            raise error
        self._report(error)
