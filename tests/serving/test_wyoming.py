"""Wyoming, asked by its own client."""

import asyncio
import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tiedtts.audio import wav
from tiedtts.serving.engine import Engine
from tiedtts.serving.limits import Limits
from tiedtts.serving.roster import Roster
from tiedtts.settings import Settings
from tiedtts_cli.main import main

pytest.importorskip("wyoming")
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.event import Event, read_event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from tiedtts.serving.wyoming import connection
from tiedtts.serving.wyoming.address import Address
from tiedtts.serving.wyoming.listener import Listener

ROOT = Path(__file__).parents[2]
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


@pytest.fixture(scope="module")
def running(engine: Engine) -> Iterator[Running]:
    with contextlib.closing(Running(engine)) as made:
        yield made


@pytest.fixture
def start(engine: Engine) -> Iterator[Callable[..., Running]]:
    with contextlib.ExitStack() as stack:
        yield lambda own=engine, **options: stack.enter_context(contextlib.closing(Running(own, **options)))


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


def test_what_there_is(running: Running) -> None:
    info = Info.from_event(ask(running.uri, Describe(), until=Info)[0])
    (program,) = info.tts
    assert (program.name, program.installed, program.supports_synthesize_streaming) == ("tiedtts", True, True)
    assert [voice.name for voice in program.voices] == list(running.engine.voices)
    for voice in program.voices:
        assert (voice.languages, voice.installed, voice.attribution.name) == (["en-US"], True, "TiedTTS")
        assert voice.version == program.version != ""


def test_ping(running: Running) -> None:
    assert Pong.from_event(ask(running.uri, Ping("abc"), until=Pong)[0]).text == "abc"


def test_a_text_is_what_the_voice_says(running: Running, voices: Roster) -> None:
    assert sound(ask(running.uri, Synthesize(TEXT))) == said(voices, TEXT)


@pytest.mark.parametrize(
    ("voice", "name"),
    [
        (SynthesizeVoice(name="kathleen"), "kathleen"),
        (SynthesizeVoice(name="kathleen", speaker="kathleen"), "kathleen"),
        (SynthesizeVoice(language="en-US"), "clara"),
        (SynthesizeVoice(language="en_GB"), "clara"),
        (SynthesizeVoice(language="en"), "clara"),
        (SynthesizeVoice(name="alloy"), "clara"),
        (SynthesizeVoice(), "clara"),
    ],
)
def test_voices(running: Running, voices: Roster, voice: SynthesizeVoice, name: str) -> None:
    assert sound(ask(running.uri, Synthesize("Yes.", voice))) == said(voices, "Yes.", name)


def test_a_voice_is_found_by_its_speaker_alone(running: Running, voices: Roster) -> None:
    async def talk() -> list[Event]:
        async with AsyncClient.from_uri(running.uri) as client:
            await client.write_event(Event("synthesize", {"text": "Yes.", "voice": {"speaker": "kathleen"}}))
            return await answer(client)

    assert sound(run(talk())) == said(voices, "Yes.", "kathleen")


def test_ssml(running: Running, voices: Roster) -> None:
    text = "<speak>Yes <break time='1s'/> no.</speak>"
    events = ask(running.uri, Synthesize(text, text_format="ssml"))
    assert sound(events) == said(voices, text, ssml=True)
    streamed = ask(
        running.uri,
        SynthesizeStart(text_format="ssml"),
        *chunks(text),
        SynthesizeStop(),
        until=SynthesizeStopped,
    )
    assert sound(streamed) == sound(events)


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_text_in_chunks_is_the_same_sound(running: Running, voices: Roster, size: int) -> None:
    events = ask(
        running.uri,
        SynthesizeStart(),
        *chunks(TEXT, size),
        # For servers that know no chunks; not said a second time.
        Synthesize(TEXT),
        SynthesizeStop(),
        until=SynthesizeStopped,
    )
    assert events[-1].type == "synthesize-stopped"
    assert sound(events) == said(voices, TEXT)


def test_sentences_are_heard_while_the_text_comes(running: Running, voices: Roster) -> None:
    async def talk() -> None:
        async with AsyncClient.from_uri(running.uri) as client:
            await client.write_event(SynthesizeStart(SynthesizeVoice("kathleen")).event())
            await client.write_event(SynthesizeChunk("The first one. And so").event())
            first = said(voices, "The first one.", "kathleen")
            data = b""
            while len(data) < len(first):
                event = await client.read_event()
                assert event is not None
                data += event.payload or b""
            assert data == first
            # What sounds like a whole sentence does not wait for ever for the next one.
            await client.write_event(SynthesizeChunk(" it is.").event())
            assert AudioChunk.is_type((await client.read_event()).type)
            await client.write_event(SynthesizeStop().event())
            assert (await answer(client, SynthesizeStopped))[-1].type == "synthesize-stopped"

    run(talk())


def test_several_texts_on_a_connection(running: Running, voices: Roster) -> None:
    async def talk() -> None:
        async with AsyncClient.from_uri(running.uri) as client:
            for text in ("One.", "Two."):
                for event in (SynthesizeStart(), *chunks(text), SynthesizeStop()):
                    await client.write_event(event.event())
                assert sound(await answer(client, SynthesizeStopped)) == said(voices, text)
                await client.write_event(Synthesize(text).event())
                assert sound(await answer(client)) == said(voices, text)

    run(talk())


def test_a_start_ends_the_text_before(running: Running, voices: Roster) -> None:
    events = [SynthesizeStart(), *chunks("One."), SynthesizeStart(), *chunks("Two."), SynthesizeStop()]

    async def talk() -> None:
        async with AsyncClient.from_uri(running.uri) as client:
            for event in events:
                await client.write_event(event.event())
            for text in ("One.", "Two."):
                assert sound(await answer(client, SynthesizeStopped)) == said(voices, text)

    run(talk())


def test_clients_side_by_side(running: Running, voices: Roster) -> None:
    async def one(number: int) -> bool:
        async with AsyncClient.from_uri(running.uri) as client:
            voice = SynthesizeVoice(running.engine.voices.names[number % 2])
            await client.write_event(Synthesize(TEXT, voice).event())
            return sound(await answer(client)) == said(voices, TEXT, voice.name)

    async def all_of_them() -> list[bool]:
        return list(await asyncio.gather(*(one(number) for number in range(6))))

    assert all(run(all_of_them()))


def test_pause_and_speed_of_the_server(start: Callable[..., Running], voices: Roster) -> None:
    settings = Settings(pause=1.5, speed=1.5)
    uri = start(settings=settings).uri
    assert sound(ask(uri, Synthesize("Yes. No."))) == said(voices, "Yes. No.", pause=1.5, speed=1.5)


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


def test_a_stream_without_words(running: Running) -> None:
    events = [SynthesizeStart(), SynthesizeChunk("\U0001f600 "), SynthesizeStop()]
    assert "nothing to say" in Error.from_event(ask(running.uri, *events)[-1]).text


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


def test_unix_sockets(start: Callable[..., Running], tmp_path: Path) -> None:
    path = tmp_path / "a.socket"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    running = start(uri=f"unix://{path}")
    assert Info.is_type(ask(running.uri, Describe(), until=Info)[0].type)
    with pytest.raises(Exception, match="somebody listens"):
        start(uri=f"unix://{path}")
    # Taken after the one that looked whether somebody listens.
    assert Pong.is_type(ask(running.uri, Ping(), until=Pong)[0].type)
    running.close()
    assert not path.exists()
    path.write_text("mine")
    with pytest.raises(Exception, match="is no socket"):
        start(uri=f"unix://{path}")
    assert path.read_text() == "mine"


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


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("tcp://0.0.0.0:10200", "knows no keys"),
        ("tcp://192.168.1.1", "knows no keys"),
        ("tcp://", "no address"),
        ("tcp://127.0.0.1:99999", "no address"),
        ("127.0.0.1:10200", "no address"),
        ("http://127.0.0.1:10200", "no address"),
        ("unix://", "no address"),
        ("unix://a/b", "no address"),
        ("tcp://[::1", "no address"),
        ("stdio://", "no address"),
    ],
)
def test_addresses(uri: str, message: str) -> None:
    with pytest.raises(Exception, match=message) as error:
        Address.parse(uri)
    assert error.value.hint  # type: ignore[attr-defined]
    if "keys" in message:
        assert Address.parse(uri, without_key=True).port == 10_200


@pytest.mark.skipif(sys.platform == "win32", reason="signals of its own")
def test_the_command_serves_both_and_stops(tmp_path: Path, voices: Roster) -> None:
    words = [
        "--voice",
        "clara",
        "--port",
        "0",
        "--wyoming",
        "tcp://127.0.0.1:0",
        "--pause",
        "1",
        "--log",
        "json",
    ]
    path = os.pathsep.join((str(ROOT), str(ROOT / "models")))
    with subprocess.Popen(
        [sys.executable, "-m", "tiedtts_cli", "serve", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            http, wyoming = (json.loads(process.stderr.readline()) for _ in range(2))
            assert (http["event"], wyoming["event"]) == ("ready", "ready")
            assert sound(ask(wyoming["url"], Synthesize("Yes. No."))) == said(voices, "Yes. No.", pause=1)
            request = {"input": "Yes. No.", "response_format": "pcm"}
            answered = httpx.post(f"{http['url']}v1/audio/speech", json=request, trust_env=False, timeout=60)
            assert answered.content == said(voices, "Yes. No.", pause=1)
            counts = httpx.get(f"{http['url']}metrics", trust_env=False).text
            assert 'tiedtts_requests_total{route="wyoming",status="200"} 1.0' in counts
        finally:
            process.send_signal(signal.SIGTERM)
        log = [json.loads(line) for line in process.stderr.read().splitlines()]
    assert process.returncode == 0
    assert "stopping" in [line["event"] for line in log]
    assert log[-1]["event"] == "stopped"
    assert "Yes" not in json.dumps(log)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--no-http"], "leaves nothing to serve"),
        (["--wyoming", "tcp://0.0.0.0:1"], "knows no keys"),
        (["--wyoming=nonsense"], "no address for Wyoming: nonsense"),
        # The value may be left out, whatever stands behind.
        (["--wyoming", "--speed", "9"], "`speed` must be 0.25 to 4"),
        (["--wyoming", "--wyoming"], "given twice"),
        (["--no-http", "--wyoming", "--pause", "-1"], "`pause` must be"),
    ],
)
def test_wrong_words_are_told_before_anything_is_loaded(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Roster, "load", None)
    assert main(["serve", *words]) != 0
    assert message in capsys.readouterr().err
