"""Other fields: an image classifier and a language model, trained, tied and trained on.

`pytest -s tests/tying/test_other_fields.py` prints what was measured.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from tests.tying.cases import plan
from tiedtts.tying import TiePlan, TieReport, tie

LICENCE = Path(__file__).parents[2] / "LICENSE"


@dataclass(frozen=True)
class Row:
    """One way to tie a net, and how good the net then is."""

    report: TieReport
    """What tying did."""
    tied: float
    """Quality without any data."""
    tuned: float
    """Quality after a short training of the tied net."""


@dataclass(frozen=True)
class Table:
    """A net as it was trained, and tied in several ways."""

    before: float
    """Quality of the plain net."""
    longer: float
    """The same, after the training that the tied nets had on top."""
    rows: dict[str, Row]
    """By the way to tie."""

    def print(self, unit: str) -> None:
        print(f"\n{'':24}{'parameters':>11}{'before':>9}{'tied':>9}{'tuned':>9}   {unit}")
        size = next(iter(self.rows.values())).report.parameters_before
        print(f"{'plain':24}{size:11}{self.before:9.2f}{self.before:9.2f}{self.longer:9.2f}")
        for name, row in self.rows.items():
            size = row.report.parameters_after
            print(f"{name:24}{size:11}{self.before:9.2f}{row.tied:9.2f}{row.tuned:9.2f}")


def fill(
    net: nn.Module, plans: dict[str, TiePlan], train: Callable[[nn.Module], None], rate: Callable[[nn.Module], float]
) -> Table:
    """Tie a trained net by every plan, rate it, train it on, and rate it again."""
    longer = copy.deepcopy(net)
    train(longer)
    rows = {}
    for name, of in plans.items():
        tied, report = tie(net, of)
        at_once = rate(tied)
        train(tied)
        rows[name] = Row(report, at_once, rate(tied))
    return Table(rate(net), rate(longer), rows)


class Reader(nn.Module):
    """Reads a digit of 8x8 grey levels, (B, 1, 8, 8), to scores, (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 24, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(24, 24, 3, padding=1) for _ in range(3))
        self.head = nn.Linear(24 * 16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first(x))
        x = torch.relu(self.body[0](x))
        x = F.max_pool2d(x, 2)
        x = torch.relu(self.body[2](torch.relu(self.body[1](x))))
        scores: Tensor = self.head(x.flatten(1))
        return scores


IMAGE_PLANS = {
    "identity": plan("identity", "body.*", "share"),
    "diagonal": plan("diagonal", "body.*"),
    "separable": plan("separable", "body.*"),
    "separable, rank 3": plan("separable", "body.*", rank=3),
    "lowrank, rank 6": plan("lowrank", "body.*", rank=6),
    "lowrank, one basis": plan("lowrank", "body.*", rank=12, shared=True),
    "cluster, half": plan("cluster", "body.*"),
    "cluster, into": plan("cluster", "body.1", into="body.2"),
    "share": plan("share", "body.*"),
    "codebook, 16": plan("codebook", "body.*", k=16),
    "codebook, pairs": plan("codebook", "body.*", k=64, dim=3),
}


def read_digits() -> tuple[Tensor, Tensor]:
    """Return images, (B, 1, 8, 8), from 0 to 1, and the digits they show, in one random order."""
    digits = load_digits()
    order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(0))
    images = torch.as_tensor(digits.images, dtype=torch.float32)[:, None] / 16
    return images[order], torch.as_tensor(digits.target)[order]


@pytest.fixture(scope="module")
def images() -> Table:
    """Share of 597 digits read right, in percent; the other 1200 train."""
    inputs, targets = read_digits()

    def train(net: nn.Module, epochs: int = 3, rate: float = 2e-3) -> None:
        generator = torch.Generator().manual_seed(1)
        optimizer = torch.optim.AdamW(net.parameters(), rate)
        for _ in range(epochs):
            for batch in torch.randperm(1200, generator=generator).split(50):
                optimizer.zero_grad()
                F.cross_entropy(net(inputs[batch]), targets[batch]).backward()
                optimizer.step()

    @torch.no_grad()
    def rate(net: nn.Module) -> float:
        right = net(inputs[1200:]).argmax(1) == targets[1200:]
        return 100 * right.float().mean().item()

    torch.manual_seed(0)
    net = Reader()
    train(net, 8, 4e-3)
    return fill(net, IMAGE_PLANS, train, rate)


class Speller(nn.Module):
    """Tells the next character from those before it: ids, (B, T), to scores, (B, T, V)."""

    def __init__(self, characters: int) -> None:
        super().__init__()
        self.emb = nn.Embedding(characters, 64)
        self.memory = nn.GRU(64, 64, batch_first=True)
        self.head = nn.Linear(64, characters)

    def forward(self, ids: Tensor) -> Tensor:
        scores: Tensor = self.head(self.memory(self.emb(ids))[0])
        return scores


TEXT_PLANS = {
    "io": plan("io", "emb", output="head"),
    "lowrank, rank 24": plan("lowrank", "memory", rank=24),
    "codebook, 16": plan("codebook", k=16),
    "codebook, 4": plan("codebook", k=4),
    "io + codebook": TiePlan(
        (*plan("io", "emb", output="head").rules, *plan("codebook", "memory", k=16).rules)
    ),
}


@pytest.fixture(scope="module")
def text() -> Table:
    """Perplexity of each character of the last tenth of this project's licence; the rest trains."""
    words = " ".join(LICENCE.read_text(encoding="utf-8").split())
    known = sorted(set(words))
    ids = torch.tensor([known.index(character) for character in words])
    end = len(ids) * 9 // 10
    train_ids, held_out = ids[:end], ids[end:]

    def train(net: nn.Module, steps: int = 40, rate: float = 3e-3) -> None:
        generator = torch.Generator().manual_seed(1)
        optimizer = torch.optim.AdamW(net.parameters(), rate)
        for _ in range(steps):
            starts = torch.randint(len(train_ids) - 48, (32, 1), generator=generator)
            piece = train_ids[starts + torch.arange(49)]
            optimizer.zero_grad()
            F.cross_entropy(net(piece[:, :-1]).transpose(1, 2), piece[:, 1:]).backward()
            optimizer.step()

    @torch.no_grad()
    def rate(net: nn.Module) -> float:
        return exp(F.cross_entropy(net(held_out[None, :-1])[0], held_out[1:]).item())

    torch.manual_seed(0)
    net = Speller(len(known))
    train(net, 300, 1e-2)
    return fill(net, TEXT_PLANS, train, rate)


def test_tables(images: Table, text: Table) -> None:
    images.print("% of digits read right")
    text.print("perplexity")
