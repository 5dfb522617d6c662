"""A novel as EPUB, spoken into a file a chapter: time per core, memory, and the same bytes after kills.

    python -m tests.benchmarks.novel                          400,000 words of our own sentences, about an hour
    python -m tests.benchmarks.novel --epub FILE --kills 5    any book

The book is spoken once undisturbed, watched all the time, then once more by runs that are killed at random
moments and go on with `--skip-existing`.
"""

import argparse
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests import epubs
from tests.benchmarks import kill_batch
from tests.benchmarks.kill_batch import SENTENCES, contents
from tests.benchmarks.places import existing
from tests.benchmarks.throughput import children
from tiedtts import processes
from tiedtts_cli import boundary

PARAGRAPH = 6
"""Sentences of a paragraph."""
EVERY_SECONDS = 0.5


def write(path: Path, words: int, chapters: int) -> None:
    """Write a book of about so many words."""
    sentences = [line for line in SENTENCES.read_text("utf-8").splitlines() if line.strip()]
    chance = random.Random(1)
    files: dict[str, bytes | None] = {}
    for number in range(chapters):
        paragraphs, count = [f"<h1>Chapter {number + 1}</h1>"], 0
        while count < words / chapters:
            text = " ".join(chance.choices(sentences, k=PARAGRAPH))
            text = text.replace("&", "&amp;").replace("<", "&lt;")
            paragraphs.append(f"<p>{text}</p>")
            count += len(text.split())
        files[f"OEBPS/text/n{number}.xhtml"] = epubs.PAGE.format("".join(paragraphs)).encode()
    items = "".join(
        f'<item id="n{n}" href="text/n{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(chapters)
    )
    spine = "".join(f'<itemref idref="n{n}"/>' for n in range(chapters))
    head, _, _ = epubs.OPF.partition("<manifest>")
    files["OEBPS/book.opf"] = f"{head}<manifest>{items}</manifest><spine>{spine}</spine></package>".encode()
    path.write_bytes(epubs.epub(files))


def start(book: Path, folder: Path, workers: int) -> "subprocess.Popen[bytes]":
    """Start to speak a book, or go on."""
    return kill_batch.start(book, folder, "--workers", str(workers), stderr=None)


def memory_mib(pid: int) -> float:
    """Return what a process and its workers hold now."""
    held = 0
    for each in (pid, *children(pid)):
        try:
            status = Path(f"/proc/{each}/status").read_text()
        except OSError:
            continue
        held += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return held / 1024


def undisturbed(book: Path, folder: Path, workers: int) -> dict[str, Any]:
    """Speak a book and return seconds, and MiB in each third of the time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin, samples = time.monotonic(), []
    process = start(book, folder, workers)
    while process.poll() is None:
        time.sleep(EVERY_SECONDS)
        samples.append(memory_mib(process.pid))
    assert process.returncode == 0
    spent = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    computed = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()]
    sound = sum(row["seconds"] for row in rows)
    third = max(1, len(samples) // 3)
    parts = [samples[place : place + third] for place in range(0, 3 * third, third)]
    return {
        "chapters": len(rows),
        "words": sum(len(row["text"].split()) for row in rows),
        "sound_hours": sound / 3600,
        "spent_s": spent,
        "processor_s": computed,
        "rtf_per_core": computed / sound,
        "memory_mib": [round(statistics.median(part)) for part in parts if part],
        "most_mib": round(max(samples, default=0.0)),
    }


def killed(book: Path, whole: Path, folder: Path, workers: int, kills: int, seconds: float) -> int:
    """Speak a book by runs that are killed; return how many were killed while at work."""
    chance, done = random.Random(0), 0
    for _ in range(kills):
        process = start(book, folder, workers)
        try:
            process.wait(chance.uniform(0.2, 1.0) * seconds / max(1, kills))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            done += 1
        process.wait()
    assert start(book, folder, workers).wait() == 0
    expected, found = contents(whole), contents(folder)
    assert found.keys() == expected.keys(), sorted(found.keys() ^ expected.keys())
    for name, data in expected.items():
        assert found[name] == data, f"{name} differs"
    return done


def run(words: int, chapters: int, workers: int, kills: int, epub: Path | None = None) -> dict[str, Any]:
    """Speak a book twice; an `AssertionError` names what differs."""
    with tempfile.TemporaryDirectory() as name:
        book, whole, folder = (Path(name) / part for part in ("novel.epub", "whole", "killed"))
        if epub is None:
            write(book, words, chapters)
        else:
            book = epub
        told = undisturbed(book, whole, workers)
        told["kills"] = killed(book, whole, folder, workers, kills, told["spent_s"])
        return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epub", type=existing, help="a book; one of our own sentences by default")
    parser.add_argument("--words", type=int, default=400_000)
    parser.add_argument("--chapters", type=int, default=40)
    parser.add_argument("--workers", type=int, default=processes.cores())
    parser.add_argument("--kills", type=int, default=3)
    options = parser.parse_args()
    print(
        json.dumps(
            run(options.words, options.chapters, options.workers, options.kills, options.epub), indent=1
        )
    )


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
