"""Asking a server for speech, with as little work of one's own as can be: it runs on the same cores."""

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).parents[2]
CHUNK = 262_144


@dataclass(frozen=True)
class Answer:
    """An answer of a server."""

    first_byte: float
    """Seconds until the first byte of the body, from the time at which it should have been asked for."""
    whole: float
    """Seconds until its end."""
    speech: float
    """Seconds of sound in it."""
    status: int
    error: str = ""

    @property
    def is_good(self) -> bool:
        """Whether there is sound in it."""
        return self.status == 200 and not self.error and self.speech > 0


class Client:
    """A connection that is kept open between requests.

    Args:
        url: Address of the server, with the path of the route.
        key: Key of the server.
    """

    def __init__(self, url: str, key: str = "none") -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, fields: dict[str, object], since: float | None = None) -> Answer:
        """Ask for WAV, and read all of it.

        Args:
            fields: The request.
            since: Time at which it should have been asked for; now by default.
        """
        since = time.perf_counter() if since is None else since
        body = json.dumps({"response_format": "wav", **fields}).encode()
        first = None
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._host, self._port, limit=CHUNK)
            reader, writer = self._streams
            head = f"{self._head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            status, headers = await self._headers(reader)
            sound = bytearray()
            async for piece in _body(reader, headers):
                if first is None:
                    first = time.perf_counter() - since
                sound += piece
            whole = time.perf_counter() - since
            if headers.get("connection") == "close":
                self.close()
            error = "" if status == 200 else bytes(sound[:200]).decode(errors="replace")
            return Answer(
                first or whole, whole, seconds(bytes(sound)) if status == 200 else 0.0, status, error
            )
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            self.close()
            return Answer(0.0, 0.0, 0.0, 0, f"{type(error).__name__}: {error}")

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _headers(self, reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        named = (line.partition(":") for line in lines[1:] if line)
        return int(lines[0].split()[1]), {name.lower(): value.strip().lower() for name, _, value in named}


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]):  # type: ignore[no-untyped-def]
    if headers.get("transfer-encoding") == "chunked":
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            yield (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
        return
    left = int(headers["content-length"]) if "content-length" in headers else sys.maxsize
    while left > 0 and (piece := await reader.read(min(left, CHUNK))):
        left -= len(piece)
        yield piece


def seconds(sound: bytes) -> float:
    """Return the length of a WAV file, whose header may tell none."""
    if sound[:4] != b"RIFF" or len(sound) < 44:
        raise ValueError("the answer is no WAV file")
    _, rate, bytes_a_second = struct.unpack_from("<HII", sound, 22)
    place = sound.find(b"data", 36)
    return max(0, len(sound) - place - 8) / bytes_a_second if place > 0 else 0.0


@contextmanager
def server(folder: Path, *options: str, port: int = 0) -> "Iterator[tuple[str, subprocess.Popen[str]]]":
    """Start `tiedtts serve` in an empty folder; yield the address of its route and its process."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "models")))
    environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(folder), "HOME": str(folder)}
    with (
        open(os.devnull, "wb") as nowhere,
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tiedtts_cli",
                "serve",
                "--port",
                str(port or free_port()),
                "--log",
                "off",
                *options,
            ],
            cwd=folder,
            env=environment,
            stdout=nowhere,
        ) as process,
    ):
        given = process.args[process.args.index("--port") + 1]  # type: ignore[union-attr, index]
        try:
            _wait(int(given), process)
            yield f"http://127.0.0.1:{given}/v1/audio/speech", process
        finally:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        return int(made.getsockname()[1])


def memory(process: int) -> float | None:
    """Return the memory that a process holds, MB; nothing where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmRSS"))


def processor(process: int) -> float | None:
    """Return the processor time that a process has taken, seconds; nothing where the system does not tell."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def quantile(values: list[float], share: float) -> float:
    """Return the value below which a share of all lie; not a number if there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def _wait(port: int, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit("the server did not start") from None
            time.sleep(0.05)
