"""How soon a screen reader is heard: from SPEAK to the first samples, and from STOP to silence.

    python -m tests.benchmarks.speechd_latency [--voice VOICE] [--lines N] [--rate R]

The module of Speech Dispatcher is given 200 lines of menus, as the server would give them, and so is the
module of espeak-ng where it is installed, line by line in turns. Every third line is stopped while it is
spoken. What is read is thrown away at once, as by a server that plays as fast as sound comes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.places import existing
from tests.speechd.exchange import OUTCOMES, Event, Exchange, is_audio
from tiedtts_cli import boundary

MENU = Path(__file__).with_name("menu.txt")
ESPEAK = (
    Path("/usr/lib/speech-dispatcher-modules/sd_espeak-ng"),
    Path("/usr/libexec/speech-dispatcher-modules/sd_espeak-ng"),
)
ESPEAK_CONFIGURATION = Path("/etc/speech-dispatcher/modules/espeak-ng.conf")
STOPPED = 3
"""Every so many lines, one is stopped."""
LOUD = 300
"""Amplitude, of 32,767, from which something is heard."""
STARTS = 5
"""Cold starts of our module."""
LONG = "<speak>" + "This goes on and on until somebody stops it. " * 20 + "</speak>"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--voice", default="clara", help="name of a voice of the package")
    parser.add_argument("--menu", type=existing, default=MENU, help="lines, one each")
    parser.add_argument("--lines", type=int, help="how many of them")
    parser.add_argument("--rate", type=int, default=0, help="rate of Speech Dispatcher, -100 to 100")
    parser.add_argument("--json", action="store_true", help="print raw numbers")
    options = parser.parse_args()
    lines = options.menu.read_text("utf-8").splitlines()[: options.lines]
    settings = f"rate={options.rate}\nvolume=100\nlanguage=en-US\nsynthesis_voice={{}}"
    ours = [sys.executable, "-m", "tiedtts_cli", "speechd"]
    programs = {"tiedtts": (ours, settings.format(options.voice))}
    if module := next((path for path in ESPEAK if path.exists()), None):
        programs["espeak-ng"] = ([str(module), str(ESPEAK_CONFIGURATION)], settings.format("NULL"))
    result = {"start_ms": statistics.median(start(ours) for _ in range(STARTS)) * 1e3}
    with ExitStack() as stack:
        modules = {name: stack.enter_context(running(command)) for name, (command, _) in programs.items()}
        for name, exchange in modules.items():
            exchange.start()
            exchange.ask("SET", programs[name][1])
            exchange.speak("Warm up.")
        result |= measure(modules, lines)
    print(json.dumps(result, indent=2) if options.json else table(result))


@contextmanager
def running(command: list[str]) -> Iterator[Exchange]:
    """Run a module."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        exchange = Exchange(process.stdin, process.stdout.fileno())
        yield exchange
        exchange.send("QUIT\n")
        process.wait(10)
    finally:
        process.kill()
        process.wait()
        exchange.thread.join(10)


def start(command: list[str]) -> float:
    """Return how long a module takes from nothing to its reply to INIT, seconds."""
    began = time.perf_counter()
    with running(command) as exchange:
        exchange.ask("INIT")
        return exchange.events[-1].at - began


def measure(modules: dict[str, Exchange], lines: list[str]) -> dict[str, Any]:
    """Speak all lines with all modules in turns."""
    first: dict[str, list[float]] = {name: [] for name in modules}
    audible: dict[str, list[float]] = {name: [] for name in modules}
    stops: dict[str, list[float]] = {name: [] for name in modules}
    for number, line in enumerate(lines):
        for name, exchange in modules.items():
            since = len(exchange.events)
            sent = exchange.begin(f"<speak>{line}</speak>")
            sound = exchange.wait(is_audio, since)
            exchange.wait(lambda event: event.last in OUTCOMES, since)
            first[name].append(sound.at - sent)
            audible[name].append(sound.at - sent + silence(exchange.events[since:]))
            if number % STOPPED == 0:
                stops[name].append(stop(exchange))
            del exchange.events[:]
    return {
        name: {
            "lines": len(lines),
            "first_samples_ms": spread(first[name]),
            "first_sound_ms": spread(audible[name]),
            "stop_ms": spread(stops[name]),
        }
        for name in modules
    }


def silence(events: list[Event]) -> float:
    """Return how much silence the first sound of a message begins with, seconds."""
    seconds = 0.0
    for event in filter(is_audio, events):
        rate = int(event.value("sample_rate"))
        heard = np.flatnonzero(np.abs(event.samples.astype(np.int32)) > LOUD)
        if len(heard):
            return seconds + float(heard[0]) / rate
        seconds += len(event.samples) / rate
    return seconds


def stop(exchange: Exchange) -> float:
    """Stop a message that is being spoken; return how long it takes, seconds."""
    since = len(exchange.events)
    exchange.begin(LONG)
    exchange.wait(is_audio, since)
    sent = exchange.send("STOP\n")
    return exchange.wait(lambda event: event.last in OUTCOMES, since).at - sent


def spread(seconds: list[float]) -> dict[str, float]:
    """Return the median and the 95th percentile, milliseconds."""
    values = np.array(seconds or [np.nan]) * 1e3
    return {"p50": float(np.percentile(values, 50)), "p95": float(np.percentile(values, 95))}


def table(result: dict[str, Any]) -> str:
    """Lay the numbers out for reading."""
    lines = [f"cores {os.cpu_count()}; start of tiedtts to its reply to INIT {result['start_ms']:.0f} ms"]
    for name, values in result.items():
        if isinstance(values, dict):
            shown = ", ".join(
                f"{key.removesuffix('_ms').replace('_', ' ')} p50 {of['p50']:.1f} p95 {of['p95']:.1f} ms"
                for key, of in values.items()
                if isinstance(of, dict)
            )
            lines.append(f"{name:10} {values['lines']} lines: {shown}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
