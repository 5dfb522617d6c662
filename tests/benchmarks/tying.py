"""The proof: what tying is worth on this project's own nets, next to what else makes a net small.

    python -m tests.benchmarks.tying DATA --from CKPT... [--results FILE] [--part acoustic|vocoder]
    python -m tests.benchmarks.tying --report [--results FILE] [--picture FILE]
    python -m tests.benchmarks.tying --speed

DATA is a folder made by `prepare`. Two studies, one table each: `scratch` trains every variant from nothing
for the same number of steps; `trained` starts from CKPT (checkpoints of an acoustic net and of a vocoder),
measures what a change costs without data, and then what is left of that after the same short fine-tune.
The measure is the loss on held-out recordings: of the acoustic net, the mean distance of normalised log mel
bands at natural durations and pitch; of the vocoder, the multi-resolution spectral loss of recordings made
again from their mels. Each finished row is kept in the results file, and a run that was stopped goes on.
"""

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from tests.benchmarks.places import existing, writable
from tests.benchmarks.tying_variants import (
    SCRATCH,
    TRAINED,
    Variant,
    prune,
    quantise,
    stored_bytes,
)
from tiedtts.checkpoints import checkpoint
from tiedtts.training import corpus as corpora
from tiedtts.training import recipe as recipes
from tiedtts.training.batches import Batches
from tiedtts.training.corpus import Corpus
from tiedtts.training.tasks.acoustic import AcousticTask
from tiedtts.training.tasks.vocoder import VocoderTask
from tiedtts.tying import TiePlan, count_parameters, tie
from tiedtts_cli import boundary

Task = AcousticTask | VocoderTask
STEPS = {"scratch": {"acoustic": 600, "vocoder": 500}, "trained": {"acoustic": 150, "vocoder": 150}}
RATES = {"scratch": {"acoustic": 2e-3, "vocoder": 1.5e-3}, "trained": {"acoustic": 5e-4, "vocoder": 4e-4}}
MEASURE = {"acoustic": "mel", "vocoder": "spectral"}
SECONDS = 4
"""Seconds of speech for which work is counted."""
WINNERS = {
    "scratch": (
        "untied",
        "untied, narrower (half)",
        "share, in pairs",
        "lowrank, half",
        "share, in pairs, wider",
    ),
    "trained": ("untied", "codebook, 16 values", "lowrank, half", "cluster, half", "pruned, half"),
}
"""Variants that are trained with three seeds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=existing, nargs="?")
    parser.add_argument("--from", dest="checkpoints", type=existing, nargs="*", default=[])
    parser.add_argument("--results", type=writable, default=Path("tying.jsonl"))
    parser.add_argument("--part", choices=list(MEASURE), nargs="*", default=list(MEASURE))
    parser.add_argument("--study", choices=list(STEPS), nargs="*", default=list(STEPS))
    parser.add_argument("--seeds", type=int, nargs="*", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, help="instead of the usual number, to try it out")
    parser.add_argument("--report", action="store_true", help="print tables of what is done")
    parser.add_argument("--picture", type=writable, help="with --report, a picture of it")
    parser.add_argument("--speed", action="store_true", help="time single layers in ONNX Runtime")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.speed:
        from tests.benchmarks.tying_speed import speed

        print(speed())
    elif arguments.report:
        from tests.benchmarks.tying_report import picture, report

        rows = list(_read(arguments.results).values())
        print(report(rows))
        if arguments.picture:
            picture(rows, arguments.picture)
    elif arguments.data is None:
        parser.error("DATA is needed, or --report, or --speed")
    else:
        run(arguments)


def run(arguments: argparse.Namespace) -> None:
    corpus = corpora.load(arguments.data)
    trained = {
        part: net for path in arguments.checkpoints for part, net in checkpoint.load(path).parts.items()
    }
    done = _read(arguments.results)
    for seed in arguments.seeds:
        for study in arguments.study:
            for part in arguments.part:
                task = make_task(part, corpus)
                for variant in SCRATCH if study == "scratch" else TRAINED:
                    key = (part, study, variant.name, seed)
                    if key in done or (seed > 1 and variant.name not in WINNERS[study]):
                        continue
                    if study == "trained" and part not in trained:
                        continue
                    steps = arguments.steps or STEPS[study][part]
                    row = measure(task, variant, study, seed, steps, corpus, trained.get(part))
                    print(json.dumps(row), file=sys.stderr, flush=True)
                    with arguments.results.open("a") as file:
                        file.write(json.dumps(row) + "\n")


def make_task(part: str, corpus: Corpus, width: float = 1.0) -> Task:
    """Return a part's data and losses, with a fresh net; width is a multiple of the recipe's."""
    recipe = recipes.parse(recipes.read_text(recipes.DEFAULT), recipes.DEFAULT)
    own: Any = recipe.acoustic if part == "acoustic" else recipe.vocoder
    wide = dataclasses.replace(own.net, width=round(own.net.width * width / 4) * 4)
    own = dataclasses.replace(own, net=wide)
    return AcousticTask(corpus, own, None) if part == "acoustic" else VocoderTask(corpus, own, None)


def measure(
    task: Task,
    variant: Variant,
    study: str,
    seed: int,
    steps: int,
    corpus: Corpus,
    trained: nn.Module | None,
) -> dict[str, Any]:
    """Make, train and measure one variant."""
    part = task.name
    torch.manual_seed(seed)
    if study == "scratch":
        net = fresh(task, variant.width)
    else:
        assert trained is not None
        net = trained
    if variant.rules is not None:
        net, _ = tie(net, TiePlan.from_dict({"tie": variant.rules(part)}), rescale=study == "scratch")
    else:
        net, _ = _copied(net)
    masks = prune(net, part, variant.prune) if variant.prune else {}
    row = {
        "part": part,
        "study": study,
        "name": variant.name,
        "seed": seed,
        "steps": steps,
        "parameters": own_count(net),
        "macs_per_second": macs(net, part),
    }
    if study == "trained":
        row["before"] = loss(task, net, variant)
    begun = time.monotonic()
    train(task, net, steps, RATES[study][part], seed, masks)
    row["seconds"] = round(time.monotonic() - begun, 1)
    row["after"] = loss(task, net, variant)
    row["bytes"] = stored_bytes(net, part, variant)
    if variant.prune:
        row["nonzero"] = own_count(net) - sum(int((mask == 0).sum()) for mask in masks.values())
    return row


def fresh(task: Task, width: float) -> nn.Module:
    """Return a net of the task's kind that has learnt nothing."""
    config: Any = task.net.config
    config = dataclasses.replace(config, width=round(config.width * width / 4) * 4)
    return type(task.net)(config)


def _copied(net: nn.Module) -> tuple[nn.Module, None]:
    import copy

    return copy.deepcopy(net), None


def excluded(net: nn.Module) -> int:
    """Count the parameters of the predictor of durations and pitch, which no variant changes."""
    return sum(value.numel() for name, value in net.named_parameters() if name.startswith("variance."))


def own_count(net: nn.Module) -> int:
    """Count the parameters of a net, without those that no variant changes."""
    return count_parameters(net) - excluded(net)


@torch.no_grad()
def loss(task: Task, net: nn.Module, variant: Variant) -> float:
    """Return the held-out loss of a net as it would be stored."""
    net, _ = _copied(net)
    quantise(net, variant.store)
    return task.evaluate(net.eval())[MEASURE[task.name]]


def train(task: Task, net: nn.Module, steps: int, rate: float, seed: int, masks: dict[str, Tensor]) -> None:
    """Train with the losses of the recipe, without a discriminator; masked weights stay zero."""
    net.requires_grad_(True)
    if hasattr(net, "variance"):
        net.variance.requires_grad_(False)
    learning = [value for value in net.parameters() if value.requires_grad]
    named = dict(net.named_parameters())
    own = task.recipe
    optimizer = torch.optim.AdamW(learning, lr=rate, betas=own.betas, weight_decay=own.weight_decay)
    batches = Batches(task.lengths, own.batch_size, seed, task.draws)
    for step in range(steps):
        share = step / steps
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 50) * (0.5 * (1 + np.cos(np.pi * share)) + 0.02)
        indices = batches.at(step)
        torch.manual_seed(seed * 1_000_003 + step)
        batch = task.batch(indices, [seed * 7919 + step * 31 + at for at in range(len(indices))])
        _, parts = task.losses(net.train(), batch)
        total = torch.stack([task.weights[n] * parts[n].value for n in parts if task.weights.get(n)]).sum()
        optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(learning, own.clip)
        optimizer.step()
        with torch.no_grad():
            for name, mask in masks.items():
                named[name].mul_(mask)
    net.eval()


@torch.no_grad()
def macs(net: nn.Module, part: str) -> float:
    """Return multiply-accumulates a second of speech, by torch's own counter."""
    net = net.eval()
    config: Any = net.config
    frames = round(SECONDS * 24_000 / 256)
    if part == "vocoder":
        with FlopCounterMode(display=False) as counter:
            net.filters(  # type: ignore[operator]
                torch.zeros(1, frames, config.n_mels), torch.zeros(1, frames), torch.ones(1, frames)
            )
        return counter.get_total_flops() / 2 / SECONDS
    phones = round(SECONDS * 10.5)
    ids = torch.ones(1, phones, 4, dtype=torch.int64)
    frames -= frames % config.stride
    index = torch.arange(frames)[None] * phones // frames
    with FlopCounterMode(display=False) as counter:
        net(
            ids,
            torch.ones(1, phones),
            torch.zeros(1, phones),
            torch.zeros(1, phones),
            index,
            torch.zeros(1, frames, 5),
            torch.ones(1, frames),
        )
    flops = counter.get_flop_counts()
    predictor = sum(flops.get("AcousticNet.variance", {}).values())
    return (counter.get_total_flops() - predictor) / 2 / SECONDS


def _read(path: Path) -> dict[tuple[str, str, str, int], dict[str, Any]]:
    if not path.is_file():
        return {}
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {(row["part"], row["study"], row["name"], row["seed"]): row for row in rows}


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
