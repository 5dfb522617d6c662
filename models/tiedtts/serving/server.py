"""The server: one process that listens, answers, and stops without cutting anybody short."""

import contextlib
import os
import socket
import sys
from collections.abc import Callable

import uvicorn

from tiedtts import __version__
from tiedtts.errors import ConfigError
from tiedtts.serving import logs, service
from tiedtts.serving.app import application
from tiedtts.serving.engine import Engine
from tiedtts.serving.guard import Access
from tiedtts.serving.limits import Limits
from tiedtts.serving.metrics import Metrics
from tiedtts.serving.protocol import bounded
from tiedtts.settings import Settings

RECEIVED_BYTES = 65_536
"""Bytes of a connection that the system keeps until they are taken, and that are taken at once."""
BACKLOG = 2048
"""Connections that the system keeps until they are taken."""


class Server:
    """A server of an engine on one address; a service, see `tiedtts.serving.service`.

    Args:
        engine: Speaks.
        host: Name or address to listen on.
        port: Port; any that is free if 0.
        access: Who may ask.
        limits: What is taken on.
        settings: How is spoken where a request does not say it.
        counts: Counts of the process, if others count there, too.

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
        settings: Settings | None = None,
        counts: Metrics | None = None,
    ) -> None:
        limits = limits or Limits()
        self._engine = engine
        self.most_files = limits.files
        self._socket = listening(host, port)
        app = application(
            engine,
            access=access,
            limits=limits,
            settings=settings,
            counts=counts,
            is_stopping=lambda: self._server.should_exit,
        )
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

    def announce(self) -> None:
        """Log that it is ready."""
        host, port = self.address
        logs.event(
            "ready", url=self.url, version=__version__, voices=list(self._engine.voices), host=host, port=port
        )

    async def serve(self) -> None:
        """Answer until the server is stopped."""
        await self._server.serve(sockets=[self._socket])

    def run(self, when_ready: Callable[[], None] = lambda: None) -> None:
        """Answer until the server is stopped; a signal stops it, too, in the main thread.

        Args:
            when_ready: Called once it listens.
        """
        service.run([self], when_ready)


def listening(host: str, port: int, *, option: str = "--port") -> socket.socket:
    """Return a socket that listens on an address.

    Args:
        host: Name or address.
        port: Port; any that is free if 0.
        option: Option of the command that names another.

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
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
        made.bind(address)
        made.listen(BACKLOG)
    except OSError as error:
        made.close()
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise ConfigError(
            f"cannot listen on {host}, port {port}: {reason}", hint=f"is it in use? {option} takes another"
        ) from error
    made.setblocking(False)
    return made
