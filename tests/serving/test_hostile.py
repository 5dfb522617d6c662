"""Whoever sends nonsense, too much or nothing gets an error that says so, and holds up nobody."""

import contextlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.serving.conftest import Running
from tiedtts.serving.limits import Limits

LONG = "Here is a sentence that is long enough, and then some more. " * 400
SHORT = Limits(head_seconds=0.5, stalled_seconds=0.5, body_bytes=20_000, characters=500)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextlib.contextmanager
def connection(server: Running) -> Iterator[socket.socket]:
    with socket.create_connection(server.address, timeout=30) as made:
        yield made


def received(client: socket.socket) -> bytes:
    """Return all that comes until the server closes."""
    data = b""
    # Closed at once, what is still on its way to the server makes an error here.
    with contextlib.suppress(ConnectionError):
        while piece := client.recv(65_536):
            data += piece
    return data


def request(body: bytes, *headers: str) -> bytes:
    lines = [
        "POST /v1/audio/speech HTTP/1.1",
        "Host: localhost",
        f"Content-Length: {len(body)}",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body


def body_of(text: str, form: str = "wav") -> bytes:
    return json.dumps({"input": text, "response_format": form}).encode()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe{}", "not UTF-8: byte 0"),
        (b'{"input": "caf\xe9"}', "not UTF-8: byte 14"),
        (b"input=Hello", "not JSON"),
        (b'{"input": "Hello."', "not JSON"),
        (b'["input"]', "must be a JSON object"),
        (b'"Hello."', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'{"input": NaN}', "NaN is no number of JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"speed": ' + b"1" * 10_000 + b"}", "not JSON"),
    ],
)
def test_bodies_that_are_none(running: Running, body: bytes, message: str) -> None:
    answer = running.client.post("/v1/audio/speech", content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (
        400,
        "invalid_request_error",
        "invalid_json",
    )
    assert message in error["message"]


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({}, "input", "missing_required_parameter"),
        ({"input": None}, "input", "missing_required_parameter"),
        ({"input": 5}, "input", "invalid_type"),
        ({"input": ["Hello."]}, "input", "invalid_type"),
        ({"input": "Hello.", "voice": 5}, "voice", "invalid_type"),
        ({"input": "Hello.", "voice": {"name": "clara"}}, "voice", "invalid_type"),
        ({"input": "Hello.", "model": []}, "model", "invalid_type"),
        ({"input": "Hello.", "speed": "fast"}, "speed", "invalid_type"),
        ({"input": "Hello.", "speed": True}, "speed", "invalid_value"),
        ({"input": "Hello.", "speed": 1e400}, "speed", "invalid_value"),
        ({"input": "Hello.", "speed": 10**300}, "speed", "invalid_value"),
        ({"input": "Hello.", "pitch": -99}, "pitch", "invalid_value"),
        ({"input": "Hello.", "ssml": 1}, "ssml", "invalid_value"),
        ({"input": "Hello.", "seed": -1}, "seed", "invalid_value"),
        ({"input": "Hello.", "stream_format": "tar"}, "stream_format", "invalid_value"),
        ({"input": "Hello.", "sample_rate": 7}, "sample_rate", "invalid_value"),
        ({"input": "Hello.", "sample_rate": 44_100.0}, "sample_rate", "invalid_value"),
        ({"input": "Hello.", "markup": "subtitles"}, "markup", "invalid_value"),
        ({"input": "Hello.", "markup": "tex"}, "markup", "invalid_value"),
        ({"input": "Hello.", "markup": 3}, "markup", "invalid_value"),
        ({"input": "Hello.", "timestamps": True}, "timestamps", "invalid_value"),
        ({"input": "Hello.", "lexicon": "/etc/passwd"}, "lexicon", "unknown_parameter"),
        ({"input": "Hello.", "output": "x.wav"}, "output", "unknown_parameter"),
        ({"input": "<speak>a", "ssml": True}, "input", "invalid_value"),
    ],
)
def test_fields_that_do_not_fit(running: Running, fields: dict[str, Any], param: str, code: str) -> None:
    body = json.dumps(fields).replace("Infinity", "1e400")
    answer = running.client.post("/v1/audio/speech", content=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["param"], error["code"]) == (400, param, code)
    assert param in error["message"] or param == "input"


def test_a_model_of_others(running: Running) -> None:
    error = running.ask(model="kokoro").json()["error"]
    assert (error["param"], error["code"]) == ("model", "model_not_found")


@pytest.mark.parametrize(
    "text", ["\ud800 half a pair", "a\0b", "\u202eright to left", "\U0001f600 smile", "\r\n\r\nHello.\r\n"]
)
def test_odd_texts_are_said(running: Running, text: str) -> None:
    answer = running.client.post(
        "/v1/audio/speech", content=json.dumps({"input": text, "response_format": "pcm"})
    )
    assert answer.status_code == 200
    assert len(answer.content) > 5_000


def test_paths_and_methods_that_there_are_not(running: Running) -> None:
    answer = running.client.get("/v1/nothing\u202e")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    answer = running.client.get("/v1/audio/speech")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert "other" in running.client.get("/metrics").text


def test_a_body_of_ten_megabytes(running: Running) -> None:
    body = b'{"input": "' + b"a" * 10_000_000 + b'"}'
    for content in (body, (body[at : at + 100_000] for at in range(0, len(body), 100_000))):
        answer = running.client.post("/v1/audio/speech", content=content)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "request_too_large")
    assert running.ask().status_code == 200


def test_what_is_no_http(running: Running) -> None:
    with connection(running) as client:
        client.sendall(b"\x16\x03\x01\x02\x00 hello\r\n\r\n")
        head, _, body = received(client).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["error"]["code"] == "invalid_http"


def test_whoever_is_silent_or_slow_is_hung_up_on(start: Callable[..., Running]) -> None:
    server = start(limits=SHORT)
    with contextlib.ExitStack() as stack:
        silent, halting, half = (stack.enter_context(connection(server)) for _ in range(3))
        halting.sendall(b"POST /v1/audio/speech HTTP/1.1\r\nHost: loc")
        half.sendall(request(body_of("Hello."))[:-5])
        assert server.ask("Others are served.").status_code == 200
        assert received(silent) == b""
        assert received(halting) == b""
        answer = received(half)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"did not come within 0.5 seconds" in answer


def test_a_reader_that_takes_nothing_holds_up_nobody(start: Callable[..., Running]) -> None:
    server = start(limits=Limits(stalled_seconds=0.5), threads=1)
    with connection(server) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(request(body_of(LONG)))
        until(lambda: server.engine.open == 1 and not server.engine.waiting)
        assert server.ask("Others are served.").status_code == 200
        # It is cut off, and its text let go.
        until(lambda: server.engine.open == 0)


def test_a_client_that_leaves_stops_its_work(start: Callable[..., Running]) -> None:
    server = start(threads=1)
    for asked in (body_of(LONG), body_of(LONG, "flac")):
        with connection(server) as client:
            client.sendall(request(asked))
            until(lambda: server.engine.open == 1)
        until(lambda: server.engine.open == 0)
    until(lambda: len(server.lines()) == 3)
    for line in server.lines()[1:]:
        assert line["status"] == 499
        assert line.get("speech_seconds", 0) < 400
    assert "tiedtts_clients_left_total 2.0" in server.client.get("/metrics").text


def test_more_than_there_may_be_get_429(start: Callable[..., Running]) -> None:
    server = start(limits=Limits(open_requests=2), threads=1)
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            client = stack.enter_context(connection(server))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(request(body_of(LONG)))
        until(lambda: server.engine.open == 2)
        answer = server.ask()
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        assert answer.json()["error"]["type"] == "rate_limit_error"
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert server.client.get("/healthz").json()["texts_in_hand"] == 2
    until(lambda: server.ask().status_code == 200)


def test_no_request_takes_for_ever(start: Callable[..., Running]) -> None:
    server = start(limits=Limits(seconds=0.3), threads=1)
    with connection(server) as client:
        client.sendall(request(body_of(LONG), "Connection: close"))
        # What was sent does not end as a whole answer does; on a busy machine nothing was.
        answer = received(client)
    assert not answer.endswith(b"0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ") or b"was not done after" in answer
    assert server.engine.open == 0


def test_many_connections_that_say_nothing(start: Callable[..., Running]) -> None:
    server = start(limits=Limits(connections=50))
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(connection(server)) for _ in range(45)]
        assert server.ask().status_code == 200
        silent += [stack.enter_context(connection(server)) for _ in range(10)]
        assert received(silent[-1]) == b"", "one more than there may be"
    assert server.ask().status_code == 200


def test_a_voice_that_fails_cuts_the_answer(
    start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start()
    voice = server.engine.voices["clara"]
    real = voice.renderer.render
    rendered: list[int] = []

    def failing(*arguments: Any, **options: Any) -> Any:
        rendered.append(1)
        if len(rendered) > 1:
            raise ZeroDivisionError("a bug")
        return real(*arguments, **options)

    monkeypatch.setattr(voice.renderer, "render", failing)
    with connection(server) as client:
        client.sendall(request(body_of("One is here. So is two."), "Connection: close"))
        answer = received(client)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert not answer.endswith(b"0\r\n\r\n")
    answered = server.client.post("/v1/audio/speech", json={"input": "One."})
    assert (answered.status_code, answered.json()["error"]["type"]) == (500, "server_error")
    assert "a bug" not in answered.text
    until(lambda: any(line.get("status") == 500 for line in server.lines()))
    line = next(line for line in server.lines() if line.get("status") == 500)
    assert "ZeroDivisionError: a bug" in line["trace"]
    monkeypatch.undo()
    assert server.ask().status_code == 200
