"""Addresses of the protocol: `tcp://127.0.0.1:10200` and `unix:///run/tiedtts.socket`."""

import contextlib
import os
import socket
import stat
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from tiedtts.errors import ConfigError
from tiedtts.quoting import quoted
from tiedtts.serving.guard import is_loopback
from tiedtts.serving.server import BACKLOG, RECEIVED_BYTES, listening

PORT = 10200
"""Port at which Home Assistant looks for a voice."""
DEFAULT = f"tcp://127.0.0.1:{PORT}"
"""Where it is listened if no address is named."""
_FORMS = "tcp://127.0.0.1:10200 or unix:///run/user/1000/tiedtts.socket"


class Address(NamedTuple):
    """An address: a host and a port, or the path of a socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    @classmethod
    def parse(cls, uri: str, *, without_key: bool = False) -> "Address":
        """Read an address.

        Args:
            uri: As people write it.
            without_key: Whether other machines may ask; the protocol knows no keys.

        Raises:
            ConfigError: It is none, or other machines could ask.
        """
        try:
            parts = urlsplit(uri)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise _misfit(uri) from error
        extra = parts.query or parts.fragment or parts.username
        if parts.scheme == "unix" and parts.path and not parts.netloc and not extra:
            return cls(path=unquote(parts.path))
        if parts.scheme != "tcp" or not host or extra or parts.path not in ("", "/"):
            raise _misfit(uri)
        if not is_loopback(host) and not without_key:
            raise ConfigError(
                f"on {host}, other machines could use this server, and Wyoming knows no keys",
                hint="where the network is your own, let everybody in: --without-key",
            )
        return cls(host=host, port=PORT if port is None else port)

    def listen(self) -> socket.socket:
        """Return a socket that listens here.

        Raises:
            ConfigError: It cannot be listened here.
        """
        if not self.path:
            return listening(self.host, self.port, option="--wyoming")
        if not hasattr(socket, "AF_UNIX"):
            raise ConfigError("there are no unix sockets on this system", hint=f"listen at {DEFAULT}")
        self._remove_stale()
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
            made.bind(self.path)
            made.listen(BACKLOG)
        except OSError as error:
            made.close()
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise ConfigError(
                f"cannot listen on {self.path}: {reason}", hint="name a path in a folder of your own"
            ) from error
        made.setblocking(False)
        return made

    def _remove_stale(self) -> None:
        """Remove the socket of a server that was killed.

        Raises:
            ConfigError: Something else stands there, or somebody listens.
        """
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if not stat.S_ISSOCK(os.lstat(self.path).st_mode):
                raise ConfigError(f"{self.path} is there and is no socket", hint="name another path")
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
                other.settimeout(1)
                try:
                    other.connect(self.path)
                except (ConnectionRefusedError, FileNotFoundError):
                    os.unlink(self.path)
                    return
                except OSError:
                    pass
            raise ConfigError(f"somebody listens on {self.path} already", hint="name another path")

    def __str__(self) -> str:
        if self.path:
            return f"unix://{self.path}"
        return f"tcp://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def _misfit(uri: str) -> ConfigError:
    return ConfigError(f"no address for Wyoming: {quoted(uri)}", hint=_FORMS)
