"""A connection: one client, whose events are answered one after the other."""

import asyncio
import contextlib

from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeStopped

from tiedtts.serving import memory
from tiedtts.serving.engine import Engine
from tiedtts.serving.intake import Intake
from tiedtts.serving.limits import Limits
from tiedtts.serving.metrics import Metrics
from tiedtts.serving.refusal import Refusal
from tiedtts.serving.wyoming import asked
from tiedtts.serving.wyoming.answer import Answer
from tiedtts.serving.wyoming.asked import Asked
from tiedtts.serving.wyoming.inbox import Inbox, Left
from tiedtts.serving.wyoming.outbox import Outbox
from tiedtts.serving.wyoming.requests import Requests, Told
from tiedtts.serving.wyoming.stream import Stream
from tiedtts.settings import Settings

AFTER_ERROR_SECONDS = 2.0
"""Time in which a client must ask again after an error. Some clients, Home Assistant among them, do not look
at errors, and would wait for sound for ever if the connection stayed open."""


class Connection:
    """Answers one client.

    Args:
        reader: What it sends.
        writer: Takes what is sent to it.
        engine: Speaks.
        about: What is told of the voices.
        settings: How is spoken where nothing is said about it.
        limits: What is taken on.
        counts: Counts of the server.
        intake: Counts what is sent by all.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        engine: Engine,
        about: Info,
        settings: Settings,
        limits: Limits,
        counts: Metrics,
        intake: Intake,
    ) -> None:
        self._engine, self._about, self._settings, self._limits = engine, about, settings, limits
        peer = writer.get_extra_info("peername")
        client = str(peer[0]) if isinstance(peer, tuple) else "unix"
        self._inbox, self._outbox = Inbox(reader, limits, intake), Outbox(reader, writer, limits)
        self._requests = Requests(self._outbox, limits, counts, client)
        self._patience = limits.head_seconds
        self.is_idle = True
        """Whether nothing is asked for at the moment."""
        self.is_ending = False
        """Whether it ends after what is asked for now."""

    async def run(self) -> None:
        """Answer until the client goes."""
        linger = False
        try:
            while not self.is_ending:
                self.is_idle = True
                event = await self._inbox.next(self._patience)
                self.is_idle = False
                if event is None:
                    break
                self._patience = self._limits.seconds
                await self._answer(event)
        except Refusal as why:
            linger = True
            with contextlib.suppress(Left):
                await self._requests.refuse(why)
        except Told:
            linger = True
        except Left:
            pass
        finally:
            self.is_idle = False
            await self._outbox.close(linger=linger)

    async def refuse(self, why: Refusal) -> None:
        """Turn the client away."""
        with contextlib.suppress(Left):
            await self._requests.refuse(why)
        await self._outbox.close()

    async def _answer(self, event: Event) -> None:
        """Answer an event."""
        if Synthesize.is_type(event.type):
            await self._synthesize(event)
        elif SynthesizeStart.is_type(event.type):
            following: Event | None = event
            while following is not None:
                following = await self._stream(following)
        elif SynthesizeChunk.is_type(event.type) or SynthesizeStop.is_type(event.type):
            await self._requests.refuse(
                Refusal(400, f"`{event.type}` without `synthesize-start` before it", code="invalid_event")
            )
            self._patience = AFTER_ERROR_SECONDS
        else:
            await self._inform(event)

    async def _inform(self, event: Event) -> None:
        """Answer an event that asks for no speech; those of other services are left alone."""
        if Describe.is_type(event.type):
            await self._outbox.send(self._about)
        elif Ping.is_type(event.type):
            text = event.data.get("text")
            await self._outbox.send(Pong(text if isinstance(text, str) else None))

    async def _synthesize(self, event: Event) -> None:
        """Speak a text that came whole."""
        answer: Answer | None = None
        try:
            async with self._requests.begin(event.type) as seen:
                text = asked.text(event.data, self._limits)
                wanted = Asked.from_data(event.data, self._engine.voices, self._settings)
                seen.voice, seen.characters = wanted.voice, len(text)
                answer = Answer(self._outbox, self._engine.voices[wanted.voice].sample_rate, seen)
                voice = self._engine.voices[wanted.voice]
                needs = memory.most(len(text), wanted.settings, voice.sample_rate)
                with self._engine.start(memory.stream(voice, text, wanted.settings), needs=needs) as work:
                    await answer.add(work)
                await answer.end()
        except Told:
            # Half a text is not ended as if it were whole.
            if answer is not None and answer.has_begun:
                raise
            self._patience = AFTER_ERROR_SECONDS

    async def _stream(self, event: Event) -> Event | None:
        """Speak a text that comes in chunks; return the event by which another begins before its end."""
        begins: Event | None = None
        answer: Answer | None = None
        try:
            async with self._requests.begin(event.type) as seen:
                wanted = Asked.from_data(event.data, self._engine.voices, self._settings)
                seen.voice = wanted.voice
                answer = Answer(self._outbox, self._engine.voices[wanted.voice].sample_rate, seen)
                stream = Stream(
                    self._inbox,
                    self._inform,
                    answer=answer,
                    engine=self._engine,
                    limits=self._limits,
                    wanted=wanted,
                    seen=seen,
                )
                begins = await stream.speak()
                await answer.end()
        except Told:
            begins = await self._skip()
            if answer is not None and answer.has_begun:
                await answer.end()
            self._patience = AFTER_ERROR_SECONDS
        await self._outbox.send(SynthesizeStopped())
        return begins

    async def _skip(self) -> Event | None:
        """Pass over the rest of a text that cannot be spoken; return the event by which another begins."""
        while True:
            event = await self._inbox.next(self._limits.head_seconds)
            if event is None:
                raise Left
            if SynthesizeStop.is_type(event.type):
                return None
            if SynthesizeStart.is_type(event.type):
                return event
