"""Limits of what a server takes on, so that nobody can fill it."""

from dataclasses import dataclass

from tiedtts.serving.engine import MOST_BYTES, MOST_OPEN


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Limits of one server; whoever goes beyond them is told which one it was."""

    characters: int = 50_000
    """Longest text of a request, about an hour of speech."""
    body_bytes: int = 1_000_000
    """Longest body of a request."""
    intake_bytes: int = 50_000_000
    """Bytes of requests that have begun and have not come whole, all together; small ones are not counted."""
    sound_bytes: int = MOST_BYTES
    """Memory that the texts in hand may take at most, all together; see `tiedtts.serving.memory`."""
    open_requests: int = MOST_OPEN
    """Texts in hand at once; one more is answered with 429."""
    seconds: float = 600.0
    """Longest time for a request, its reader included."""
    head_seconds: float = 20.0
    """Longest time until a connection has sent a request whole."""
    stalled_seconds: float = 60.0
    """Longest time in which a reader may take nothing."""
    connections: int = 2048
    """Connections at once; one more is closed."""
    stop_seconds: float = 10.0
    """Longest time in which requests in hand are finished when the server is stopped."""

    @property
    def files(self) -> int:
        """Files that may be open at once: beside the connections, a few of the voices and the log."""
        return self.connections + 256
