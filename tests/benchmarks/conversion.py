"""Time and memory that tying and untying a checkpoint of 100 MB takes, or one of 1 GB in several files.

python tests/benchmarks/conversion.py [--scheme codebook] [--size MIB] [--files 5]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from tiedtts_cli import boundary

MIB = 2**20
LAYERS = 60
"""Matrices of the checkpoint of 1 GB."""
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


def in_files(
    folder: Path, files: int, schemes: dict[str, list[str]], base: float, weight: "Callable[[int], Any]"
) -> None:
    """Print a table for one checkpoint of 1 GB in several files: memory over the size of the largest."""
    names = [f"big-{at:05}-of-{files:05}.safetensors" for at in range(1, files + 1)]
    where = {
        f"l{at}.weight": name for name in names for at in range(LAYERS) if at % files == names.index(name)
    }
    for name in names:
        save_file({key: weight(2048) for key, of in where.items() if of == name}, folder / name)
    big = folder / "big.safetensors.index.json"
    big.write_text(json.dumps({"metadata": {}, "weight_map": where}))
    largest = max((folder / name).stat().st_size for name in names) / MIB
    total = sum((folder / name).stat().st_size for name in names) / MIB
    print(f"{LAYERS} matrices of 2048 x 2048, {total:.0f} MiB in {files} files of up to {largest:.0f} MiB\n")
    print("| scheme | tie, MiB | / largest | with torch | untie, MiB | / largest | with torch |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for scheme, options in schemes.items():
        tied, back = (folder / f"{name}.safetensors.index.json" for name in ("tied", "back"))
        # Shared by eight at a time, as layers of one kind in a net of eight blocks are.
        more = ["--option", f"groups={LAYERS // 8}"] if scheme == "share" else []
        peaks = [
            run("tie", big, "-o", tied, "--scheme", scheme, "--layers", "*", *options, *more)[1],
            run("untie", tied, "-o", back, "--shard-size", round(largest * MIB / 1e6))[1],
        ]
        cells = [
            f"{peak - base:.0f} | {(peak - base) / largest:.1f} x | {peak / largest:.1f} x" for peak in peaks
        ]
        print(f"| {scheme} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scheme", choices=SCHEMES, action="append", help="some schemes only")
    parser.add_argument("--size", type=int, default=100, help="of each checkpoint, MiB")
    parser.add_argument("--files", type=int, help="files of one checkpoint of 1 GB, in place of the others")
    given = parser.parse_args()
    if given.files is not None and given.files < 2:
        parser.error(f"--files must be at least 2, got: {given.files}")
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
        if given.files is not None:
            in_files(Path(folder), given.files, chosen, base, weight)
            return
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
