"""Are ties better if they are learnt? The same ties made before training, afterwards, and by a growing pull.

    python -m tests.benchmarks.learned_ties [DATA] [--results FILE] [--steps N] [--seeds ...]
    python -m tests.benchmarks.learned_ties --report [--results FILE]

A net that foretells the next letter of a word, or, with DATA, a folder made by `prepare`, an acoustic net, is
trained from nothing, for as many steps in every variant, with the same batches and the same curve of learning
rates. Ties of one name are the same in number and size; only when and how they come about differs. The measure
is the loss on what is held out. Each finished row is kept, and a run that was stopped goes on.
"""

import argparse
import json
import math
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tests.benchmarks.learned_tasks import Acoustic, Quick, Spelling
from tests.benchmarks.places import existing, writable
from tests.benchmarks.tying_variants import Rules
from tiedtts.tying import LearnedTies, TiePlan, tie
from tiedtts.tying.learn import Learn
from tiedtts_cli import boundary

STEPS = {Spelling.name: 600, Acoustic.name: 300}
"""Steps of every variant."""
HALFWAY = "at once, halfway"
"""The way that others are compared with."""


@dataclass(frozen=True)
class Way:
    """A way in which a tie comes about."""

    name: str
    begin: float = 0.0
    """Share of the steps before the tie is made, or before the pull begins."""
    learned: float = 0.0
    """Share of the steps in which weights are pulled together; none for a tie that is made at once."""
    regroup: float = 0.0
    """Share of the steps after which groups are found again."""
    soft: float = 0.0
    """Softness of groups at first."""


BEFORE = Way("before training")
AFTER = Way(HALFWAY, 0.5)
FIRST_HALF = Way("learnt in the first half", 0.0, 0.5, 0.025)
SECOND_QUARTER = Way("learnt in the second quarter", 0.25, 0.25, 0.025)
SOFT = Way("learnt in the first half, soft groups", 0.0, 0.5, soft=0.1)
UNTIED = "untied"


def ties(task: Quick) -> dict[str, tuple[Rules, tuple[Way, ...]]]:
    """Return rules by name, and the ways in which they are made."""
    blocks = "*coder.blocks.*" if len(task.stacks) > 1 else "blocks.*"
    rank = round(0.2 * task.width)

    def cluster(ratio: float) -> Rules:
        options = {"ratio": ratio, "into": "project"}
        return [{"layers": f"{blocks}.expand", "scheme": "cluster", "options": options}]

    def share(**options: int) -> Rules:
        return [
            {"layers": f"{stack}.{name}", "scheme": "share", "options": options}
            for stack in task.stacks
            for name in ("expand", "project")
        ]

    pairs = [
        {**rule, "options": {"groups": task.stacks[str(rule["layers"]).rpartition(".")[0]] // 2}}
        for rule in share()
    ]
    return {
        UNTIED: ([], (BEFORE,)),
        "cluster, half": (cluster(0.5), (AFTER, FIRST_HALF)),
        "cluster, quarter": (cluster(0.25), (BEFORE, AFTER, FIRST_HALF, SECOND_QUARTER, SOFT)),
        "share, in pairs": (pairs, (BEFORE,)),
        "share, all": (share(), (BEFORE, AFTER, FIRST_HALF)),
        f"share, all, rank {rank}": (share(rank=rank), (BEFORE, FIRST_HALF)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=existing, nargs="?")
    parser.add_argument("--results", type=writable, default=Path("learned_ties.jsonl"))
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, help="instead of the usual number, to try it out")
    parser.add_argument("--ties", nargs="*", help="only those whose names begin so")
    parser.add_argument("--report", action="store_true", help="print tables of what is done")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.report:
        print(report(_read(arguments.results)))
    else:
        run(arguments)


def run(arguments: argparse.Namespace) -> None:
    task = Spelling() if arguments.data is None else Acoustic(arguments.data)
    done = {_key(row) for row in _read(arguments.results)}
    for seed in arguments.seeds:
        for name, (rules, ways) in ties(task).items():
            if arguments.ties and not name.startswith(tuple(arguments.ties)):
                continue
            for way in ways:
                steps = arguments.steps or STEPS[task.name]
                row = {"net": task.name, "tie": name, "way": way.name if rules else "", "seed": seed}
                if _key(row) in done:
                    continue
                row |= measure(task, rules, way, seed, steps)
                print(json.dumps(row), file=sys.stderr, flush=True)
                with arguments.results.open("a") as file:
                    file.write(json.dumps(row) + "\n")


def measure(task: Quick, rules: Rules, way: Way, seed: int, steps: int) -> dict[str, Any]:
    """Train and measure one variant."""
    torch.manual_seed(seed)
    net = task.fresh()
    begin = round(way.begin * steps)
    end = begin + round(way.learned * steps)
    learn, regroup = Learn(soft=way.soft), round(way.regroup * steps)
    pulled: LearnedTies | None = None
    if rules and not end:
        net, _ = tie(net, TiePlan.from_dict({"tie": rules}), rescale=True)
    optimizer = _optimizer(task, net)
    for step in range(steps):
        if rules and step == begin and end:
            plan = TiePlan.from_dict({"tie": [{**rule, "learn": True} for rule in rules]})
            pulled = LearnedTies(net, plan)
        elif pulled is not None and regroup and (step - begin) % regroup == 0:
            pulled.regroup(net)
        if pulled is not None and step == end:
            net, pulled = pulled.merge(net), None
            optimizer = _optimizer(task, net, optimizer)
        for group in optimizer.param_groups:
            curve = 0.5 * (1 + math.cos(math.pi * step / steps)) + 0.02
            group["lr"] = task.rate * min(1.0, (step + 1) / 50) * curve
        optimizer.zero_grad()
        task.loss(net.train(), seed, step).backward()
        nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1.0)
        optimizer.step()
        if pulled is not None:
            at = (step - begin, end - begin)
            pulled.pull(net, learn.strength(*at), learn.softness(*at))
    return {"steps": steps, "parameters": task.count(net), "loss": task.heldout(net)}


def _optimizer(
    task: Quick, net: nn.Module, before: torch.optim.Optimizer | None = None
) -> torch.optim.Optimizer:
    """Return an optimiser that remembers what the one before did of parameters that are still there."""
    learning = [value for value in net.parameters() if value.requires_grad]
    made = torch.optim.AdamW(learning, lr=task.rate, betas=(0.9, 0.98), weight_decay=task.decay)
    if before is not None:
        made.state.update({value: before.state[value] for value in learning if value in before.state})
    return made


def report(rows: list[dict[str, Any]]) -> str:
    """Return Markdown tables; what a way gains is against the same tie of the same seed, made at once, halfway."""
    lines: list[str] = []
    for net in dict.fromkeys(row["net"] for row in rows):
        own = [row for row in rows if row["net"] == net]
        lines += [
            f"\n**{net.capitalize()}, {own[0]['steps']} steps from nothing: held-out loss**\n",
            "| tie | how it comes about | unique parameters | loss | less than halfway | seeds |",
            "|---|---|---:|---:|---:|---:|",
        ]
        rivals = {(row["tie"], row["seed"]): row["loss"] for row in own if row["way"] == HALFWAY}
        for tie_name, way in dict.fromkeys((row["tie"], row["way"]) for row in own):
            of = {row["seed"]: row for row in own if (row["tie"], row["way"]) == (tie_name, way)}
            losses = _with_spread([row["loss"] for row in of.values()], ".4f")
            gains = [
                1 - row["loss"] / rivals[tie_name, seed]
                for seed, row in of.items()
                if way != HALFWAY and (tie_name, seed) in rivals
            ]
            parameters = next(iter(of.values()))["parameters"]
            lines.append(
                f"| {tie_name} | {way} | {parameters:,} | {losses} | {_with_spread(gains, '+.1%')} | {len(of)} |"
            )
    return "\n".join(lines) or "nothing is measured yet"


def _with_spread(values: list[float], form: str) -> str:
    if not values:
        return ""
    text = format(statistics.fmean(values), form)
    half = (max(values) - min(values)) / 2
    return text if len(values) < 2 else f"{text} ± {format(half, form.lstrip('+'))}"


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[key] for key in ("net", "tie", "way", "seed"))


def _read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
