"""Plans for a budget against every single scheme at that size, for checkpoints that others trained and ship.

    python -m tests.benchmarks.plans PACKAGES [--only NAME ...] [--trials N] [--results FILE]

PACKAGES is that of `tests.benchmarks.real_checkpoints`. The budgets are the sizes of a codebook of 4 and of 3 bits
for all layers. A plan is chosen by what the net's own program says of inputs of draw 0, as `tiedtts suggest --bytes
N --measure 'COMMAND {file}'` does, and compared on inputs of draw 1 with each scheme that ties all layers alike,
with the largest setting that keeps the budget. What is told is the error of the net's own task, and the change of
its outputs: the squared difference from those of the first weights, over their variance.
"""

import argparse
import contextlib
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from tests.benchmarks import real_tasks
from tests.benchmarks.places import existing, writable
from tests.benchmarks.real_checkpoints import installed
from tests.benchmarks.real_tasks import CASES, Answers, Case
from tiedtts.checkpoints.conversion import convert, revert
from tiedtts.checkpoints.trials import Plans, Wanted
from tiedtts.errors import TiedTTSError
from tiedtts.tying import TiePlan, TieRule
from tiedtts.tying.planning import objective
from tiedtts_cli import boundary

BUDGETS = {"4 bits": 16, "3 bits": 8}
"""Values of the codebooks whose sizes may be the budgets."""
SINGLES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "codebook": [("codebook", {"k": k}) for k in (16, 8)],
    "codebook, groups of 64": [("codebook", {"k": k, "group": 64}) for k in (16, 8, 4)],
    "codebook, no scales": [("codebook", {"k": k, "scales": "none"}) for k in (32, 16, 8)],
    "lowrank": [("lowrank", {"ratio": ratio}) for ratio in (0.08, 0.06, 0.04, 0.02, 0.01)],
    "cluster": [("cluster", {"ratio": ratio}) for ratio in (0.14, 0.12, 0.1, 0.07, 0.04, 0.02)],
    "share": [("share", {})],
}
"""Settings of each scheme, the largest first."""
Ask = Callable[[Path | None, int], Answers]


@contextlib.contextmanager
def asked(packages: Path, case: Case) -> Iterator[Ask]:
    """Yield what asks a package with any weights, on the inputs of a draw; it is imported once."""
    with installed(packages, case, None) as package:
        first = Path(package.parent, "first")
        shutil.copyfile(package / case.weights, first)

        def ask(weights: Path | None, draw: int) -> Answers:
            shutil.copyfile(weights or first, package / case.weights)
            with contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
                torch.manual_seed(0)
                return case.error(package, draw)

        yield ask


def outcome(ask: Ask, source: Path, plan: TiePlan, first: Answers) -> dict[str, Any]:
    """Tie a checkpoint, give it back to its program and ask that on the inputs of draw 1."""
    with tempfile.TemporaryDirectory() as work:
        tied, back = Path(work, "tied.safetensors"), Path(work, f"back{source.suffix}")
        size = convert(source, tied, plan).file_bytes_after
        revert(tied, back)
        said = ask(back, 1)
    error = said.error
    if error < 0:
        error = sum(a != b for a, b in zip(said.answers, first.answers, strict=True)) / len(first.answers)
    change = objective.difference(objective.leaves(said.outputs), objective.leaves(first.outputs))
    return {"file_bytes": size, "error": error, "change": change}


def single(ask: Ask, source: Path, scheme: str, most: int, first: Answers) -> dict[str, Any] | None:
    """Tie all layers by one scheme with the largest setting that keeps a budget, and see what that does."""
    with tempfile.TemporaryDirectory() as work:
        for name, options in SINGLES[scheme]:
            plan = TiePlan((TieRule("*", name, options=options),))
            try:
                made = convert(source, Path(work, "tied.safetensors"), plan)
            except TiedTTSError:
                continue
            if made.file_bytes_after <= most:
                return {"options": options, **outcome(ask, source, plan, first)}
    return None


def rows(packages: Path, case: Case, trials: int, budgets: Sequence[str]) -> dict[str, Any]:
    """Compare plans with single schemes for one checkpoint."""
    source = packages / case.package / case.weights
    found: dict[str, Any] = {}
    with asked(packages, case) as ask:
        first = ask(None, 1)
        plans = Plans(source, measure=lambda parts, path: ask(path, 0).outputs, trials=trials)
        for name in budgets:
            k = BUDGETS[name]
            alike = outcome(ask, source, TiePlan((TieRule("*", "codebook", options={"k": k}),)), first)
            most = alike["file_bytes"]
            best = plans.within(Wanted(bytes=most), front=0)
            assert best.plan is not None
            found[name] = {
                "most": most,
                "plan": outcome(ask, source, best.plan, first),
                "rules": best.plan.to_dict()["tie"],
                "is_uniform": best.best.is_uniform,
                "measurements": best.measured,
                "singles": {scheme: single(ask, source, scheme, most, first) for scheme in SINGLES},
            }
            assert found[name]["plan"]["file_bytes"] <= most
    return found


def beaten(row: dict[str, Any]) -> str:
    """Return the best of the single schemes: with the fewest wrong answers, of equal ones with the least change."""
    known = {name: of for name, of in row["singles"].items() if of is not None}
    return min(known, key=lambda name: (known[name]["error"], known[name]["change"]))


def is_better(row: dict[str, Any]) -> bool:
    """Return whether a plan beats every single scheme: fewer wrong answers, or as many and a smaller change."""
    plan = row["plan"]
    return all(
        (plan["error"], plan["change"]) < (of["error"], of["change"])
        for of in row["singles"].values()
        if of is not None
    )


def show(results: dict[str, Any]) -> None:
    """Print the table as docs/tying.md has it."""
    print("| net | budget | plan: wrong, change of outputs | best single scheme | its wrong, change | less |")
    print("|---|---:|---:|---|---:|---:|")
    for name, of in results.items():
        for row in of.values():
            best = beaten(row)
            other, plan = row["singles"][best], row["plan"]
            cells = [f"{each['error']:.1%}, {each['change']:.2g}" for each in (plan, other)]
            ratio = other["change"] / max(plan["change"], 1e-12)
            print(
                f"| {name} | {row['most'] / 1e3:,.0f} kB | {cells[0]} | {best} | {cells[1]} |"
                f" {'**' if is_better(row) else ''}{ratio:.1f} x{'**' if is_better(row) else ''} |"
            )
    for budget in BUDGETS:
        known = [of[budget] for of in results.values() if budget in of]
        print(
            f"\n{budget}: the plan beats every single scheme for {sum(map(is_better, known))} of {len(known)}"
        )


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(
        description="Plans against single schemes, on checkpoints that others ship."
    )
    parser.add_argument("packages", type=existing)
    parser.add_argument("--only", nargs="*", choices=list(CASES), metavar="NAME")
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--budgets", nargs="*", choices=list(BUDGETS), default=list(BUDGETS))
    parser.add_argument("--copies", type=int, default=real_tasks.COPIES, help="receptors made of one")
    parser.add_argument("--results", type=writable, default=Path("plans.json"))
    given = parser.parse_args()
    real_tasks.COPIES = given.copies
    results = json.loads(given.results.read_text()) if given.results.is_file() else {}
    for name, case in CASES.items():
        if name in results or (given.only and name not in given.only):
            continue
        results[name] = rows(given.packages, case, given.trials, given.budgets)
        given.results.write_text(json.dumps(results, indent=1))
        show({name: results[name]})
    show(results)
    return 0


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
