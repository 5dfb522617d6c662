"""The server: one process that listens, answers, and stops without cutting anybody short."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn

from tiedtts import __version__, stopping
from tiedtts.errors import ConfigError
from tiedtts.serving import logs
from tiedtts.serving.app import application
from tiedtts.serving.engine import Engine
from tiedtts.serving.guard import Access
from tiedtts.serving.limits import Limits
from tiedtts.serving.protocol import bounded

BACKLOG = 2048
"""Connections that the system keeps until they are taken."""


class Server:
    """A server of an engine on one address.

    Args:
        engine: Speaks.
        host: Name or address to listen on.
        port: Port; any that is free if 0.
        access: Who may ask.
        limits: What is taken on.

    Raises:
        ConfigError: The address cannot be listened on.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        access: Access | None = None,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        self._engine = engine
        # Beside the connections, a few files of the voices and the log.
        self._most_files = limits.connections + 256
        self._socket = _listening(host, port)
        app = application(engine, access=access, limits=limits, is_stopping=lambda: self._server.should_exit)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=bounded(limits),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=min(30, max(1, round(limits.head_seconds))),
                timeout_graceful_shutdown=max(1, round(limits.stop_seconds)),
            )
        )
        # Signals are handled here, also those that uvicorn does not know.
        self._server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign, assignment]

    @property
    def address(self) -> tuple[str, int]:
        """Address and port that it listens on."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    @property
    def url(self) -> str:
        """Address for a browser."""
        host, port = self.address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    def stop(self) -> None:
        """Take no more connections, finish what is in hand, and end; a second time, end at once."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True

    def run(self, when_ready: Callable[[], None] = lambda: None) -> None:
        """Answer until the server is stopped; a signal stops it, too, in the main thread.

        Args:
            when_ready: Called once it listens.
        """
        _allow_open_files(self._most_files)
        host, port = self.address
        logs.event(
            "ready", url=self.url, version=__version__, voices=list(self._engine.voices), host=host, port=port
        )
        when_ready()
        with _stopped_by_signals(self.stop):
            asyncio.run(self._server.serve(sockets=[self._socket]))
        logs.event("stopped")


@contextlib.contextmanager
def _stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let signals that ask for the end stop a server; those that are ignored still are."""
    before = {}

    def receive(number: int, frame: FrameType | None) -> None:
        logs.event("stopping", signal=signal.Signals(number).name)
        stop()

    with contextlib.suppress(ValueError):
        # Elsewhere than in the main thread nobody may ask for signals.
        for number in stopping.SIGNALS:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                before[number] = signal.signal(number, receive)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _allow_open_files(count: int) -> None:
    """Ask the system for so many open files, of which each connection is one; it may grant fewer."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        unlimited = resource.RLIM_INFINITY
        wanted = count if hard == unlimited else min(count, hard)
        if soft != unlimited and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address.

    Raises:
        ConfigError: There is no such address, or somebody else listens there.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConfigError(
            f"no such address: {host}", hint="127.0.0.1 is this machine, 0.0.0.0 all its addresses"
        ) from error
    try:
        if os.name == "posix" and sys.platform != "cygwin":
            # After a kill, the address is free at once; on Windows it would be so even while it is in use.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(
            f"cannot listen on {host}, port {port}: {reason}", hint="is it in use? another port: --port 8001"
        ) from error
    made.setblocking(False)
    return made
