"""How much of a table of written and spoken English the text front end reads right.

    python -m tests.benchmarks.normalization FILE [--misses N] [--json]

FILE has tabs between its columns and a first line that names them: kind, written, spoken; `\\n` is a line
break and `\\u0301` a character by its number. Both sides are compared after folding: lower case, hyphens and
punctuation become spaces.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.places import existing
from tiedtts.text.normalize.normalizer import normalize
from tiedtts_cli import boundary

COLUMNS = ["kind", "written", "spoken"]


@dataclass(frozen=True)
class Case:
    kind: str
    written: str
    spoken: str
    """How it should be read."""


@dataclass(frozen=True)
class Miss:
    case: Case
    got: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=existing, help="table of cases")
    parser.add_argument("--misses", type=int, default=100, help="how many to print")
    parser.add_argument("--json", action="store_true", help="print raw numbers")
    options = parser.parse_args()
    cases = read(options.file)
    found = misses(cases)
    print(as_json(cases, found) if options.json else table(cases, found, options.misses))


def read(path: Path) -> list[Case]:
    """Read a table of cases; an empty cell is an empty text."""
    first, *rows = path.read_text(encoding="utf-8").rstrip("\n").split("\n")
    if first.split("\t") != COLUMNS:
        raise SystemExit(f"{path}: the first line must name the columns {', '.join(COLUMNS)}")
    cells = [row.split("\t") for row in rows if not row.startswith("#")]
    bad = next((row for row in cells if len(row) != len(COLUMNS)), None)
    if bad is not None:
        raise SystemExit(f"{path}: not {len(COLUMNS)} columns: {bad}")
    return [Case(kind, _unescape(written), spoken) for kind, written, spoken in cells]


def _unescape(text: str) -> str:
    text = re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text)
    return text.replace("\\n", "\n")


def fold(text: str) -> list[str]:
    """Return the words of a text without what is a matter of taste."""
    return re.sub(r"[^a-z0-9' ]+", " ", text.lower()).split()


def misses(cases: Iterable[Case]) -> list[Miss]:
    """Return the cases that are read otherwise."""
    read_out = ((case, normalize(case.written)) for case in cases)
    return [Miss(case, got) for case, got in read_out if fold(got) != fold(case.spoken)]


def shares(cases: list[Case], found: list[Miss]) -> dict[str, tuple[int, int]]:
    """Return right and all by kind, the sum last."""
    total = Counter(case.kind for case in cases)
    wrong = Counter(miss.case.kind for miss in found)
    by_kind = {kind: (total[kind] - wrong[kind], total[kind]) for kind in total}
    return {**by_kind, "all": (len(cases) - len(found), len(cases))}


def as_json(cases: list[Case], found: list[Miss]) -> str:
    """Return the shares and the misses for machines."""
    rows = [{**vars(miss.case), "got": miss.got} for miss in found]
    kinds = {kind: {"right": right, "of": of} for kind, (right, of) in shares(cases, found).items()}
    return json.dumps({"kinds": kinds, "misses": rows}, indent=2)


def table(cases: list[Case], found: list[Miss], most: int) -> str:
    """Return the shares and the first misses for people."""
    lines = [
        f"{kind:14} {right:4} of {of:4}  {right / max(of, 1):6.1%}"
        for kind, (right, of) in shares(cases, found).items()
    ]
    for miss in found[:most]:
        lines += [
            f"\n{miss.case.kind}: {miss.case.written}",
            f"  want  {miss.case.spoken}",
            f"  got   {miss.got}",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
