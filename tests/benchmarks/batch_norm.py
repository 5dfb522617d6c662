"""Clusters folded through batch norm: a classifier of handwritten digits, and what statistics are worth.

    python -m tests.benchmarks.batch_norm [--steps N] [--seeds N]

The net is trained here, so that nothing need be downloaded: four convolutions with batch norm. Two of them are
clustered into the next one, without any training after that. Told is how many of the digits held out are recognised.
"""

import argparse
import sys
from typing import Any

import torch
from torch import Tensor, nn

from tests.tying.cases import plan
from tests.tying.test_other_fields import accuracy, digits, image_batch, train
from tiedtts.tying import TiePlan, costs, tie
from tiedtts.tying.listening import listen
from tiedtts_cli import boundary

WIDTH = 48
SHARES = (0.75, 0.5, 0.25)
WAYS: dict[str, dict[str, Any]] = {
    "rows copied, not folded": {"into": None},
    "folded, statistics of no row": {"repair": False},
    "folded, statistics from the weights": {},
    "folded, statistics from 200 digits": {"looks": True},
    "the same, alike by activations": {"looks": True, "by": "activations"},
}


def net() -> nn.Sequential:
    """Return a classifier, (B, 1, 8, 8) to (B, 10)."""
    made: list[nn.Module] = []
    for inputs, outputs in ((1, WIDTH), (WIDTH, WIDTH), (WIDTH, WIDTH), (WIDTH, WIDTH)):
        made += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    made.insert(6, nn.MaxPool2d(2))
    return nn.Sequential(*made, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(WIDTH, 10))


def ties(share: float, options: dict[str, Any]) -> TiePlan:
    """Return a plan that clusters the first and the third convolution into the next ones."""
    readers = {"0": "3", "7": "10"}
    rules = [
        plan("cluster", name, ratio=share, **{"into": into, **options}).rules[0]
        for name, into in readers.items()
    ]
    return TiePlan(tuple(rules))


def row(made: nn.Module, seen: dict[str, Any], share: float, options: dict[str, Any]) -> tuple[float, float]:
    """Return the share of products that are left, and the accuracy."""
    options = dict(options)
    look = options.pop("looks", False)
    tied, _ = tie(made, ties(share, options), seen=seen if look else None)
    work = costs.each_layer_once(tied.eval())[""] / costs.each_layer_once(made)[""]
    return work, accuracy(tied)


def main() -> int:
    """Read the arguments, train and print the table."""
    parser = argparse.ArgumentParser(description="Clusters folded through batch norm.")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    found: dict[tuple[float, str], list[tuple[float, float]]] = {}
    whole = []
    for seed in range(given.seeds):
        torch.manual_seed(seed)
        made = net()
        train(made, lambda generator: image_batch(generator, 64), given.steps, 5e-3)
        made.eval()
        whole.append(accuracy(made))
        few: Tensor = digits()[0][:200]
        heard, _ = listen({"net": made}, lambda: made(few))  # noqa: B023
        seen = {name.removeprefix("net."): of for name, of in heard.items()}
        for share in SHARES:
            for way, options in WAYS.items():
                found.setdefault((share, way), []).append(row(made, seen, share, options))
    print(f"untied: {sum(whole) / len(whole):.1f}%\n")
    print(f"| {'way':s} | {' | '.join(f'{share:.0%} of the rows' for share in SHARES)} |")
    print(f"|---|{'---:|' * len(SHARES)}")
    for way in WAYS:
        cells = []
        for share in SHARES:
            rows = found[share, way]
            cells.append(f"{sum(of for _, of in rows) / len(rows):.1f}%, work {rows[0][0]:.2f}")
        print(f"| {way} | {' | '.join(cells)} |")
    return 0


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
