import contextlib
import importlib.util
import io
import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import httpx

    from tiedtts.serving.engine import Engine
    from tiedtts.serving.guard import Access
    from tiedtts.serving.limits import Limits
    from tiedtts.serving.roster import Roster

# The extra `serve`, and a client for the tests.
if any(
    importlib.util.find_spec(name) is None
    for name in ("starlette", "uvicorn", "prometheus_client", "wyoming", "httpx")
):
    collect_ignore = ["wyoming"]
    collect_ignore_glob = ["test_*.py"]


class Running:
    """A server in a thread of this process."""

    def __init__(
        self, engine: "Engine", access: "Access | None" = None, limits: "Limits | None" = None
    ) -> None:
        import httpx

        from tiedtts.serving import logs
        from tiedtts.serving.server import Server

        self.engine = engine
        self.log = io.StringIO()
        logs.set_up("json", self.log)
        self.server = Server(engine, port=0, access=access, limits=limits)
        self.address = self.server.address
        self.url = self.server.url.rstrip("/")
        self.client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()

    def lines(self) -> list[dict[str, Any]]:
        """Return the log."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def ask(self, text: str = "Hello there.", **fields: Any) -> "httpx.Response":
        """Ask for speech."""
        return self.client.post("/v1/audio/speech", json={"input": text, "response_format": "wav", **fields})

    def close(self) -> None:
        self.client.close()
        self.server.stop()
        self.thread.join(20)
        left = self.server._server.server_state
        assert not self.thread.is_alive(), (left.connections, left.tasks)


@pytest.fixture(scope="session")
def voices() -> "Roster":
    from tiedtts.serving.roster import Roster

    return Roster.load()


@pytest.fixture(scope="session")
def engine(voices: "Roster") -> "Iterator[Engine]":
    from tiedtts.serving.engine import Engine

    with Engine(voices) as made:
        yield made


@pytest.fixture(scope="session")
def running(engine: "Engine") -> Iterator[Running]:
    """A server as `tiedtts serve` starts it."""
    with contextlib.closing(Running(engine)) as server:
        yield server


@pytest.fixture
def start(voices: "Roster") -> Iterator[Callable[..., Running]]:
    """Return a function that starts a server with an engine, an access and limits of its own."""
    from tiedtts.serving.engine import Engine
    from tiedtts.serving.limits import Limits

    with contextlib.ExitStack() as stack:

        def run(
            *,
            access: "Access | None" = None,
            limits: "Limits | None" = None,
            engine: "Engine | None" = None,
            **options: Any,
        ) -> Running:
            limits = limits or Limits()
            own = engine or stack.enter_context(Engine(voices, most_open=limits.open_requests, **options))
            return stack.enter_context(contextlib.closing(Running(own, access, limits)))

        yield run
