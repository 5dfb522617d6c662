"""Connections: silent, half open, left by their clients, stopped by the server."""

import io
import socket
import threading
from collections.abc import Callable

from wyoming.client import AsyncClient
from wyoming.event import read_event
from wyoming.tts import (
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
)

from tests.serving.wyoming.talk import TEXT, Running, answer, run, said, sound
from tiedtts.serving.engine import Engine
from tiedtts.serving.limits import Limits
from tiedtts.serving.roster import Roster


def test_silent_and_half_open_connections_are_closed(start: Callable[..., Running]) -> None:
    running = start(limits=Limits(head_seconds=0.2))
    for data, told in ((b"", b""), (b'{"type": "desc', b"within 0.2 seconds")):
        with running.socket() as client:
            client.sendall(data)
            answered = b""
            while piece := client.recv(4_096):
                answered += piece
            assert told in answered
            assert bool(answered) == bool(told)


def test_a_client_that_sends_no_more_is_still_answered(running: Running, voices: Roster) -> None:
    with running.socket() as client:
        client.sendall(b'{"type": "synthesize", "data": {"text": "Yes."}}\n')
        client.shutdown(socket.SHUT_WR)
        answered = b""
        while piece := client.recv(65_536):
            answered += piece
    stream = io.BytesIO(answered)
    events = list(iter(lambda: read_event(stream), None))
    assert sound(events) == said(voices, "Yes.")


def test_a_client_that_leaves_stops_the_work(voices: Roster, start: Callable[..., Running]) -> None:
    with Engine(voices) as engine:
        running = start(engine)
        with running.socket() as client:
            text = "This is one of many sentences. " * 1_000
            client.sendall(b'{"type": "synthesize", "data": {"text": "' + text.encode() + b'"}}\n')
            assert client.recv(100)
            assert engine.open == 1
        for _ in range(200):
            if not engine.open:
                break
            threading.Event().wait(0.05)
        assert not engine.open


def test_stopping_lets_what_is_in_hand_come_to_its_end(start: Callable[..., Running], voices: Roster) -> None:
    running = start()

    async def talk() -> None:
        async with AsyncClient.from_uri(running.uri) as idle, AsyncClient.from_uri(running.uri) as client:
            await client.write_event(SynthesizeStart().event())
            await client.write_event(SynthesizeChunk(TEXT).event())
            first = await client.read_event()
            running.listener.stop()
            assert await idle.read_event() is None
            await client.write_event(SynthesizeStop().event())
            assert sound([first, *await answer(client, SynthesizeStopped)]) == said(voices, TEXT)
            assert await client.read_event() is None

    run(talk())
