"""The server's side of the module protocol: requests go out, replies and events come back with their times."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

OUTCOMES = ("702 END", "703 STOP", "704 PAUSE")


@dataclass(frozen=True)
class Event:
    """A reply or an event: all its lines."""

    at: float
    """Time at which the end of it was read, seconds."""
    last: str
    """Its last line."""
    lines: tuple[bytes, ...] = ()
    """The lines before, without their number and hyphen."""

    @property
    def samples(self) -> npt.NDArray[np.int16]:
        """The sound in it, (S,)."""
        data = next(line for line in self.lines if line.startswith(b"AUDIO\0"))[6:]
        plain = data.replace(b"\x7d\x2a", b"\n").replace(b"\x7d\x5d", b"\x7d")
        found = np.frombuffer(plain, "<i2")
        assert len(found) == int(self.value("num_samples"))
        return found

    def value(self, name: str) -> str:
        """Return what stands behind a name and an equals sign."""
        return (
            next(line for line in self.lines if line.startswith(f"{name}=".encode()))
            .decode()
            .partition("=")[2]
        )


@dataclass
class Exchange:
    """A module to talk to."""

    requests: BinaryIO
    replies: int
    """Descriptor to read from."""
    events: list[Event] = field(default_factory=list)
    is_reading: threading.Event = field(default_factory=threading.Event)
    """Cleared while the server takes nothing, as one that plays."""

    def __post_init__(self) -> None:
        self._changed = threading.Condition()
        self.is_reading.set()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        left = b""
        lines: list[bytes] = []
        while True:
            self.is_reading.wait()
            data = os.read(self.replies, 65536)
            at = time.perf_counter()
            if not data:
                with self._changed:
                    self.events.append(Event(at, ""))
                    self._changed.notify_all()
                return
            *whole, left = (left + data).split(b"\n")
            for line in whole:
                if line[3:4] == b"-":
                    lines.append(line[4:])
                else:
                    with self._changed:
                        self.events.append(Event(at, line.decode(), tuple(lines)))
                        self._changed.notify_all()
                    lines = []

    def send(self, text: str | bytes) -> float:
        """Send lines; return when."""
        at = time.perf_counter()
        self.requests.write(text.encode() if isinstance(text, str) else text)
        self.requests.flush()
        return at

    def wait(self, is_wanted: Callable[[Event], bool], since: int, seconds: float = 20) -> Event:
        """Return the first event of a kind from a number on."""
        with self._changed:
            found: list[Event] = []

            def look() -> bool:
                found[:] = [event for event in self.events[since:] if is_wanted(event)][:1]
                return bool(found)

            assert self._changed.wait_for(look, seconds), self.last(since)
            return found[0]

    def last(self, since: int) -> list[str]:
        """Return the last lines of events from a number on."""
        return [event.last for event in self.events[since:]]

    def ask(self, request: str, data: str | None = None) -> list[Event]:
        """Send a request, maybe with data; return its replies."""
        since = len(self.events)
        self.send(request + "\n")
        if data is None:
            self.wait(lambda event: True, since)
        else:
            self.wait(lambda event: True, since)
            self.send(data + "\n.\n")
            self.wait(lambda event: True, since + 1)
        return self.events[since:]

    def speak(self, data: str, request: str = "SPEAK") -> list[Event]:
        """Speak a message to its end; return its events, without the replies."""
        since = len(self.events)
        self.begin(data, request)
        self.wait(lambda event: event.last in OUTCOMES, since)
        return self.events[since + 2 :]

    def begin(self, data: str, request: str = "SPEAK") -> float:
        """Begin to speak a message; return when all of it was sent."""
        since = len(self.events)
        self.send(request + "\n")
        assert self.wait(lambda event: True, since).last == "202 OK RECEIVING MESSAGE"
        at = self.send(data + "\n.\n")
        assert self.wait(lambda event: True, since + 1).last == "200 OK SPEAKING"
        return at

    def start(self) -> None:
        """Say what the server says to a module that it has started."""
        assert self.ask("INIT")[-1].last == "299 OK LOADED SUCCESSFULLY"
        assert self.ask("AUDIO", "audio_output_method=server")[-1].last == "203 OK AUDIO INITIALIZED"
        assert self.ask("LOGLEVEL", "log_level=0")[-1].last == "203 OK LOGLEVEL SET"


def is_audio(event: Event) -> bool:
    return event.last == "705 AUDIO"


def sound(events: list[Event]) -> npt.NDArray[np.int16]:
    """Return all sound of some events, (S,)."""
    return np.concatenate([np.zeros(0, np.int16), *(event.samples for event in events if is_audio(event))])


def kinds(events: list[Event]) -> list[str]:
    """Return the last lines of events, those of sound in a row once, marks by name."""
    found: list[str] = []
    for event in events:
        name = event.lines[0].decode() if event.last == "700 INDEX MARK" else event.last
        if not (found and found[-1] == name == "705 AUDIO"):
            found.append(name)
    return found
