"""Faults are told in the form of the protocol."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import Describe
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from tests.serving.wyoming.talk import Running, answer, ask, chunks, run, sound
from tiedtts.serving.engine import Engine
from tiedtts.serving.limits import Limits
from tiedtts.serving.roster import Roster
from tiedtts.serving.wyoming import connection


@pytest.mark.parametrize(
    ("event", "code", "message"),
    [
        (Synthesize("Hello.", SynthesizeVoice("hal")), "voice_not_found", "voices: clara, "),
        (
            Synthesize("Hello.", SynthesizeVoice("clara", speaker="kathleen")),
            "voice_not_found",
            "has no speaker",
        ),
        (Synthesize("Hello.", SynthesizeVoice(language="de")), "voice_not_found", "all of them speak en-US"),
        (Synthesize(""), "invalid_value", "nothing to say"),
        (Synthesize("\u2603"), "invalid_value", "nothing to say"),
        (Synthesize("a", text_format="midi"), "invalid_value", "must be text or ssml"),
        (Synthesize("<speak>", text_format="ssml"), "invalid_value", "SSML"),
        (Synthesize("a" * 50_001), "string_above_max_length", "has 50001"),
        (Synthesize("Hello.", 3), "invalid_value", "must be an object"),  # type: ignore[arg-type]
        (Synthesize(3), "invalid_value", "must be text"),  # type: ignore[arg-type]
        (SynthesizeStart(SynthesizeVoice("hal")), "voice_not_found", "voices: clara"),
        (SynthesizeStart(text_format="midi"), "invalid_value", "must be text or ssml"),
        (SynthesizeChunk("a"), "invalid_event", "without `synthesize-start`"),
        (SynthesizeStop(), "invalid_event", "without `synthesize-start`"),
    ],
)
def test_errors_and_the_connection_goes_on(
    running: Running, monkeypatch: pytest.MonkeyPatch, event: Any, code: str, message: str
) -> None:
    monkeypatch.setattr(SynthesizeVoice, "to_dict", lambda self: dict(vars(self)))
    if isinstance(getattr(event, "voice", None), int):
        event.event = lambda: Event("synthesize", {"text": "Hello.", "voice": 3})

    async def talk() -> None:
        async with AsyncClient.from_uri(running.uri) as client:
            await client.write_event(event.event())
            error = Error.from_event((await answer(client))[-1])
            assert error.code == code
            assert message in error.text
            if isinstance(event, SynthesizeStart):
                for more in (*chunks("Hello there."), SynthesizeStop()):
                    await client.write_event(more.event())
                assert [one.type for one in await answer(client, SynthesizeStopped)] == ["synthesize-stopped"]
            await client.write_event(Synthesize("Yes.").event())
            assert sound(await answer(client))

    run(talk())


def test_a_client_that_does_not_look_at_errors_is_let_go(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "AFTER_ERROR_SECONDS", 0.05)

    async def talk() -> None:
        async with AsyncClient.from_uri(running.uri) as client:
            await client.write_event(Synthesize("").event())
            assert Error.is_type((await client.read_event()).type)
            assert await client.read_event() is None

    run(talk())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "begins with a line of JSON"),
        (b"{}\n", "no `type`"),
        (b'{"type": 3}\n', "no `type`"),
        (b'{"type": "describe", "data": 3}\n', "must be an object"),
        (b'{"type": "describe"\n', "not JSON"),
        (b'{"type": NaN}\n', "NaN is no number"),
        (b'{"type": "\xff"}\n', "not UTF-8"),
        (b'{"type": "a", "data": ' + b"[" * 100_000 + b"\n", "not JSON"),
        (b'{"type": "a", "data_length": -1}\n', "number of bytes"),
        (b'{"type": "a", "data_length": 1.5}\n', "number of bytes"),
        (b'{"type": "a", "data_length": 3}\n[1]', "object of JSON"),
        (b'{"type": "a", "data_length": 1000000000000}\n', "1,000,000 bytes"),
        (b'{"type": "a", "payload_length": 1000000000000}\n' + b"a" * 2_000_000, "1,000,000 bytes"),
        (b"{" + b" " * 2_000_000, "1,000,000 bytes"),
    ],
)
def test_what_is_no_event(running: Running, data: bytes, message: str) -> None:
    with running.socket() as client:
        with contextlib.suppress(OSError):
            client.sendall(data)
        answered = b""
        with contextlib.suppress(OSError):
            while piece := client.recv(65_536):
                answered += piece
    assert b'"error"' in answered
    assert message.encode() in answered


def test_limits(voices: Roster, start: Callable[..., Running]) -> None:
    with Engine(voices, most_open=1) as engine, engine.start(iter(lambda: None, 0)):
        events = ask(start(engine, limits=Limits(connections=2)).uri, Synthesize("Hello."))
        assert Error.from_event(events[0]).code == "rate_limit_exceeded"
    running = start(limits=Limits(connections=1))
    with running.socket() as first:
        first.sendall(b'{"type": "ping"}\n')
        assert first.recv(10)
        assert Error.from_event(ask(running.uri, Describe())[0]).code == "rate_limit_exceeded"
    late = ask(start(limits=Limits(seconds=0.1)).uri, SynthesizeStart())
    assert Error.from_event(late[0]).code == "timeout"
