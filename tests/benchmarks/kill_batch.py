"""Kills a batch at random moments and compares what it makes in the end with an undisturbed run, byte by byte.

`python -m tests.benchmarks.kill_batch --kills 200 --lines 200`
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tiedtts_cli import boundary

ROOT = Path(__file__).parents[2]
SENTENCES = Path(__file__).with_name("sentences.txt")


def write_list(path: Path, lines: int) -> None:
    """Write a list with sentences of many lengths, ids, and a line that cannot be said."""
    sentences = [line for line in SENTENCES.read_text("utf-8").splitlines() if line.strip()]
    chosen = random.Random(1).choices(sentences, k=lines)
    rows = [f"id{number}|{text}" if number % 3 else text for number, text in enumerate(chosen)]
    rows[lines // 2] = "bad|..."
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def start(
    source: Path, folder: Path, *options: str, stderr: int | None = subprocess.DEVNULL
) -> "subprocess.Popen[bytes]":
    """Start a batch that goes on where another stopped."""
    paths = os.pathsep.join((str(ROOT), str(ROOT / "models"), os.environ.get("PYTHONPATH", "")))
    command = [
        sys.executable,
        "-m",
        "tiedtts_cli",
        "synth",
        "-q",
        "-i",
        source,
        "-d",
        folder,
        "--skip-existing",
    ]
    return subprocess.Popen(
        [*map(str, command), *options],
        env={**os.environ, "PYTHONPATH": paths},
        stderr=stderr,
        start_new_session=True,
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Return everything in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def finished(folder: Path) -> dict[str, bytes]:
    """Return the files of sounds and of times that a killed run has let appear."""
    if not folder.exists():
        return {}
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".wav", ".json")}


def run(
    kills: int, lines: int, options: tuple[str, ...] = ("--workers", "2"), seed: int = 0
) -> dict[str, int]:
    """Kill so many runs; an `AssertionError` names the first file that is not as it should be.

    Returns:
        Number of kills, of runs that came to their end, and of kills that left work behind.
    """
    chance = random.Random(seed)
    counts = {"kills": 0, "ends": 0, "in the midst": 0}
    with tempfile.TemporaryDirectory() as name:
        source, whole, folder = (Path(name) / part for part in ("list.txt", "whole", "killed"))
        write_list(source, lines)
        begin = time.monotonic()
        assert start(source, whole, *options).wait() == 1, "one line is bad"
        spent = time.monotonic() - begin
        expected = contents(whole)
        files = 2 if "--timestamps" in options else 1
        assert len(expected) == files * (lines - 1) + 1, sorted(expected)
        while True:
            process = start(source, folder, *options)
            wait = chance.uniform(0.0, 1.0) * spent if counts["kills"] < kills else None
            try:
                assert process.wait(wait) == 1
            except subprocess.TimeoutExpired:
                if chance.random() < 0.5:
                    os.killpg(process.pid, signal.SIGKILL)
                else:
                    # The processes that speak for it must find out by themselves.
                    process.kill()
                process.wait()
                counts["kills"] += 1
                counts["in the midst"] += bool(finished(folder))
                made = finished(folder)
                for file, data in made.items():
                    assert data == expected[file], f"{file} is half-written"
                    times = Path(file).with_suffix(".json").name
                    assert files == 1 or times in made, f"{file} has no times"
                continue
            made = contents(folder)
            assert made.keys() == expected.keys(), sorted(made.keys() ^ expected.keys())
            for file, data in made.items():
                assert data == expected[file], f"{file} differs"
            counts["ends"] += 1
            if counts["kills"] >= kills:
                return counts
            shutil.rmtree(folder)


def main() -> None:
    """Run it as often as wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    begin = time.monotonic()
    options = ("--workers", str(arguments.workers), "--timestamps", "json")
    counts = run(arguments.kills, arguments.lines, options, arguments.seed)
    print(
        f"{counts['kills']} kills, {counts['in the midst']} of them with some files made; "
        f"{counts['ends']} runs came to their end, all bytes the same; {time.monotonic() - begin:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
