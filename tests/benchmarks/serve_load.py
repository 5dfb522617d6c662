"""How much a speech server carries, and how soon it answers below that.

    python -m tests.benchmarks.serve_load [--clients 64] [--seconds 60]
    python -m tests.benchmarks.serve_load --url http://127.0.0.1:5000/v1/audio/speech [--pid PID]

First each client asks for one sentence after the other (closed loop): what the server carries at most. Then requests
come at random times at a share of that rate, whether earlier ones are answered or not (open loop): how soon the first
byte of the sound comes, from the time at which it should have been asked for. Any server that answers OpenAI's route
with WAV can be measured; without `--url` it is `tiedtts serve`, started for it.
"""

import argparse
import asyncio
import contextlib
import itertools
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks import asking
from tests.benchmarks.asking import Answer, Client, memory, processor, quantile
from tiedtts_cli import boundary

SENTENCES = Path(__file__).with_name("sentences.txt")


async def closed(url: str, fields: Iterator[dict[str, object]], clients: int, seconds: float) -> list[Answer]:
    """Let clients ask one request after the other for so many seconds."""
    answers: list[Answer] = []
    end = time.perf_counter() + seconds

    async def go_on() -> None:
        client = Client(url)
        while time.perf_counter() < end:
            answer = await client.ask(next(fields))
            answers.append(answer)
            if not answer.is_good:
                # A server that refuses at once is not asked without end.
                await asyncio.sleep(0.05)
        client.close()

    await asyncio.gather(*(go_on() for _ in range(clients)))
    return answers


async def opened(
    url: str, fields: Iterator[dict[str, object]], clients: int, seconds: float, rate: float, seed: int
) -> list[Answer]:
    """Ask at random times, so many times a second on average; connections are used again."""
    chance = random.Random(seed)
    idle = [Client(url) for _ in range(clients)]
    answers: list[Answer] = []
    tasks: set[asyncio.Task[None]] = set()

    async def ask(due: float) -> None:
        client = idle.pop() if idle else Client(url)
        answers.append(await client.ask(next(fields), due))
        idle.append(client)

    begin = due = time.perf_counter()
    while (due := due + chance.expovariate(rate)) < begin + seconds:
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        task = asyncio.create_task(ask(due))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)
    for client in idle:
        client.close()
    return answers


def summary(answers: list[Answer], spent: float) -> dict[str, Any]:
    """Return what there is to say about answers that came in so many seconds."""
    good = [answer for answer in answers if answer.is_good]
    first = [1000 * answer.first_byte for answer in good]
    return {
        "requests_per_second": len(good) / spent,
        "speech_seconds_per_second": sum(answer.speech for answer in good) / spent,
        "errors": len(answers) - len(good),
        "first_byte_ms": {
            name: quantile(first, share) for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
        },
        "whole_ms_p95": quantile([1000 * answer.whole for answer in good], 0.95),
        "first_errors": sorted(
            {f"{answer.status} {answer.error}"[:120] for answer in answers if not answer.is_good}
        )[:5],
    }


async def measure(url: str, pid: int | None, given: argparse.Namespace) -> dict[str, Any]:
    """Run both loops."""
    lines = SENTENCES.read_text("utf-8").splitlines()
    fields = ({"model": given.model, "voice": given.voice, "input": line} for line in itertools.cycle(lines))
    await closed(url, fields, given.clients, given.warm_up)
    before = memory(pid) if pid else None
    taken = processor(pid) if pid else None
    begin = time.perf_counter()
    answers = await closed(url, fields, given.clients, given.seconds)
    spent = time.perf_counter() - begin
    highest = summary(answers, spent)
    after = memory(pid) if pid else None
    if pid and taken is not None:
        # Tells how much the server works, also on a machine that is not idle.
        speech = highest["speech_seconds_per_second"] * spent
        highest["processor_ms_per_speech_second"] = (
            1000 * ((processor(pid) or 0.0) - taken) / max(speech, 1e-9)
        )
    found: dict[str, Any] = {
        "url": given.url or "tiedtts serve",
        "clients": given.clients,
        "highest": highest,
    }
    rate = given.rate or given.load * highest["requests_per_second"]
    if rate > 0:
        begin = time.perf_counter()
        answers = await opened(url, fields, given.clients, given.seconds, rate, given.seed)
        found["at_load"] = {"asked_per_second": rate, **summary(answers, time.perf_counter() - begin)}
    found["memory_mb"] = {"before": before, "after": after, "end": memory(pid) if pid else None}
    return found


def show(found: dict[str, Any]) -> None:
    """Print a table."""
    print(f"{found['url']}, {found['clients']} clients, a sentence a request\n")
    print("| | requests a second | seconds of speech a second | first byte p50, ms | p95 | p99 | errors |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for title, name in (("highest load", "highest"), ("at a share of it", "at_load")):
        if name in found:
            one = found[name]
            first = " | ".join(f"{one['first_byte_ms'][key]:.0f}" for key in ("p50", "p95", "p99"))
            print(
                f"| {title} | {one['requests_per_second']:.1f} | {one['speech_seconds_per_second']:.0f} "
                f"| {first} | {one['errors']} |"
            )
            for error in one["first_errors"]:
                print(f"error: {error}", file=sys.stderr)
    if "processor_ms_per_speech_second" in found["highest"]:
        spent = found["highest"]["processor_ms_per_speech_second"]
        print(f"\nprocessor time of the server: {spent:.1f} ms for a second of speech at the highest load")
    held = found["memory_mb"]
    if held["before"] is not None:
        print(
            f"\nmemory: {held['before']:.0f} MB before, {held['after']:.0f} MB after the highest load, {held['end']:.0f} MB at the end"
        )


def main() -> int:
    """Measure and print; the status is 1 if there was an error."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="address of another server's route; else `tiedtts serve` is started")
    parser.add_argument("--pid", type=int, help="process of that server, whose memory is watched")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each of the two loops")
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds that are not counted")
    parser.add_argument("--load", type=float, default=0.8, help="share of the highest load in the open loop")
    parser.add_argument("--rate", type=float, help="requests a second in the open loop, in its place")
    parser.add_argument("--voice", default="alloy")
    parser.add_argument("--model", default="tts-1")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.clients < 1 or min(given.seconds, given.load) <= 0:
        parser.error("--clients, --seconds and --load must be more than 0")
    with contextlib.ExitStack() as stack:
        url, pid = given.url, given.pid
        if url is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            url, process = stack.enter_context(asking.server(folder))
            pid = process.pid
        found = asyncio.run(measure(url, pid, given))
    print(json.dumps(found, indent=2)) if given.json else show(found)
    return 1 if found["highest"]["errors"] or found.get("at_load", {}).get("errors") else 0


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
