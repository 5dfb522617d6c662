import socket
import urllib.request

import pytest


def test_other_machines_are_out_of_reach() -> None:
    with socket.socket() as there, pytest.raises(AssertionError, match="connect to"):
        there.connect(("192.0.2.1", 80))
    with pytest.raises(AssertionError, match="another machine: example"):
        urllib.request.urlopen("http://example.org/", timeout=1)


def test_this_machine_is_in_reach() -> None:
    with socket.create_server(("localhost", 0)) as server, socket.socket() as client:
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted:
            client.sendall(b"x")
            assert accepted.recv(1) == b"x"
