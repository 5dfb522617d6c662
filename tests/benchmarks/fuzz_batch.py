"""Feeds generated lists to a batch: each ends with a manifest or with a named error, each bad line with one of its own.

    python -m tests.benchmarks.fuzz_batch [--lists 20000] [--seed 0]

The voice is one that makes a tone, so that nearly all time goes into reading, naming and writing.
"""

import argparse
import io
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.conftest import FakeVoice
from tiedtts import choices
from tiedtts.batch import job, lines, manifest, readers, run
from tiedtts.errors import LONGEST_HINT, TiedTTSError
from tiedtts.quoting import LONGEST_MESSAGE
from tiedtts.settings import NAMES, Settings
from tiedtts_cli import boundary

VALUES = (
    *('null true false 1 0 -3 1.5 1e999 -1e999 NaN Infinity [[1]] {} [] {"text":1}'.split()),
    *(
        '"" "a" "A" "Hi." "1.5" "nan" "\\ud800" "\\u0000" "\\u001b[31m" "x/../y" ".." "nul" "COM¹" "ß" "SS" "é" "é"'.split()
    ),
    *(
        "1" * 401,
        "1" * 5_000,
        '"' + "z" * 300 + '"',
        '"' + "ä" * 150 + '"',
        "[" * 5_000,
        "[" * 500 + "]" * 500,
    ),
    *('"<speak>x</speak>"', '"<speak>"', '"{HH AY1}"', '"{QQ}"', '"..."', '"One two. Three."'),
)
"""Texts that stand for a value of JSON."""
PIECES = (
    *(
        b'"',
        b'""',
        b",",
        b";",
        b"\t",
        b"|",
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        b"a",
        b"A",
        b"id",
        b"text",
        b"speed",
        b"Hi there.",
    ),
    *(
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"..",
        b"/",
        b"NUL",
        b"{",
        b"}",
        b"{AA1}",
        b"x" * 300,
    ),
    *(b"\xc3\x9f", b"e\xcc\x81", b"y" * 140_000, b"\x1b[31m", b'{"text": "Hi."}', b"\\ud800"),
)
"""Pieces that lists are put together from."""


@dataclass
class Result:
    """Results of the lists."""

    lists: int = 0
    refused: int = 0
    """Lists that ended in a named error."""
    made: int = 0
    rejected: int = 0
    """Lines that did."""
    failures: list[str] = field(default_factory=list)
    """Anything else."""


def lists(count: int, seed: int) -> Iterator[bytes]:
    """Yield lists, the same for the same seed."""
    chance = random.Random(seed)
    keys = [f'"{name}"' for name in (*NAMES, "mood", "\\ud800")]
    for _ in range(count):
        if chance.random() < 0.5:
            yield b"".join(chance.choices(PIECES, k=chance.randint(1, 30)))
            continue
        rows = []
        for _ in range(chance.randint(1, 6)):
            names = [
                *chance.choices(('"id"', '"text"'), k=chance.randint(0, 3)),
                *chance.sample(keys, chance.randint(0, 2)),
            ]
            rows.append("{" + ", ".join(f"{name}: {chance.choice(VALUES)}" for name in names) + "}")
        yield "\n".join(rows).encode()


def fuzz(count: int, seed: int) -> Result:
    """Run a batch for each list, and once more to go on where it stopped."""
    result, chance = Result(), random.Random(seed)
    voice, load = FakeVoice(), job.BatchSpec.load
    job.BatchSpec.load = lambda self: voice  # type: ignore[assignment, return-value, method-assign]
    try:
        for data in lists(count, seed):
            result.lists += 1
            with tempfile.TemporaryDirectory() as folder:
                for again in (False, True):
                    _run(data, Path(folder) / "out", chance, again, result)
    finally:
        job.BatchSpec.load = load  # type: ignore[method-assign]
    return result


def _run(data: bytes, folder: Path, chance: random.Random, again: bool, result: Result) -> None:
    kind, by = chance.choice(("lines", "csv", "jsonl")), chance.choice(choices.NAME_BY)
    reports: list[run.Report] = []
    try:
        rows = readers.rows(io.BytesIO(data), kind, "the list")
        summary = run.run(
            lines.named(rows, by=by),
            folder,
            job.BatchSpec(voice="fake"),
            Settings(),
            workers=1,
            skip_existing=again,
            report=reports.append,
        )
    except TiedTTSError as error:
        result.refused += 1
        _check_message(error, data, result)
        return
    except Exception as error:
        result.failures.append(f"{type(error).__name__}: {error}: {kind}, {data[:200]!r}")
        return
    result.made += summary.made
    result.rejected += summary.failed
    for report in reports:
        if report.error is not None:
            _check_message(report.error, data, result)
    names = {row["file"] for row in map(json.loads, (folder / manifest.NAME).read_bytes().splitlines())}
    if names != {path.name for path in folder.iterdir()} - {manifest.NAME}:
        result.failures.append(f"the manifest and the folder differ: {data[:200]!r}")


def _check_message(error: Exception, data: bytes, result: Result) -> None:
    hint = getattr(error, "hint", None) or ""
    short = len(str(error)) <= LONGEST_MESSAGE and len(hint) <= LONGEST_HINT
    if not isinstance(error, TiedTTSError) or not short or any(char < " " for char in f"{error}{hint}"):
        result.failures.append(f"{type(error).__name__}: {str(error)[:200]!r}: {data[:200]!r}")


def main() -> None:
    """Run it as often as wanted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lists", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    result = fuzz(options.lists, options.seed)
    print("\n".join(f"{name:10} {value}" for name, value in vars(result).items()))
    raise SystemExit(1 if result.failures else 0)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
