"""Whether a server stays up for others while many send nothing, too much, or take nothing.

    python -m tests.benchmarks.serve_hostile [--seconds 30] [--silent 1000] [--slow 50] [--half 50] [--large 20]

`tiedtts serve` is started in an empty folder. While connections say nothing, send half a request, send ten megabytes, send what
is no text, and read a few bytes a second, somebody asks for a sentence twice a second. Then the server is killed and started
again on the same port. All must be answered, and nothing may be left in the folder.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks import asking
from tests.benchmarks.asking import Answer, Client, memory, quantile
from tiedtts_cli import boundary

LARGE = 10_000_000
LONG = "Here is a sentence that nobody will hear to its end. " * 900


def request(body: bytes, told: int | None = None) -> bytes:
    """Return a request whose header may tell another length than that of the body."""
    length = len(body) if told is None else told
    return (
        f"POST /v1/audio/speech HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()
        + body
    )


class Hostile:
    """Clients that would fill a server."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.refused = 0
        """Connections that were refused or cut."""
        self.answers: dict[str, int] = {}
        """Statuses of answers."""

    async def silent(self) -> None:
        """Say nothing, and come back when hung up on."""
        await self._talk(b"")

    async def half(self) -> None:
        """Send half a request."""
        await self._talk(request(b'{"input": "Hel', told=100))

    async def nonsense(self) -> None:
        """Send what is no text, no JSON, no HTTP."""
        for data in (request(b"\xff\xfe\xfa"), request(b"[" * 50_000), os.urandom(3000) + b"\r\n\r\n"):
            await self._talk(data, seconds=5)

    async def large(self) -> None:
        """Send ten megabytes."""
        await self._talk(request(b'{"input": "' + b"a" * LARGE + b'"}'), seconds=5)

    async def slow(self) -> None:
        """Ask for an hour of speech, and read a few bytes a second."""
        body = json.dumps({"input": LONG, "response_format": "wav"}).encode()
        await self._talk(request(body), at_once=512, wait=0.5)

    async def _talk(
        self, data: bytes, *, at_once: int = 65_536, wait: float = 0.0, seconds: float = 1e9
    ) -> None:
        loop = asyncio.get_running_loop()
        with socket.socket() as own:
            own.setblocking(False)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            try:
                await loop.sock_connect(own, self._address)
                await loop.sock_sendall(own, data)
                beginning = await asyncio.wait_for(loop.sock_recv(own, at_once), seconds)
                status = beginning[9:12].decode("latin-1") or "closed"
                self.answers[status] = self.answers.get(status, 0) + 1
                while wait and await loop.sock_recv(own, at_once):
                    await asyncio.sleep(wait)
            except (OSError, asyncio.TimeoutError):
                self.refused += 1
                await asyncio.sleep(0.1)


async def attack(url: str, given: argparse.Namespace) -> tuple[list[Answer], Hostile]:
    """Return the answers that others got in the meantime."""
    hostile = Hostile(url)

    async def for_ever(kind: str) -> None:
        while True:
            await getattr(hostile, kind)()
            # Those who come back at once would measure how much of the machine they take, not what the server does.
            await asyncio.sleep(1)

    counts = {
        "silent": given.silent,
        "half": given.half,
        "slow": given.slow,
        "large": given.large,
        "nonsense": 2,
    }
    tasks = [asyncio.create_task(for_ever(kind)) for kind, count in counts.items() for _ in range(count)]
    answers: list[Answer] = []
    client = Client(url)
    for number in range(2 * given.seconds):
        answers.append(await client.ask({"input": f"Sentence {number} is for somebody else."}))
        await asyncio.sleep(0.5)
    client.close()
    left = set(tasks)
    while left:
        # One that waits with a time limit may lose it (until Python 3.12), and is told again.
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=1)
    return answers, hostile


async def once(url: str) -> Answer:
    """Ask for one sentence."""
    client = Client(url)
    answer = await client.ask({"input": "It is up again."})
    client.close()
    return answer


def main() -> int:
    """Attack, and print what others saw; the status is 1 if anybody was not served, or something is left."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=30)
    for kind, count in (("silent", 1000), ("half", 50), ("slow", 50), ("large", 20)):
        parser.add_argument(f"--{kind}", type=int, default=count, help=f"connections (default {count})")
    given = parser.parse_args()
    with contextlib.suppress(ImportError, ValueError):
        import resource

        # A connection is an open file, here as in the server.
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with asking.server(folder) as (url, process):
            asyncio.run(once(url))
            before = memory(process.pid)
            answers, hostile = asyncio.run(attack(url, given))
            after = memory(process.pid)
            is_up = process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.wait()
        left = sorted(path.name for path in folder.rglob("*"))
        with asking.server(folder, port=urlsplit(url).port or 0) as (url, _):
            again = asyncio.run(once(url))
        left += sorted(path.name for path in folder.rglob("*"))
    good = [1000 * answer.first_byte for answer in answers if answer.is_good]
    print(
        f"others: {len(good)} of {len(answers)} served, first byte p50 {quantile(good, 0.5):.0f} ms, p95 {quantile(good, 0.95):.0f} ms"
    )
    for error in sorted(
        {f"{answer.status} {answer.error}"[:120] for answer in answers if not answer.is_good}
    ):
        print(f"not served: {error}")
    print(f"hostile ones: answers {dict(sorted(hostile.answers.items()))}, cut off {hostile.refused}")
    if before is not None and after is not None:
        print(f"memory: {before:.0f} MB before, {after:.0f} MB after")
    print(
        f"still up: {is_up}; killed and started again: {'served' if again.is_good else again}; left on disk: {left or 'nothing'}"
    )
    return 0 if len(good) == len(answers) and is_up and again.is_good and not left else 1


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
