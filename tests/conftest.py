import contextlib
import math
import os
import signal
import socket
from typing import Any

import pytest

import tiedtts  # noqa: F401  (before ONNX Runtime, which some tests import themselves)
from tiedtts_cli import talk

# A run in the background (`nohup`, `&` in a script) ignores them, and so would every process that a test starts.
for name, usual in (
    ("SIGINT", signal.default_int_handler),
    ("SIGTERM", signal.SIG_DFL),
    ("SIGHUP", signal.SIG_DFL),
):
    if hasattr(signal, name) and signal.getsignal(getattr(signal, name)) == signal.SIG_IGN:
        # Elsewhere than in the main thread they stay as they are.
        with contextlib.suppress(ValueError):
            signal.signal(getattr(signal, name), usual)

# Threads that wait for each other are slower than one on nets this small. Read when torch is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

LOCAL = frozenset(("", "localhost", "::1", "0.0.0.0", "::"))


class NetworkUsed(AssertionError):
    """A test reached for another machine."""


def is_local(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode()
    return host is None or host in LOCAL or host == socket.gethostname() or str(host).startswith("127.")


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands speak of their progress only where that is tested: a busy machine makes them slow."""
    monkeypatch.setattr(talk, "PATIENCE_SECONDS", math.inf)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test speak to another machine; this one's own addresses are what torch.distributed uses."""

    def guard(name: str) -> None:
        real = getattr(socket.socket, name)

        def guarded(self: socket.socket, *arguments: Any) -> Any:
            # The address comes last: `sendto` takes it after the data.
            address = arguments[-1]
            if self.family in (socket.AF_INET, socket.AF_INET6) and not is_local(address[0]):
                raise NetworkUsed(f"{name} to {address}")
            return real(self, *arguments)

        monkeypatch.setattr(socket.socket, name, guarded)

    for name in ("connect", "connect_ex", "sendto"):
        guard(name)
    look_up = socket.getaddrinfo

    def guarded_look_up(host: Any, *arguments: Any, **options: Any) -> Any:
        if not is_local(host):
            raise NetworkUsed(f"name of another machine: {host}")
        return look_up(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
