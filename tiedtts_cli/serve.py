"""`tiedtts serve`: voices for everybody who asks, over HTTP and by Wyoming."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from tiedtts.choices import ENGLISH
from tiedtts_cli import talk
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import at_least, choice, completes, option

KEY = "TIEDTTS_API_KEY"
"""Environment variable with the key, which other users of the machine cannot read."""
LOGS = ("auto", "json", "text", "off")
"""Forms of the log; `auto` is words on a terminal, JSON elsewhere."""


def serve(
    voice: Annotated[
        list[str] | None,
        option(
            "--voice",
            metavar="NAME|FILE",
            help="Voice, several times for several.",
            show_default="all of the package",
            autocompletion=completes("voice"),
        ),
    ] = None,
    lexicon: Annotated[
        list[Path] | None, option("--lexicon", metavar="FILE", help="Word, then phones; several: last wins.")
    ] = None,
    alias: Annotated[
        list[str] | None,
        option("--alias", metavar="NAME=VOICE", help="Another name for a voice: alloy=clara."),
    ] = None,
    host: Annotated[str, option("--host", metavar="ADDRESS", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, at_least(0, "--port", help="Port; 0 takes a free one.")] = 8000,
    wyoming: Annotated[
        str | None,
        option(
            "--wyoming",
            metavar="[URI]",
            help="Serve Wyoming, too, for Home Assistant: tcp://127.0.0.1:10200.",
        ),
    ] = None,
    no_http: Annotated[bool, option("--no-http", help="Serve nothing but Wyoming.")] = False,
    api_key: Annotated[
        str | None,
        option("--api-key", metavar="KEY", help="Key that clients send.", show_default=f"that of {KEY}"),
    ] = None,
    without_key: Annotated[
        bool, option("--without-key", help="Let other machines in without a key.")
    ] = False,
    allow_origin: Annotated[
        list[str] | None,
        option("--allow-origin", metavar="ORIGIN", help="Web site that may ask: https://example.org."),
    ] = None,
    max_characters: Annotated[int, at_least(1, "--max-characters", help="Longest text.")] = 50_000,
    max_requests: Annotated[int, at_least(1, "--max-requests", help="Texts in hand at once.")] = 256,
    max_memory: Annotated[
        int, at_least(1, "--max-memory", metavar="MB", help="Memory for the sound of texts in hand.")
    ] = 1_000,
    max_seconds: Annotated[int, at_least(1, "--max-seconds", help="Longest request.")] = 600,
    stop_seconds: Annotated[int, at_least(1, "--stop-seconds", help="Time to finish when stopped.")] = 10,
    threads: Annotated[
        int | None, at_least(1, "--threads", help="Threads that speak.", show_default="all cores")
    ] = None,
    speed: Annotated[
        float, option("--speed", metavar="X", help="Usual speed, 0.25 to 4; larger is faster.")
    ] = 1.0,
    pause: Annotated[
        float | None,
        option(
            "--pause", metavar="SECONDS", help="Usual silence between sentences.", show_default="0.25 / speed"
        ),
    ] = None,
    volume: Annotated[float, option("--volume", metavar="DB", help="Louder or softer, decibels.")] = 0.0,
    english: Annotated[
        str, choice("--english", ENGLISH, metavar="us|gb", help="American or British readings.")
    ] = ENGLISH[0],
    log: Annotated[str, choice("--log", LOGS, help="Log on stderr.")] = "auto",
) -> None:
    """Serve voices to OpenAI's clients, Home Assistant and browsers.

    \b
    tiedtts serve
    TIEDTTS_API_KEY=... tiedtts serve --host 0.0.0.0
    tiedtts serve --wyoming tcp://0.0.0.0:10200 --without-key
    """  # noqa: D301
    if port > 65_535:
        raise UsageError(f"`--port` must be at most 65535, got: {port}")
    aliases = _aliases(alias or ())
    key = api_key if api_key is not None else os.environ.get(KEY) or None
    if no_http and wyoming is None:
        raise UsageError("`--no-http` leaves nothing to serve", hint="add `--wyoming`")
    from tiedtts.serving import logs, service
    from tiedtts.serving.engine import Engine
    from tiedtts.serving.guard import Access
    from tiedtts.serving.limits import Limits
    from tiedtts.serving.metrics import Metrics
    from tiedtts.serving.roster import Roster
    from tiedtts.serving.server import Server
    from tiedtts.settings import Settings

    settings = Settings(speed=speed, pause=pause, volume=volume, english=english)
    access = Access.for_host(host, key=key, without_key=without_key, origins=tuple(allow_origin or ()))
    limits = Limits(
        characters=max_characters,
        open_requests=max_requests,
        sound_bytes=1_000_000 * max_memory,
        seconds=max_seconds,
        stop_seconds=stop_seconds,
    )
    address = None
    if wyoming is not None:
        from tiedtts.serving.wyoming import address as addresses
        from tiedtts.serving.wyoming.listener import Listener

        address = addresses.Address.parse(wyoming or addresses.DEFAULT, without_key=without_key)
    is_terminal = sys.stderr.isatty()
    logs.set_up(log if log != "auto" else "text" if is_terminal else "json")
    voices = Roster.load(voice or (), lexicon=lexicon or (), aliases=aliases)
    with Engine(voices, threads=threads, most_open=max_requests, most_bytes=limits.sound_bytes) as engine:
        counts = Metrics(engine)
        services: dict[str, service.Service] = {}
        if not no_http:
            server = Server(
                engine, host=host, port=port, access=access, limits=limits, settings=settings, counts=counts
            )
            services[server.url] = server
        if address is not None:
            listener = Listener(engine, address, settings=settings, limits=limits, counts=counts)
            services[listener.uri] = listener

        def ready() -> None:
            if is_terminal:
                talk.note(f"{', '.join(voices.names)} at {' and '.join(services)} (Ctrl-C ends it)")

        service.run(list(services.values()), ready)


def _aliases(given: Sequence[str]) -> dict[str, str]:
    """Read other names of voices, `NAME=VOICE`."""
    found = {}
    for text in given:
        name, _, voice = text.partition("=")
        if not name or not voice:
            raise UsageError(f"`--alias` takes NAME=VOICE, got: {text}")
        found[name] = voice
    return found
