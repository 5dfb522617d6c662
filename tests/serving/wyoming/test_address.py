"""Addresses: which are taken, and sockets of Unix."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong

from tests.serving.wyoming.talk import Running, ask
from tiedtts.serving.wyoming.address import Address


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
