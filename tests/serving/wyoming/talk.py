"""A listener in this process, what its client asks, and what is answered."""

import asyncio
import socket
import threading
from collections.abc import Coroutine
from typing import Any

from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.tts import (
    SynthesizeChunk,
)

from tiedtts.audio import wav
from tiedtts.serving.engine import Engine
from tiedtts.serving.roster import Roster
from tiedtts.serving.wyoming.address import Address
from tiedtts.serving.wyoming.listener import Listener

TEXT = "Hello there, this is a test. It has two sentences."


class Running:
    """A listener in a thread of this process."""

    def __init__(self, engine: Engine, uri: str = "tcp://127.0.0.1:0", **options: Any) -> None:
        self.listener = Listener(engine, Address.parse(uri), **options)
        self.engine, self.uri = engine, self.listener.uri
        self.thread = threading.Thread(target=self.listener.run, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.listener.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()

    def socket(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", int(self.uri.rpartition(":")[2])), timeout=10)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 60))


def ask(uri: str, *events: Any, until: type[Any] = AudioStop) -> list[Event]:
    """Return what is answered to events, up to the end of the sound."""

    async def talk() -> list[Event]:
        async with AsyncClient.from_uri(uri) as client:
            for event in events:
                await client.write_event(event.event())
            return await answer(client, until)

    return run(talk())  # type: ignore[no-any-return]


async def answer(client: AsyncClient, until: type[Any] = AudioStop) -> list[Event]:
    found = []
    while (event := await client.read_event()) is not None:
        found.append(event)
        if until.is_type(event.type) or Error.is_type(event.type):
            break
    return found


def chunks(text: str, size: int = 4) -> list[Any]:
    return [SynthesizeChunk(text[place : place + size]) for place in range(0, len(text), size)]


def sound(events: list[Event]) -> bytes:
    """Return the sound of an answer, whose form is checked."""
    kinds = [event.type for event in events]
    assert kinds.count("audio-start") == kinds.count("audio-stop") == 1
    assert AudioStart.from_event(events[0]) == AudioStart(24_000, 2, 1, 0)
    data = b""
    for event in events[1 : kinds.index("audio-stop")]:
        chunk = AudioChunk.from_event(event)
        assert (chunk.rate, chunk.width, chunk.channels) == (24_000, 2, 1)
        assert chunk.timestamp == round(len(data) / 48)
        data += chunk.audio
    assert AudioStop.from_event(events[kinds.index("audio-stop")]).timestamp == round(len(data) / 48)
    return data


def said(voices: Roster, text: str, voice: str | None = None, **changes: Any) -> bytes:
    return wav.quantise(voices[voice].say(text, **changes).samples, "16")
