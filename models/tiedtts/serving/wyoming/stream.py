"""A text that comes in chunks and is spoken meanwhile."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator

from wyoming.event import Event
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop

from tiedtts.errors import BusyError, TextError
from tiedtts.serving import memory
from tiedtts.serving.engine import Engine
from tiedtts.serving.limits import Limits
from tiedtts.serving.observer import Observation
from tiedtts.serving.work import Work
from tiedtts.serving.wyoming import asked
from tiedtts.serving.wyoming.answer import Answer
from tiedtts.serving.wyoming.asked import Asked
from tiedtts.serving.wyoming.inbox import Inbox, Left
from tiedtts.speech.speech import Speech
from tiedtts.text import unfinished
from tiedtts.text.left_out import NOTHING

POLLS_SECONDS = 0.02, 0.2
"""Time after which what has not been said is looked at again: at first, and at most. Whoever thinks, or asks
a tool, before going on is heard up to there."""
FEWEST = 80
"""Characters of a first sentence before which it is not cut."""
STEP = 2_000
"""Characters that are looked at before others get their turn."""
_AGAIN_SECONDS = 0.1


class Stream:
    """One text, from `synthesize-start` to `synthesize-stop`.

    Args:
        inbox: Brings its chunks.
        inform: Answers events that ask for something else than speech.
        answer: Takes its sound.
        engine: Speaks.
        limits: The longest text and the longest time.
        wanted: The voice, and how it speaks.
        seen: What is logged and counted.
    """

    def __init__(
        self,
        inbox: Inbox,
        inform: Callable[[Event], Awaitable[None]],
        *,
        answer: Answer,
        engine: Engine,
        limits: Limits,
        wanted: Asked,
        seen: Observation,
    ) -> None:
        self._inform = inform
        self._inbox, self._answer, self._engine, self._limits = inbox, answer, engine, limits
        self._seen, self._wanted = seen, wanted
        self._said = engine.voices[wanted.voice].begin(wanted.settings, in_haste=True)
        self._began = 0.0
        """When its first chunk came."""
        self._document = ""
        """SSML, which is read when all of it is there."""
        self._is_ssml = wanted.settings.ssml
        rate = engine.voices[wanted.voice].sample_rate
        self._needs = memory.most(limits.characters, wanted.settings, rate)
        self._seen.characters = 0

    async def speak(self) -> Event | None:
        """Speak what comes until the end of the text; return the event of another that begins then, if any.

        Raises:
            Left: The client has gone.
            Refusal: An event does not fit.
            TiedTTSError: The text cannot be spoken.
        """
        begins: Event | None = None
        while True:
            await self._hurry()
            event = await self._inbox.next(self._limits.seconds)
            if event is None:
                raise Left
            if SynthesizeStop.is_type(event.type):
                break
            if SynthesizeStart.is_type(event.type):
                begins = event
                break
            if SynthesizeChunk.is_type(event.type):
                await self._add(event)
            # The whole text, which comes once more, is for servers that know no chunks.
            elif not Synthesize.is_type(event.type):
                await self._inform(event)
        await self._finish()
        return begins

    async def _hurry(self) -> None:
        """Say what can be said of a sentence that is still coming, until an event comes."""
        came = time.monotonic()
        idle = 0.0
        while self._said.has_unsaid and idle < self._limits.seconds:
            first, last = POLLS_SECONDS
            if await self._inbox.comes(min(max(first, idle / 4), last)):
                return
            idle = time.monotonic() - came
            if self._said.is_due(idle):
                await self._say(self._said.in_haste(idle))

    async def _add(self, event: Event) -> None:
        text = asked.text(event.data, self._limits, self._seen.characters or 0)
        self._seen.characters = (self._seen.characters or 0) + len(text)
        self._began = self._began or time.monotonic()
        if self._is_ssml:
            self._document = unfinished.joined(self._document, text)
            return
        for place in range(0, len(text), STEP):
            self._said.append(text[place : place + STEP])
            if self._said.may_be_complete:
                await self._say(self._said.complete())
            elif len(self._said.beginning) >= FEWEST:
                # The first clauses of a first sentence that is still coming.
                await self._say(self._said.first_clauses())
            elif self._said.is_due(0.0) and time.monotonic() - self._began > POLLS_SECONDS[0]:
                # Tokens that come one by one leave no time in which nothing comes.
                await self._say(self._said.in_haste(0.0))
            await asyncio.sleep(0)

    async def _finish(self) -> None:
        """Speak what is left; of SSML, that is the whole document."""
        if self._is_ssml:
            voice = self._engine.voices[self._wanted.voice]
            await self._say(memory.stream(voice, self._document, self._wanted.settings))
            return
        await self._say(self._said.finish())
        if not self._said.has_begun:
            raise TextError(NOTHING, hint="give a text with words in Latin letters or with numbers")

    async def _say(self, parts: Iterator[Speech]) -> None:
        with await self._start(parts) as work:
            await self._answer.add(work)

    async def _start(self, parts: Iterator[Speech]) -> Work[Speech]:
        """Let the engine speak; who has begun waits for a place, where others are sent away."""
        while True:
            try:
                return self._engine.start(parts, needs=self._needs)
            except BusyError:
                if not self._answer.has_begun:
                    raise
            await asyncio.sleep(_AGAIN_SECONDS)
