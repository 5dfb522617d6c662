"""Time and memory that tying and untying a checkpoint of 100 MB takes.

python tests/benchmarks/conversion.py [--scheme codebook] [--size MIB]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from tiedtts_cli import boundary

MIB = 2**20
CASES = ((6, 2048), (1, 5000))
"""Matrices of each checkpoint, and their width at 100 MiB."""
SCHEMES = {
    "codebook": ["--option", "k=256"],
    "lowrank": [],
    "share": ["--option", "by=shape"],
    "cluster": [],
}


def run(*arguments: object) -> tuple[float, float]:
    """Run `tiedtts`; return seconds and peak memory, MiB."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "tiedtts_cli", *map(str, arguments)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scheme", choices=SCHEMES, action="append", help="some schemes only")
    parser.add_argument("--size", type=int, default=100, help="of each checkpoint, MiB")
    given = parser.parse_args()
    if given.size < 1:
        parser.error(f"--size must be at least 1, got: {given.size}")
    chosen = {name: SCHEMES[name] for name in given.scheme or SCHEMES}
    # Made without torch: a child's peak memory counts what it was forked from.
    rng = np.random.default_rng(0)

    def weight(width: int) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
        return 0.02 * rng.standard_normal((width, width), np.float32)

    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small.safetensors")
        save_file({"a.weight": weight(8)}, small)
        _, base = run(
            "tie", small, "-o", Path(folder, "out.safetensors"), "--scheme", "lowrank", "--layers", "*"
        )
        print(
            f"a tiny checkpoint takes {base:.0f} MiB, nearly all of it torch's own; memory below is what is above\n"
        )
        print("| checkpoint | scheme | tie, s | memory / size | untie, s | memory / size |")
        print("|---|---|---:|---:|---:|---:|")
        for count, base_width in CASES:
            width = max(1, round(base_width * (given.size / 100) ** 0.5))
            title = (
                f"{count} matrices of {width} x {width}" if count > 1 else f"one matrix of {width} x {width}"
            )
            big = Path(folder, "big.safetensors")
            save_file({f"l{at}.weight": weight(width) for at in range(count)}, big)
            size = big.stat().st_size / MIB
            for scheme, options in chosen.items():
                if scheme == "share" and count == 1:
                    continue
                tied, back = Path(folder, "tied.safetensors"), Path(folder, "back.safetensors")
                there = run("tie", big, "-o", tied, "--scheme", scheme, "--layers", "*", *options)
                again = run("untie", tied, "-o", back)
                cells = [f"{seconds:.0f} | {(peak - base) / size:.1f} x" for seconds, peak in (there, again)]
                print(f"| {title} | {scheme} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
