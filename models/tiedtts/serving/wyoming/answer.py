"""The answer to one request: a start, the sound in small pieces with its exact rate, a stop."""

from collections.abc import AsyncIterator

from wyoming.audio import AudioChunk, AudioStart, AudioStop

from tiedtts.audio import wav
from tiedtts.serving.observer import Observation
from tiedtts.serving.wyoming.outbox import Outbox
from tiedtts.speech.speech import Speech

CHUNKS_PER_SECOND = 10
"""Pieces in which a second of sound goes out."""
WIDTH = 2
"""Bytes of a sample."""


class Answer:
    """Sends the sound of one request, of which several texts may be parts.

    Args:
        outbox: Takes it.
        rate: Sampling rate, Hz.
        seen: What is logged and counted.
    """

    def __init__(self, outbox: Outbox, rate: int, seen: Observation) -> None:
        self._outbox, self._rate, self._seen = outbox, rate, seen
        self._samples = 0
        self.has_begun = False
        """Whether its start was sent."""

    async def add(self, parts: AsyncIterator[Speech]) -> None:
        """Send parts as they are made.

        Raises:
            Left: The client has gone.
            TiedTTSError: Whatever is met on making them.
        """
        async for part in parts:
            self._seen.warnings += len(part.warnings)
            if not len(part.samples):
                continue
            await self.begin()
            data = wav.quantise(part.samples, "16")
            step = WIDTH * max(1, self._rate // CHUNKS_PER_SECOND)
            for place in range(0, len(data), step):
                await self._send(data[place : place + step])
            self._seen.speech_seconds = self._samples / self._rate

    async def begin(self) -> None:
        """Send the start, if it was not sent."""
        if not self.has_begun:
            self.has_begun = True
            await self._outbox.send(AudioStart(rate=self._rate, width=WIDTH, channels=1, timestamp=0))

    async def end(self) -> None:
        """Send the stop."""
        await self.begin()
        await self._outbox.send(AudioStop(timestamp=self._milliseconds))

    @property
    def _milliseconds(self) -> int:
        return round(1000 * self._samples / self._rate)

    async def _send(self, data: bytes) -> None:
        await self._outbox.send(
            AudioChunk(rate=self._rate, width=WIDTH, channels=1, audio=data, timestamp=self._milliseconds)
        )
        self._samples += len(data) // WIDTH
        self._seen.sent(len(data))
