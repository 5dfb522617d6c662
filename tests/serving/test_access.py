"""Who may ask a server."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving.conftest import Running
from tiedtts.errors import ConfigError
from tiedtts.serving.guard import Access, is_loopback

KEY = "a key that nobody guesses".replace(" ", "-")


def refusal(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]  # type: ignore[attr-defined]


def test_names_of_this_machine() -> None:
    assert all(
        map(is_loopback, ("localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.9.9.9", "::1", "[::1]"))
    )
    others = (
        "",
        "example.org",
        "localhost.example.org",
        "127.0.0.1.example.org",
        "0.0.0.0",
        "::",
        "10.0.0.1",
        "127.1",
    )
    assert not any(map(is_loopback, others))


@pytest.mark.parametrize(
    ("host", "options", "message"),
    [
        ("0.0.0.0", {}, "other machines could use this server without a key"),
        ("::", {}, "TIEDTTS_API_KEY"),
        ("example.org", {}, "--without-key"),
        ("127.0.0.1", {"key": "short"}, "8 letters"),
        ("127.0.0.1", {"key": "with a space"}, "no spaces"),
        ("127.0.0.1", {"key": ""}, "8 letters"),
        ("127.0.0.1", {"origins": ("example.org",)}, "https://example.org"),
        ("127.0.0.1", {"origins": ("https://example.org/",)}, "https://example.org"),
    ],
)
def test_what_nobody_should_serve(host: str, options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        Access.for_host(host, **options)  # type: ignore[arg-type]
    assert message in f"{error.value} {error.value.hint}"


def test_every_address_with_a_key_or_on_purpose() -> None:
    assert Access.for_host("0.0.0.0", key=KEY) == Access(key=KEY, only_local_names=False)
    assert Access.for_host("0.0.0.0", without_key=True) == Access(only_local_names=False)
    assert Access.for_host("::1") == Access()


@pytest.mark.parametrize(
    "host", ["example.org", "example.org:8000", "127.0.0.1.example.org", "", "[fe80::1]:80", "x@127.0.0.1"]
)
def test_other_names_for_this_machine_are_refused(running: Running, host: str) -> None:
    """By such a name, the page of another site would reach it: DNS rebinding."""
    answer = running.client.get("/v1/models", headers={"Host": host})
    assert refusal(answer) == (421, "host_not_allowed")
    for own in ("localhost", "localhost:99", "[::1]:8000", "127.0.0.1"):
        assert running.client.get("/v1/models", headers={"Host": own}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["https://example.org", "null", "http://127.0.0.1:1", "chrome-extension://abc", "http://localhost"],
)
def test_pages_of_other_sites_are_refused(running: Running, origin: str) -> None:
    answer = running.client.post("/v1/audio/speech", json={"input": "Hello."}, headers={"Origin": origin})
    assert refusal(answer) == (403, "origin_not_allowed")
    assert running.client.get("/", headers={"Origin": running.url}).status_code == 200
    assert not any(name.startswith("access-control") for name in answer.headers)


def test_origins_that_are_let_in(start: Callable[..., Running]) -> None:
    server = start(access=Access(origins=("https://example.org",)))
    sent = {"Origin": "https://example.org"}
    answer = server.client.post("/v1/audio/speech", json={"input": "Hello."}, headers=sent)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://example.org")
    wish = {**sent, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    assert server.client.options("/v1/audio/speech", headers=wish).status_code == 200
    assert refusal(server.client.get("/v1/models", headers={"Origin": "https://example.com"}))[0] == 403


def test_a_key(start: Callable[..., Running]) -> None:
    server = start(access=Access(key=KEY, only_local_names=False, origins=("https://example.org",)))
    paths = ("/v1/models", "/v1/audio/voices", "/metrics", "/v1/models/tts-1", "/nowhere")
    for sent in (
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer \u00e9"},
    ):
        headers = {name: value.encode() for name, value in sent.items()}
        for path in paths:
            answer = server.client.get(path, headers=headers)
            assert refusal(answer) == (401, "invalid_api_key")
            assert answer.headers["www-authenticate"] == "Bearer"
        assert (
            server.client.post("/v1/audio/speech", json={"input": "Hello."}, headers=headers).status_code
            == 401
        )
    for path in ("/", "/healthz"):
        assert server.client.get(path).status_code == 200
    right = {"Authorization": f"Bearer {KEY}", "Host": "example.org"}
    assert server.client.get("/v1/models", headers=right).status_code == 200
    # Browsers ask without a key whether they may ask.
    wish = {"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    assert server.client.options("/v1/audio/speech", headers=wish).status_code == 200
    assert KEY not in server.log.getvalue()


def test_answers_say_that_they_are_no_part_of_other_pages(running: Running) -> None:
    for path in ("/", "/v1/models", "/nowhere", "/metrics"):
        headers = running.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-request-id"].startswith("req_")
    policy = running.client.get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


def test_nothing_names_a_path(running: Running, tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(b"x")
    for voice in (
        str(tmp_path / "x.onnx"),
        "../clara",
        "clara.onnx",
        "/etc/passwd",
        "clara\0",
        "http://127.0.0.1/x",
    ):
        assert refusal(running.ask(voice=voice)) == (400, "voice_not_found")
    for path in ("/../etc/passwd", "/%2e%2e/x", "/v1/models/..%2f..%2fx", "/page.html", "/static/x"):
        assert running.client.get(path).status_code == 404
