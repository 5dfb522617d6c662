"""Speech by Wyoming, asked for by its own client."""

import asyncio
from collections.abc import Callable

import pytest
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from tests.serving.wyoming.talk import TEXT, Running, answer, ask, chunks, run, said, sound
from tiedtts.serving.roster import Roster
from tiedtts.settings import Settings


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
