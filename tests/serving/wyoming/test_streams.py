"""Texts that come in chunks and are spoken meanwhile."""

import pytest
from wyoming.audio import AudioChunk
from wyoming.client import AsyncClient
from wyoming.error import Error
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from tests.serving.wyoming.talk import TEXT, Running, answer, ask, chunks, run, said, sound
from tiedtts.serving.roster import Roster


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


def test_a_stream_without_words(running: Running) -> None:
    events = [SynthesizeStart(), SynthesizeChunk("\U0001f600 "), SynthesizeStop()]
    assert "nothing to say" in Error.from_event(ask(running.uri, *events)[-1]).text
