"""How soon a text is heard that comes slowly through a pipe, as a language model writes it.

    python -m tests.benchmarks.slow_text [--runs N] [--format NAME] [--rate TOKENS]

A process of `tiedtts synth -o -` is given the tokens of a text one by one. It is told how long after the end
of the first clause its first sound came out of the pipe, and for how long a listener had nothing to hear
afterwards although there was a clause to say.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from typing import NamedTuple

from tiedtts_cli import boundary

TEXT = (
    "After the long and rainy night was over at last, the old fishermen walked down to the harbour, looked at the "
    "grey sea for a while, and decided that nobody would go out that day. It was May 5, 2020, and Dr. Smith, who had "
    "come at 3.30 p.m., paid 1,250 dollars for the boat. Well, that was that."
)
RATE = 24_000
WARM_SECONDS = 4.0


class Heard(NamedTuple):
    """Times of one run, seconds."""

    first: float
    """From the mark of the first clause to the first sound."""
    gaps: float
    """Without sound between the first and the last."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--format", help="of the sound; raw samples by default")
    parser.add_argument("--rate", type=float, default=20.0, help="tokens a second")
    options = parser.parse_args()
    runs = [run(options.rate, options.format) for _ in range(options.runs)]
    for name in Heard._fields:
        values = [1e3 * getattr(each, name) for each in runs]
        print(f"{name}: median {statistics.median(values):.0f} ms, most {max(values):.0f} ms")


def run(rate: float, name: str | None = None) -> Heard:
    """Return how one text was heard.

    Args:
        rate: Tokens a second.
        name: Format of the sound, of which only the first bytes are looked at; raw samples by default.
    """
    options = ["--raw"] if name is None else ["--format", name]
    command = [sys.executable, "-m", "tiedtts_cli", "synth", "-q", "-o", "-", *options]
    came: list[tuple[float, int]] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        output = process.stdout.fileno()

        def listen() -> None:
            while data := os.read(output, 65_536):
                came.append((time.monotonic(), len(data)))

        listener = threading.Thread(target=listen)
        listener.start()
        time.sleep(WARM_SECONDS)
        ends = 0.0
        for token in re.findall(r"\s?[\w.']+|[^\w\s]", TEXT):
            process.stdin.write(token.encode())
            process.stdin.flush()
            if not ends and token == ",":
                ends = time.monotonic()
            time.sleep(1 / rate)
        process.stdin.close()
        listener.join()
    return Heard(came[0][0] - ends, _gaps(came) if name is None else 0.0)


def _gaps(came: list[tuple[float, int]]) -> float:
    """Return for how long a listener waits between sounds that come at such times."""
    heard_until, gaps = came[0][0], 0.0
    for moment, size in came:
        gaps += max(0.0, moment - heard_until)
        heard_until = max(heard_until, moment) + size / 2 / RATE
    return gaps


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
