"""A novel as EPUB, spoken into a file a chapter: time per core, memory, and the same bytes after kills.

    python -m tests.benchmarks.novel                          400,000 words of our own sentences
    python -m tests.benchmarks.novel --texts FILE             of the lines of a file
    python -m tests.benchmarks.novel --epub FILE --kills 5    any book

The book is spoken once undisturbed, watched all the time, then once more by runs that are killed at random
moments and go on with `--skip-existing`. That takes about an hour of a core, and 7 GB of the disk for temporary files.
"""

import argparse
import filecmp
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import epubs
from tests.benchmarks import kill_batch
from tests.benchmarks.kill_batch import SENTENCES
from tests.benchmarks.places import existing
from tests.benchmarks.throughput import children
from tiedtts import processes
from tiedtts_cli import boundary

PARAGRAPH = 6
"""Sentences of a paragraph."""
EVERY_SECONDS = 0.5


def write(path: Path, words: int, chapters: int, texts: Path = SENTENCES) -> None:
    """Write a book of about so many words, chosen from the lines of a file."""
    sentences = [line for line in texts.read_text("utf-8").splitlines() if line.strip()]
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


def start(book: Path, folder: Path, workers: int, *options: str) -> "subprocess.Popen[bytes]":
    """Start to speak a book, or go on."""
    return kill_batch.start(book, folder, "--workers", str(workers), *options, stderr=None)


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


def undisturbed(book: Path, folder: Path, workers: int, *options: str) -> dict[str, Any]:
    """Speak a book and return seconds, and MiB in each third of the time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin, samples = time.monotonic(), []
    process = start(book, folder, workers, *options)
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


def killed(
    book: Path, whole: Path, folder: Path, workers: int, kills: int, seconds: float, *options: str
) -> int:
    """Speak a book by runs that are killed; return how many were killed while at work."""
    chance, done = random.Random(0), 0
    for _ in range(kills):
        process = start(book, folder, workers, *options)
        try:
            process.wait(chance.uniform(0.2, 1.0) * seconds / max(1, kills))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            done += 1
        process.wait()
    assert start(book, folder, workers, *options).wait() == 0
    expected, found = names(whole), names(folder)
    assert found == expected, sorted(found ^ expected)
    # One by one: together, they are larger than the memory.
    for name in expected:
        assert filecmp.cmp(whole / name, folder / name, shallow=False), f"{name} differs"
    return done


def names(folder: Path) -> set[str]:
    """Return the names of all files in a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def run(
    words: int,
    chapters: int,
    workers: int,
    kills: int,
    epub: Path | None = None,
    texts: Path = SENTENCES,
    form: str = "flac",
    told: Callable[[dict[str, Any]], object] = lambda told: None,
) -> dict[str, Any]:
    """Speak a book twice; an `AssertionError` names what differs."""
    with tempfile.TemporaryDirectory() as name:
        book, whole, folder = (Path(name) / part for part in ("novel.epub", "whole", "killed"))
        if epub is None:
            write(book, words, chapters, texts)
        else:
            book = epub
        figures = undisturbed(book, whole, workers, "--format", form)
        told(figures)
        kills = killed(book, whole, folder, workers, kills, figures["spent_s"], "--format", form)
        return {**figures, "kills": kills}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epub", type=existing, help="a book; one of our own sentences by default")
    parser.add_argument("--texts", type=existing, default=SENTENCES, help="lines that the book is made of")
    parser.add_argument("--words", type=int, default=400_000)
    parser.add_argument("--chapters", type=int, default=40)
    parser.add_argument("--workers", type=int, default=processes.cores())
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--format", default="flac", help="of the sound")
    options = parser.parse_args()
    told = run(
        options.words,
        options.chapters,
        options.workers,
        options.kills,
        options.epub,
        options.texts,
        options.format,
        # What comes next may take as long again.
        lambda figures: print(json.dumps(figures), file=sys.stderr, flush=True),
    )
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
