"""Memory is bounded by what is taken on, whatever clients send and however slowly they read."""

import asyncio
import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.serving.conftest import Running
from tests.serving.test_hostile import connection, received, request, until
from tiedtts.errors import BusyError, TextError
from tiedtts.serving import intake, memory, production
from tiedtts.serving.app import application
from tiedtts.serving.engine import Engine
from tiedtts.serving.intake import Intake
from tiedtts.serving.limits import Limits
from tiedtts.serving.production import Account
from tiedtts.serving.refusal import Refusal
from tiedtts.serving.roster import Roster
from tiedtts.serving.speech_request import SpeechRequest
from tiedtts.serving.speech_response import AT_ONCE
from tiedtts.serving.work import AHEAD_BYTES
from tiedtts.settings import Settings
from tiedtts.text import reading
from tiedtts.text.frontend import FrontEnd, LeftOut
from tiedtts.text.structure import documents
from tiedtts.text.structure.blocks import GAPS

RUN_ON = "here is a sentence that does not come to an end but goes on and on " * 6
BREAKS = "<speak>" + "a <break time='3s'/> " * 20 + "</speak>"


@pytest.mark.parametrize(
    "fields",
    [
        {"input": "Yes.", "response_format": "wav"},
        {"input": "$1,234,567.89 & 50%", "response_format": "pcm"},
        {"input": RUN_ON, "response_format": "wav", "speed": 0.25},
        {"input": RUN_ON, "response_format": "wav", "speed": 0.25, "pause": 60, "sample_rate": 48_000},
        {"input": RUN_ON, "response_format": "pcm", "stream_format": "sse", "timestamps": True},
        {"input": RUN_ON, "response_format": "flac"},
        {"input": BREAKS, "response_format": "wav", "ssml": True},
        {
            "input": f"<speak><prosody rate='25%'>{RUN_ON}</prosody></speak>",
            "response_format": "pcm",
            "ssml": True,
        },
        {"input": "a [pause 3s] " * 20, "response_format": "wav", "marks": True},
        {"input": f"[rate 25%]{RUN_ON}[/rate]", "response_format": "pcm", "marks": True},
        {"input": f"A: {RUN_ON}\nB: {RUN_ON}", "response_format": "wav", "cast": {"A": "felix"}},
    ],
)
def test_a_text_takes_no_more_than_was_told_before(voices: Roster, fields: dict[str, Any]) -> None:
    asked = SpeechRequest.from_json(json.dumps(fields).encode(), voices, Limits())
    voice = voices["clara"]
    made = max(part.nbytes for part in memory.stream(voice, asked.text, asked.settings))
    sent = [piece.nbytes for piece in production.pieces(asked, voice, Account())]
    # The part that is made, the piece that is being sent, and what lies ready behind it.
    most = made + max(sent) + min(sum(sent), AHEAD_BYTES + max(sent))
    needs = production.needs(asked, voice)
    assert most < needs
    assert needs < 150_000_000


@pytest.mark.parametrize(
    ("markup", "paragraph"),
    [
        ("markdown", "- A *sentence* [that](http://a.b) nobody hears.\n"),
        ("html", "<p>A <b>few</b> words.</p>"),
    ],
)
def test_a_document_takes_no_more_than_was_told(markup: str, paragraph: str) -> None:
    settings, text = Settings(markup=markup), paragraph * 500
    documents.read(paragraph, settings)
    tracemalloc.start()
    try:
        found = documents.read(text, settings)
        assert found.blocks
        assert tracemalloc.get_traced_memory()[0] < memory.DOCUMENT_BYTES * len(text) + 100_000
    finally:
        tracemalloc.stop()
    assert max(map(max, GAPS.values())) <= memory.LONGEST_GAP


@pytest.mark.parametrize(
    "sentence", ["A sentence that nobody hears. ", "A *sentence* that\u2019s not h\xe9ard. "]
)
def test_a_text_that_is_being_read_takes_no_more_than_was_told(sentence: str) -> None:
    front_end, text = FrontEnd(), sentence * 600
    next(front_end.read(sentence, LeftOut()))
    tracemalloc.start()
    try:
        found = front_end.read(text, LeftOut(), breaks=True)
        next(found)
        assert tracemalloc.get_traced_memory()[0] < memory.CHARACTER_BYTES * len(text) + 100_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "paragraph",
    [
        "ALICE: \u201cYes.\u201d [pause 1s]\nBOB: No. [slow]Why?[/slow]\n",
        "\u201cYes,\u201d she said. \u201cNo?\u201d\n\n",
    ],
)
def test_a_text_with_marks_and_roles_takes_no_more_than_was_told(paragraph: str) -> None:
    settings, text = Settings(marks=True, cast="ALICE=nora, quotes=felix"), paragraph * 300
    front_end = FrontEnd()
    assert next(reading.parse(paragraph, settings).sentences(front_end, LeftOut(), breaks=True))
    tracemalloc.start()
    try:
        found = reading.parse(text, settings)
        assert next(found.sentences(front_end, LeftOut(), breaks=True))
        assert tracemalloc.get_traced_memory()[0] < memory.DOCUMENT_BYTES * len(text) + 100_000
    finally:
        tracemalloc.stop()


def test_silence_beyond_what_was_counted_with_is_refused(running: Running, voices: Roster) -> None:
    text = "<speak>" + "a <break time='60s'/> " * 300 + "</speak>"
    with pytest.raises(TextError, match="asks for 18000 seconds of silence"):
        next(memory.stream(voices["clara"], text, Settings(ssml=True)))
    with pytest.raises(TextError, match="the text asks for 1800 seconds of silence"):
        next(memory.stream(voices["clara"], "a [pause 60s] " * 30, Settings(marks=True)))
    answer = running.ask(text, ssml=True)
    assert answer.status_code == 400
    assert "seconds of silence" in answer.json()["error"]["message"]


@dataclass
class Large:
    """An item that tells its size."""

    nbytes: int


def test_texts_are_taken_on_while_there_is_room(voices: Roster) -> None:
    with Engine(voices, most_bytes=100) as engine:
        # One that is alone is spoken whatever it needs.
        with engine.start(iter([1]), needs=1_000) as first:
            with pytest.raises(BusyError, match="all the memory"):
                engine.start(iter([1]), needs=1)
            assert list(first) == [1]
        with engine.start(iter([1]), needs=60), engine.start(iter([1]), needs=40), pytest.raises(BusyError):
            engine.start(iter([1]), needs=1)
        assert list(engine.start(iter([1]), needs=100)) == [1]


def test_fewer_parts_lie_ready_where_they_are_large(voices: Roster) -> None:
    made: list[int] = []

    def source(size: int) -> Iterator[Large]:
        for number in range(9):
            made.append(number)
            yield Large(size)

    with Engine(voices, threads=1, ahead=4) as engine:
        for size, ahead in ((AHEAD_BYTES, 1), (AHEAD_BYTES // 2, 2), (1, 4)):
            with engine.start(source(size)):
                until(lambda: len(made) == ahead)  # noqa: B023
                # A later text is made after everything that was to be made of this one.
                assert next(engine.start(iter([1]))) == 1
                assert len(made) == ahead
            made.clear()


def test_sound_is_handed_to_the_connection_in_small_pieces(engine: Engine) -> None:
    sizes: list[int] = []
    body = json.dumps({"input": RUN_ON, "response_format": "pcm"}).encode()
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/audio/speech",
        "headers": [(b"host", b"localhost")],
        "query_string": b"",
        "client": ("127.0.0.1", 1),
    }

    async def ask() -> None:
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            try:
                return next(messages)
            except StopIteration:
                return await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sizes.append(len(message.get("body", b"")))

        await application(engine)(scope, receive, send)

    asyncio.run(ask())
    assert sum(sizes) > 4 * AT_ONCE
    assert max(sizes) <= AT_ONCE


def test_large_requests_have_room_together_and_small_ones_always() -> None:
    taken = Intake(Limits(body_bytes=100_000, intake_bytes=150_000))
    with (
        taken.one("a body", "x") as first,
        taken.one("a body", "x") as second,
        taken.one("a body", "x") as small,
    ):
        first(100_000)
        with pytest.raises(Refusal, match="may have 100,000 bytes"):
            first(1)
        with pytest.raises(Refusal, match="no room for so much") as error:
            second(60_000)
        assert error.value.status == 429
        small(intake.SMALL)
    assert taken.held == 0


def test_bodies_that_never_end_keep_out_nobody_else(start: Callable[..., Running]) -> None:
    server = start(limits=Limits(body_bytes=100_000, intake_bytes=150_000, head_seconds=2))
    whole = request(b" " * 90_000 + b"{}")
    with connection(server) as first, connection(server) as second, connection(server) as third:
        for client in (first, second, third):
            client.sendall(whole[:-1])
        answers: list[bytes] = []
        readers = [
            threading.Thread(target=lambda client=client: answers.append(received(client)))
            for client in (first, second, third)
        ]
        for reader in readers:
            reader.start()
        assert server.ask().status_code == 200
        for reader in readers:
            reader.join()
    # Those that there was room for did not come whole in time.
    statuses = [answer[9:12] for answer in answers]
    assert b"429" in statuses
    assert set(statuses) <= {b"429", b"408"}
