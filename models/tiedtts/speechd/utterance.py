"""One message being spoken: made sentence by sentence in one thread, handed out in blocks by another."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tiedtts.speechd import protocol, sounds
from tiedtts.speechd.capitals import TONE
from tiedtts.speechd.outlet import Outlet

BLOCK_SECONDS = 0.04
"""Sound that is handed to the server at once: a message that is stopped is heard no longer than this."""
AHEAD_SECONDS = 4.0
"""Sound of a message that is made before it is needed."""
RESUMABLE = "__spd_"
"""How the names of the marks begin that the server puts into a message, to go on from after a pause."""
PATIENCE_SECONDS = 1.0
"""A message that is to pause does so at the server's next mark, if it comes within so much sound."""


class Part(NamedTuple):
    """A piece of a message."""

    samples: npt.NDArray[np.float32]
    """Mono, full scale 1, (S,)."""
    sample_rate: int
    """Hz."""
    marks: tuple[tuple[str, int], ...] = ()
    """Names of marks and the samples they stand before, in order."""


class Utterance:
    """A message that is spoken while it is made.

    Args:
        parts: Makes it, part by part.
        outlet: Where its sound and its events go.
        log: Is told what went wrong while it was made.
    """

    def __init__(self, parts: Iterator[Part], outlet: Outlet, log: Callable[[str], None]) -> None:
        self._parts, self._outlet, self._log = parts, outlet, log
        self._ready: deque[Part | None] = deque()
        self._changed = threading.Condition()
        self._stopping = self._pausing = self._has_begun = False
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=work, name=f"tiedtts-{work.__name__.strip('_')}", daemon=True)
            for work in (self._make, self._send)
        ]

    def start(self) -> None:
        """Begin to speak."""
        for thread in self._threads:
            thread.start()

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop, or needs nothing more."""
        return self._stopping

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until its last event is sent; return whether it is."""
        return self._over.wait(seconds)

    def stop(self) -> None:
        """Stop at once: what is being made is thrown away."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def pause(self) -> None:
        """Pause at the server's next mark, or at once if there is none near."""
        with self._changed:
            self._pausing = True
            self._changed.notify_all()

    def _make(self) -> None:
        try:
            for part in self._parts:
                if not self._add(part):
                    return
        # Whatever went wrong, the server waits for the end of the message.
        except Exception as error:
            self._log(f"{type(error).__name__}: {error}")
        self._add(None)

    def _add(self, part: Part | None) -> bool:
        """Put a part into the queue once there is room; return whether it is still wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._seconds < AHEAD_SECONDS)
            self._ready.append(part)
            self._changed.notify_all()
            return not self._stopping

    @property
    def _seconds(self) -> float:
        """Length of the sound that is made and not handed out, seconds."""
        return sum(len(part.samples) / part.sample_rate for part in self._ready if part is not None)

    def _next(self) -> Part | bytes:
        """Return the next part, or the event that ends the message."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._pausing or self._ready)
            if self._stopping:
                return protocol.STOP
            if not self._ready:
                return protocol.PAUSE
            part = self._ready.popleft()
            self._changed.notify_all()
            return protocol.END if part is None else part

    def _send(self) -> None:
        event: bytes | None = None
        while event is None:
            found = self._next()
            event = self._speak(found) if isinstance(found, Part) else found
        # Nothing more is made for a message that has ended.
        self.stop()
        self._begin()
        self._outlet.send(event)
        self._over.set()

    def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            self._outlet.send(protocol.BEGIN)

    def _speak(self, part: Part) -> bytes | None:
        """Hand out a part; return the event that ends the message, if it ends here."""
        block = max(1, int(BLOCK_SECONDS * part.sample_rate))
        marks = deque(part.marks)
        place = 0
        while True:
            while marks and marks[0][1] <= place:
                name, _ = marks.popleft()
                if ended := self._pass(name, part):
                    return ended
            if self._stopping:
                return protocol.STOP
            if self._pausing and not self._is_near(marks, place, part):
                return protocol.PAUSE
            if place >= len(part.samples):
                return None
            end = min(place + block, len(part.samples), marks[0][1] if marks else len(part.samples))
            self._sound(part.samples[place:end], part.sample_rate)
            place = end

    def _sound(self, samples: npt.NDArray[np.float32], sample_rate: int) -> None:
        if not self._has_begun:
            self._begin()
        self._outlet.send(protocol.audio(samples, sample_rate))

    def _pass(self, name: str, part: Part) -> bytes | None:
        """Pass a mark; return the event that ends the message, if it ends here."""
        if name == TONE:
            self._sound(sounds.tone(part.sample_rate), part.sample_rate)
            return None
        self._begin()
        self._outlet.send(protocol.mark(name))
        return protocol.PAUSE if self._pausing and name.startswith(RESUMABLE) else None

    def _is_near(self, marks: deque[tuple[str, int]], place: int, part: Part) -> bool:
        """Whether a mark of the server's, or the end, comes soon enough to go on until then."""
        ahead = -place / part.sample_rate
        with self._changed:
            ready = (Part(part.samples, part.sample_rate, tuple(marks)), *self._ready)
        for following in ready:
            if following is None:
                return True
            for name, sample in following.marks:
                if name.startswith(RESUMABLE):
                    return ahead + sample / following.sample_rate <= PATIENCE_SECONDS
            ahead += len(following.samples) / following.sample_rate
            if ahead > PATIENCE_SECONDS:
                break
        return False
