"""The protocol between Speech Dispatcher and its modules: lines on stdin, replies and events on stdout.

A request is a line, some have data after it that ends with a full stop on a line of its own. Replies and
events are lines that begin with three digits; their last line has a space after them, others a hyphen.
"""

from typing import BinaryIO

import numpy as np
import numpy.typing as npt

LOADED = b"299-tiedtts is ready\n299 OK LOADED SUCCESSFULLY\n"
NOT_LOADED = b"399 ERR CANT INIT MODULE\n"
RECEIVING_MESSAGE = b"202 OK RECEIVING MESSAGE\n"
SPEAKING = b"200 OK SPEAKING\n"
CANNOT_SPEAK = b"301 ERROR CANT SPEAK\n"
RECEIVING_SETTINGS = b"203 OK RECEIVING SETTINGS\n"
SETTINGS_RECEIVED = b"203 OK SETTINGS RECEIVED\n"
RECEIVING_AUDIO = b"207 OK RECEIVING AUDIO SETTINGS\n"
AUDIO_READY = b"203 OK AUDIO INITIALIZED\n"
NO_SUCH_AUDIO = b"300-this module hands its sound to the server\n300 MODULE ERROR\n"
RECEIVING_LOG_LEVEL = b"207 OK RECEIVING LOGLEVEL SETTINGS\n"
LOG_LEVEL_SET = b"203 OK LOGLEVEL SET\n"
VOICES_SENT = b"200 OK VOICE LIST SENT\n"
DEBUGGING = b"200 OK DEBUGGING %s\n"
CANNOT_DEBUG = b"303 CANT OPEN CUSTOM DEBUG FILE\n"
BAD_SYNTAX = b"302 ERROR BAD SYNTAX\n"
BAD_VALUE = b"303 ERROR INVALID PARAMETER OR VALUE\n"
UNKNOWN = b"300 ERR UNKNOWN COMMAND\n"
QUIT = b"210 OK QUIT\n"

BEGIN = b"701 BEGIN\n"
END = b"702 END\n"
STOP = b"703 STOP\n"
PAUSE = b"704 PAUSE\n"

LONGEST_DATA = 2**24
"""Bytes of the data of one request; more is read and left out."""
_ESCAPE = b"\x7d"


class Requests:
    """Requests as they come.

    Args:
        stream: Where they come from.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def next(self) -> str | None:
        """Return the next line that is not blank, without its end; nothing once there are no more."""
        while line := self._stream.readline():
            if text := line.decode("utf-8", "replace").strip():
                return text
        return None

    def data(self) -> str:
        """Return the data that follows, without the line that ends it; what is no UTF-8 is replaced."""
        kept: list[bytes] = []
        size = 0
        while (line := self._stream.readline()) and line.rstrip(b"\r\n") != b".":
            size += len(line)
            if size <= LONGEST_DATA:
                # A line that begins with a full stop got another one, so that it does not end the data.
                kept.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(kept).decode("utf-8", "replace").removesuffix("\n")


def failure(reason: str) -> bytes:
    """Return the reply to INIT of a module that cannot speak, with its reason."""
    return b"399-" + _one_line(reason) + b"\n" + NOT_LOADED


def mark(name: str) -> bytes:
    """Return the event of an index mark that is reached."""
    return b"700-" + _one_line(name) + b"\n700 INDEX MARK\n"


def voice(name: str, language: str, variant: str = "none") -> bytes:
    """Return a line of the list of voices."""
    return b"200-" + "\t".join((name, language, variant)).encode() + b"\n"


def audio(samples: npt.NDArray[np.float32], sample_rate: int) -> bytes:
    """Return the event that hands sound to the server, which plays it.

    Args:
        samples: Mono, full scale 1, (S,).
        sample_rate: Hz.
    """
    numbers = np.rint(np.clip(samples, -1.0, 1.0) * 32767).astype("<i2").tobytes()
    # A line end would end the event: it is escaped as in HDLC, and so is the sign that escapes.
    escaped = numbers.replace(_ESCAPE, b"\x7d\x5d").replace(b"\n", b"\x7d\x2a")
    head = f"705-bits=16\n705-num_channels=1\n705-sample_rate={sample_rate}\n705-num_samples={len(samples)}\n"
    return head.encode() + b"705-big_endian=0\n705-AUDIO\0" + escaped + b"\n705 AUDIO\n"


def _one_line(text: str) -> bytes:
    return " ".join(text.split()).encode("utf-8", "replace")
