"""Are ties better if they are learnt? The same ties made before training, afterwards, and by a growing pull.

    python -m tests.benchmarks.learned_ties [DATA] [--results FILE] [--steps N] [--seeds ...]
    python -m tests.benchmarks.learned_ties --report [--results FILE]

A net that foretells the next letter of a word, or, with DATA, a folder made by `prepare`, an acoustic net, is
trained from nothing, for as many steps in every variant, with the same batches and the same curve of learning
rates; or one that has been trained untied is trained for half as many steps more. Ties of one name are the same
in number and size; only when and how they come about differs. The measure is the loss on what is held out. Each
finished row is kept, and a run that was stopped goes on.
"""

import argparse
import copy
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
    trained: bool = False
    """Whether it begins from a net that has been trained, untied, for the usual number of steps."""


BEFORE = Way("before training")
HALFWAY = Way("at once, halfway", 0.5)
FIRST_HALF = Way("learnt in the first half", 0.0, 0.5, 0.025)
SECOND_QUARTER = Way("learnt in the second quarter", 0.25, 0.25, 0.025)
SOFT = Way("learnt in the first half, soft groups", 0.0, 0.5, soft=0.1)
ONCE = (SECOND_QUARTER, SOFT)
"""Ways that are tried with the first seed only."""
AT_ONCE = Way("a trained net, at once", trained=True)
LEARNT = Way("a trained net, learnt in half of the steps", 0.0, 0.5, trained=True)
RIVALS = {FIRST_HALF: HALFWAY, SECOND_QUARTER: HALFWAY, SOFT: HALFWAY, LEARNT: AT_ONCE}
"""Ways that others are compared with."""
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
        UNTIED: ([], (BEFORE, AT_ONCE)),
        "cluster, half": (cluster(0.5), (HALFWAY, FIRST_HALF, AT_ONCE, LEARNT)),
        "cluster, quarter": (
            cluster(0.25),
            (BEFORE, HALFWAY, FIRST_HALF, SECOND_QUARTER, SOFT, AT_ONCE, LEARNT),
        ),
        "share, in pairs": (pairs, (BEFORE,)),
        "share, all": (share(), (BEFORE, HALFWAY, FIRST_HALF)),
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
    for name, (rules, ways) in ties(task).items():
        if arguments.ties and not name.startswith(tuple(arguments.ties)):
            continue
        for seed in arguments.seeds:
            for way in ways if seed == arguments.seeds[0] else [way for way in ways if way not in ONCE]:
                steps = arguments.steps or STEPS[task.name]
                row = {"net": task.name, "tie": name, "way": way.name, "seed": seed}
                if _key(row) in done:
                    continue
                row |= measure(task, rules, way, seed, steps)
                print(json.dumps(row), file=sys.stderr, flush=True)
                with arguments.results.open("a") as file:
                    file.write(json.dumps(row) + "\n")


def measure(task: Quick, rules: Rules, way: Way, seed: int, steps: int) -> dict[str, Any]:
    """Train and measure one variant."""
    if way.trained:
        net = train(task, _trained(task, seed, steps), rules, way, seed, steps // 2, steps, task.rate / 4)
    elif not rules:
        net = _trained(task, seed, steps)
    else:
        net = train(task, _fresh(task, seed), rules, way, seed, steps, 0, task.rate)
    return {"steps": steps, "parameters": task.count(net), "loss": task.heldout(net)}


def train(
    task: Quick, net: nn.Module, rules: Rules, way: Way, seed: int, steps: int, first: int, rate: float
) -> nn.Module:
    """Train a net for so many steps, in which its ties come about.

    Args:
        task: Data and losses.
        net: It is changed.
        rules: Ties, if any.
        way: How they come about.
        seed: Chooses the batches.
        steps: Number of steps.
        first: Number of the first batch.
        rate: Learning rate at the top of its curve.
    """
    begin = round(way.begin * steps)
    end = begin + round(way.learned * steps)
    learn, regroup = Learn(soft=way.soft), round(way.regroup * steps)
    pulled: LearnedTies | None = None
    if rules and not end:
        net, _ = tie(net, TiePlan.from_dict({"tie": rules}), rescale=not way.trained)
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
            group["lr"] = rate * min(1.0, (step + 1) / 50) * curve
        optimizer.zero_grad()
        task.loss(net.train(), seed, first + step).backward()
        nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], 1.0)
        optimizer.step()
        if pulled is not None:
            at = (step - begin, end - begin)
            pulled.pull(net, learn.strength(*at), learn.softness(*at))
    return net


def _fresh(task: Quick, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    return task.fresh()


def _trained(task: Quick, seed: int, steps: int) -> nn.Module:
    """Return a copy of the untied net after the usual training; it is trained once a seed."""
    key = (task.name, seed, steps)
    if key not in _TRAINED:
        net = _fresh(task, seed)
        _TRAINED[key] = train(task, net, [], BEFORE, seed, steps, 0, task.rate)
    return copy.deepcopy(_TRAINED[key])


_TRAINED: dict[tuple[str, int, int], nn.Module] = {}


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
    """Return Markdown tables; what a way gains is told against its rival of the same tie and seed."""
    lines: list[str] = []
    rival_of = {way.name: rival.name for way, rival in RIVALS.items()}
    for net in dict.fromkeys(row["net"] for row in rows):
        own = [row for row in rows if row["net"] == net]
        known = {(row["tie"], row["way"], row["seed"]): row["loss"] for row in own}
        lines += [
            f"\n**{net.capitalize()}, {own[0]['steps']} steps from nothing, or a trained one and half as many "
            "steps: held-out loss**\n",
            "| tie | how it comes about | unique parameters | loss | less than at once | seeds |",
            "|---|---|---:|---:|---:|---:|",
        ]
        for tie_name, way in sorted(dict.fromkeys((row["tie"], row["way"]) for row in own), key=_place):
            of = {row["seed"]: row for row in own if (row["tie"], row["way"]) == (tie_name, way)}
            losses = _with_spread([row["loss"] for row in of.values()], ".4f")
            rivals = {seed: known.get((tie_name, rival_of.get(way), seed)) for seed in of}
            gains = [1 - row["loss"] / rivals[seed] for seed, row in of.items() if rivals[seed]]
            parameters = next(iter(of.values()))["parameters"]
            words = {BEFORE.name: "", AT_ONCE.name: "a trained net, trained on"} if tie_name == UNTIED else {}
            lines.append(
                f"| {tie_name} | {words.get(way, way)} | {parameters:,} | {losses} | {_with_spread(gains, '+.2%')} | {len(of)} |"
            )
    return "\n".join(lines) or "nothing is measured yet"


def _place(key: tuple[str, str]) -> tuple[int, int]:
    ties_in_order = [UNTIED, "cluster, half", "cluster, quarter", "share, in pairs", "share, all"]
    ways = [BEFORE, HALFWAY, FIRST_HALF, SECOND_QUARTER, SOFT, AT_ONCE, LEARNT]
    names = [way.name for way in ways]
    at = ties_in_order.index(key[0]) if key[0] in ties_in_order else len(ties_in_order)
    return at, names.index(key[1]) if key[1] in names else len(names)


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
