"""Prints how much sound a batch makes in a second, and how much memory it takes.

`python -m tests.benchmarks.throughput --sentences 1000`; a machine with nothing else to do tells most.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tiedtts_cli import boundary

ROOT = Path(__file__).parents[2]
SENTENCES = Path(__file__).with_name("sentences.txt")


def peak_kib(pid: int) -> int:
    """Return the most memory that a process has held so far, 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")), 0)


def children(pid: int) -> list[int]:
    """Return the processes that the threads of a process have started."""
    try:
        lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(child) for listed in lists for child in listed.split()]


def run(sentences: int, options: list[str]) -> dict[str, float]:
    """Say so many sentences and return seconds spent, seconds of sound, and peaks of memory in MiB."""
    lines = [line for line in SENTENCES.read_text("utf-8").splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as name:
        source, folder = Path(name) / "list.txt", Path(name) / "out"
        source.write_text(
            "\n".join(itertools.islice(itertools.cycle(lines), sentences)) + "\n", encoding="utf-8"
        )
        paths = os.pathsep.join((str(ROOT), str(ROOT / "models"), os.environ.get("PYTHONPATH", "")))
        command = [sys.executable, "-m", "tiedtts_cli", "synth", "-q", "-i", str(source), "-d", str(folder)]
        begin = time.monotonic()
        process = subprocess.Popen([*command, *options], env={**os.environ, "PYTHONPATH": paths})
        main_peak = worker_peak = 0
        while process.poll() is None:
            time.sleep(0.2)
            main_peak = max(main_peak, peak_kib(process.pid))
            worker_peak = max([worker_peak, *map(peak_kib, children(process.pid))])
        spent = time.monotonic() - begin
        assert process.returncode == 0
        rows = (folder / "manifest.jsonl").read_text("utf-8").splitlines()
        sound = sum(json.loads(row)["seconds"] for row in rows)
        assert len(rows) == sentences
    return {"spent": spent, "sound": sound, "main": main_peak / 1024, "worker": worker_peak / 1024}


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--workers", type=int)
    arguments = parser.parse_args()
    options = [] if arguments.workers is None else ["--workers", str(arguments.workers)]
    told = run(arguments.sentences, options)
    print(
        f"{arguments.sentences} sentences, {told['sound']:.0f} s of sound in {told['spent']:.1f} s: "
        f"{told['sound'] / told['spent']:.0f} x real time\n"
        f"peak memory: {told['main']:.0f} MiB, and {told['worker']:.0f} MiB in each process that speaks"
    )


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
