import os
import threading
from collections.abc import Iterator

import pytest

from tests.speechd.exchange import Exchange
from tiedtts.speechd.module import Module


@pytest.fixture(scope="module")
def module() -> Iterator[Exchange]:
    """A module in a thread, ready to speak."""
    requests, to_module = os.pipe()
    replies, from_module = os.pipe()
    with os.fdopen(requests, "rb") as source, os.fdopen(to_module, "wb") as sink:
        thread = threading.Thread(target=Module(source, from_module).run, daemon=True)
        thread.start()
        exchange = Exchange(sink, replies)
        exchange.start()
        yield exchange
        exchange.send("QUIT\n")
        thread.join(20)
        os.close(from_module)
        exchange.thread.join(20)
        os.close(replies)
        assert not thread.is_alive()


@pytest.fixture(autouse=True)
def _usual(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set all parameters back after each test."""
    yield
    if "module" in request.fixturenames:
        names = "rate pitch pitch_range volume punctuation_mode spelling_mode cap_let_recogn voice synthesis_voice"
        request.getfixturevalue("module").ask("SET", "\n".join(f"{name}=NULL" for name in names.split()))
