"""Damage voices, checkpoints, recipes, plans and data folders at random: one clear error each, within seconds.

    python -m tests.benchmarks.fuzz_files [--cases 3000] [--seed 0] [--limit 20]

What was done to a file is printed for each that a reader fails on. Linux and macOS only.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path

from tests import damage
from tiedtts_cli import boundary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=20, help="seconds for a file")
    arguments = parser.parse_args()
    signal.signal(signal.SIGALRM, _stop)
    failures: list[str] = []
    kinds: Counter[str] = Counter()
    slowest = (0.0, "")
    with tempfile.TemporaryDirectory() as folder:
        whole = damage.Whole(Path(folder))
        for what, read in islice(damage.cases(whole, random.Random(arguments.seed)), arguments.cases):
            start = time.monotonic()
            signal.alarm(arguments.limit)
            problem = damage.problem(read)
            signal.alarm(0)
            kinds[what.split(",")[0].split(":")[0]] += 1
            slowest = max(slowest, (time.monotonic() - start, what))
            if problem:
                failures.append(f"{what}: {problem}")
                print(failures[-1], flush=True)
    print(f"{sum(kinds.values())} files, {len(failures)} failures; {dict(kinds)}")
    print(f"slowest: {slowest[0]:.1f} s, {slowest[1]}")
    sys.exit(bool(failures))


def _stop(number: int, frame: object) -> None:
    raise RuntimeError("took too long")


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
