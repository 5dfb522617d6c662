"""OpenAI's speech route, asked by its own client."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.serving.conftest import Running
from tiedtts.serving.roster import OPENAI_NAMES, Roster

openai = pytest.importorskip("openai")
TEXT = "Hello there, this is a test. It has two sentences."


@pytest.fixture(scope="module")
def client(running: Running) -> "Iterator[openai.OpenAI]":
    with openai.OpenAI(base_url=f"{running.url}/v1", api_key="none", max_retries=0) as made:
        yield made


@pytest.mark.parametrize("form", ["wav", "mp3", "opus", "flac"])
def test_sound_is_what_the_voice_says(client: "openai.OpenAI", voices: Roster, form: str) -> None:
    answer = client.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, response_format=form)
    samples, rate = soundfile.read(io.BytesIO(answer.read()), dtype="float32")
    said = voices["clara"].say(TEXT)
    assert rate == said.sample_rate
    assert len(samples) == pytest.approx(len(said.samples), abs=2400)
    assert np.abs(samples).max() == pytest.approx(np.abs(said.samples).max(), rel=0.2)
    if form in ("wav", "flac"):
        assert np.abs(samples - said.samples).max() < 1e-4


def test_pcm_has_the_rate_that_clients_take_it_for(client: "openai.OpenAI", voices: Roster) -> None:
    answer = client.audio.speech.create(model="tts-1-hd", voice="onyx", input=TEXT, response_format="pcm")
    samples = np.frombuffer(answer.read(), "<i2")
    said = voices["onyx"].say(TEXT)
    assert len(samples) == pytest.approx(24_000 * said.seconds, abs=2)


def test_the_usual_format_is_mp3(client: "openai.OpenAI") -> None:
    answer = client.audio.speech.create(model="gpt-4o-mini-tts", voice="nova", input="Yes.")
    assert answer.response.headers["content-type"] == "audio/mpeg"
    assert soundfile.info(io.BytesIO(answer.read())).format == "MP3"


def test_speed(client: "openai.OpenAI") -> None:
    sizes = [
        len(
            client.audio.speech.create(
                model="tts-1", voice="alloy", input=TEXT, response_format="pcm", speed=speed
            ).read()
        )
        for speed in (1.0, 2.0)
    ]
    assert sizes[1] < 0.7 * sizes[0]


def test_one_sentence_tells_its_length(client: "openai.OpenAI", voices: Roster) -> None:
    answer = client.audio.speech.create(model="tts-1", voice="alloy", input="Hello.", response_format="wav")
    data = answer.read()
    assert int(answer.response.headers["content-length"]) == len(data)
    assert data == voices["alloy"].say("Hello.").to_bytes("wav")


def test_sound_comes_as_it_is_made(client: "openai.OpenAI") -> None:
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=TEXT * 10, response_format="wav"
    ) as answer:
        assert "content-length" not in answer.headers
        pieces = list(answer.iter_bytes())
    assert len(pieces) > 10
    assert b"".join(pieces)[:4] == b"RIFF"


def test_events(client: "openai.OpenAI") -> None:
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts",
        voice="alloy",
        input=TEXT,
        response_format="pcm",
        stream_format="sse",
        extra_body={"timestamps": True},
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [line for line in answer.iter_lines() if line.startswith("event: ")]
    assert events == ["event: speech.audio.delta"] * 2 + ["event: speech.audio.done"]


@pytest.mark.parametrize("name", OPENAI_NAMES)
def test_its_voices_are_ours(voices: Roster, name: str) -> None:
    assert voices.name(name) in voices.names


def test_a_voice_may_be_named_in_an_object(client: "openai.OpenAI") -> None:
    answer = client.audio.speech.create(
        model="tts-1", voice={"id": "kathleen"}, input="Yes.", response_format="pcm"
    )
    assert len(answer.read()) > 5_000


def test_models(client: "openai.OpenAI") -> None:
    assert [model.id for model in client.models.list()] == ["tiedtts", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"]
    assert client.models.retrieve("tts-1").owned_by == "tiedtts"
    with pytest.raises(openai.NotFoundError, match="there is no model `whisper-1`; use one of tiedtts"):
        client.models.retrieve("whisper-1")


@pytest.mark.parametrize(
    ("fields", "param", "code", "message"),
    [
        ({"response_format": "aac"}, "response_format", "unsupported_format", "ask for mp3 or opus"),
        ({"response_format": "midi"}, "response_format", "unsupported_format", "use one of mp3, opus, flac"),
        ({"voice": "hal"}, "voice", "voice_not_found", "voices: clara, felix, kathleen"),
        ({"voice": "../voices/clara.onnx"}, "voice", "voice_not_found", "no such voice"),
        ({"speed": 9}, "speed", "invalid_value", "0.25 to 4"),
        ({"input": ""}, "input", "invalid_value", "nothing to say"),
        ({"input": "\u2603"}, "input", "invalid_value", "nothing to say"),
        ({"input": "a" * 50_001}, "input", "string_above_max_length", "has 50001"),
    ],
)
def test_refusals(
    client: "openai.OpenAI", fields: dict[str, object], param: str, code: str, message: str
) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        client.audio.speech.create(**{"model": "tts-1", "voice": "alloy", "input": "Hello.", **fields})  # type: ignore[arg-type]
    assert (error.value.param, error.value.code, error.value.type) == (param, code, "invalid_request_error")
    assert message in error.value.message
    assert error.value.request_id is not None


def test_several_voices_and_marks(running: Running, voices: Roster) -> None:
    text = "ALICE: One. [pause 300ms]\nBOB: 3/4/2024."
    cast = {"ALICE": "felix", "BOB": "onyx"}
    answer = running.ask(text, cast=cast, marks=True, english="gb", stream_format="sse", timestamps=True)
    assert answer.status_code == 200
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    words = [word for event in events for word in event.get("words", ())]
    assert [(word["speaker"], word["text"]) for word in words] == [
        *(("ALICE", "One"), ("BOB", "the"), ("BOB", "third"), ("BOB", "of"), ("BOB", "April")),
        *(("BOB", "twenty"), ("BOB", "twenty"), ("BOB", "four")),
    ]
    spoken = voices["clara"].say(text, cast=cast, marks=True, english="gb")
    # The header of a stream tells no length.
    assert running.ask(text, cast=cast, marks=True, english="gb").content[44:] == spoken.to_bytes("wav")[44:]
    markup = "<speak><voice name='oscar'>Hi.</voice></speak>"
    assert running.ask(markup, ssml=True).content == voices["clara"].say(markup, ssml=True).to_bytes("wav")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cast": {"A": "nobody"}}, "no such voice: nobody"),
        ({"cast": {"A": "/etc/passwd"}}, "no such voice: /etc/passwd"),
        ({"cast": {"A": "/tmp/x.onnx"}}, "no such voice: /tmp/x.onnx"),
        ({"cast": "A=clara"}, "`cast` must be no text"),
        ({"cast": {"A": 3}}, "`cast` has names and voices"),
        ({"english": "au"}, "`english` must be one of us, gb"),
        ({"marks": 1}, "`marks` must be true or false"),
        ({"marks": True, "ssml": True}, "`marks` are for texts without SSML"),
    ],
)
def test_casts_and_readings_that_cannot_be(running: Running, fields: dict[str, Any], message: str) -> None:
    answer = running.ask("A: Hi.", **fields)
    assert answer.status_code == 400
    assert message in answer.json()["error"]["message"]


def test_a_client_names_no_file_in_ssml(running: Running, tmp_path: Path) -> None:
    text = f"<speak><voice name='{tmp_path}/x.onnx'>Hi.</voice></speak>"
    assert running.ask(text, ssml=True).content == running.ask("<speak>Hi.</speak>", ssml=True).content
