"""The guard: who may ask.

A server without a key answers this machine alone. A page of another site could still reach it through the
browser of whoever opens that page, by a name that it lets point to this machine (DNS rebinding) or by a
request across sites: so the name that was asked for and the site that asks must be this machine's own.
"""

import hmac
import ipaddress
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tiedtts.errors import ConfigError
from tiedtts.quoting import quoted
from tiedtts.serving.answers import refused
from tiedtts.serving.refusal import Refusal

OPEN_PATHS = frozenset(("/", "/healthz"))
"""Paths that need no key: the page, which holds nothing of its own, and whether the server is up."""
SHORTEST_KEY = 8
"""Characters; a shorter key is guessed."""
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may ask a server."""

    key: str | None = None
    """Key that clients send as `Authorization: Bearer`."""
    only_local_names: bool = True
    """Whether the name that is asked for must be this machine's own."""
    origins: tuple[str, ...] = ()
    """Sites and programs whose pages may ask besides the server's own: `https://example.org`."""

    @classmethod
    def for_host(
        cls, host: str, *, key: str | None = None, without_key: bool = False, origins: tuple[str, ...] = ()
    ) -> "Access":
        """Return the access of a server on an address.

        Args:
            host: Name or address that it listens on.
            key: Key that clients must send.
            without_key: Whether other machines may ask without one.
            origins: See `Access`.

        Raises:
            ConfigError: Other machines could ask without a key, or the key is none.
        """
        if key is not None and (
            len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable() or " " in key
        ):
            raise ConfigError(
                f"a key must have {SHORTEST_KEY} letters, figures or signs at least, and no spaces",
                hint='make one: python -c "import secrets; print(secrets.token_urlsafe())"',
            )
        for origin in origins:
            if "://" not in origin or origin.endswith("/"):
                raise ConfigError(
                    f"no origin: {quoted(origin)}",
                    hint="scheme and host as browsers send them: https://example.org",
                )
        if key is None and not is_loopback(host) and not without_key:
            raise ConfigError(
                f"on {host}, other machines could use this server without a key",
                hint="set one in the environment, TIEDTTS_API_KEY=..., or let everybody in: --without-key",
            )
        return cls(key=key, only_local_names=key is None and is_loopback(host), origins=origins)


def is_loopback(host: str) -> bool:
    """Return whether a name or an address stands for this machine alone."""
    host = host.lower().strip("[]").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Lets through who may ask; an ASGI middleware.

    Args:
        app: Answers.
        access: Who may ask.
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *_HEADERS]
            await send(message)

        try:
            self._check(Headers(scope=scope), scope["path"])
        except Refusal as why:
            scope["tiedtts.seen"].code = why.code
            await refused(why)(scope, receive, with_headers)
            return
        await self._app(scope, receive, with_headers)

    def _check(self, headers: Headers, path: str) -> None:
        access = self._access
        host = headers.get("host", "")
        if access.only_local_names and not is_loopback(_name(host)):
            raise Refusal(
                HTTPStatus.MISDIRECTED_REQUEST,
                f"this server is asked for as localhost or 127.0.0.1, not as `{quoted(host)}`; "
                "to be asked by other names it needs a key (TIEDTTS_API_KEY)",
                code="host_not_allowed",
            )
        origin = headers.get("origin")
        if access.key is None and origin is not None and not self._is_own(origin, host):
            raise Refusal(
                HTTPStatus.FORBIDDEN,
                f"pages of `{quoted(origin)}` may not use this server; `--allow-origin` lets them",
                code="origin_not_allowed",
            )
        if access.key is None or path in OPEN_PATHS:
            return
        scheme, _, sent = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(sent.strip().encode(), access.key.encode()):
            return
        message = "the key is wrong" if sent else "there is no key in the request"
        raise Refusal(
            HTTPStatus.UNAUTHORIZED,
            f"{message}; send `Authorization: Bearer KEY`, the key that the server was started with",
            code="invalid_api_key",
            headers={"WWW-Authenticate": "Bearer"},
        )

    def _is_own(self, origin: str, host: str) -> bool:
        return origin in self._access.origins or urlsplit(origin).netloc.lower() == host.lower()


def _name(host: str) -> str:
    """Return the name in a Host header, without its port."""
    if host.startswith("["):
        return host.partition("]")[0]
    return host.rpartition(":")[0] if ":" in host else host
