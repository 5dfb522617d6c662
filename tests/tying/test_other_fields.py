"""The same call ties an image classifier and a language model: what it costs, and what a fine-tune brings back.

    python -m tests.tying.test_other_fields

prints the tables.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from tests.tying.cases import plan
from tiedtts.tying import count_parameters, tie

TEXT = Path(__file__).parents[2] / "LICENSE"


@dataclass(frozen=True)
class Work:
    """How long nets are trained."""

    rows: int
    """Rows of a batch."""
    steps: int
    tuning: int
    """Steps after tying."""


TABLES = {"images": Work(64, 250, 100), "text": Work(32, 200, 80)}
"""For the tables."""
TESTS = {"images": Work(32, 200, 80), "text": Work(16, 120, 40)}
"""A part of that, which says the same less sharply."""

Found = dict[str, tuple[int, float, float]]
"""Way to tie -> parameters, measure without data, measure after a fine-tune."""


class Images(nn.Module):
    """Classifies handwritten digits, (B, 1, 8, 8) to (B, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 32, 3, padding=1)
        self.wide = nn.Conv2d(32, 64, 3, padding=1)
        self.narrow = nn.Conv2d(64, 32, 3, padding=1)
        self.square = nn.Conv2d(32, 32, 3, padding=1)
        self.head = nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        x = F.max_pool2d(F.relu(self.narrow(F.relu(self.wide(x)))), 2)
        x = F.relu(self.square(x)).mean((2, 3))
        out: Tensor = self.head(x)
        return out


class Letters(nn.Module):
    """Foretells the next byte of a text, (B, T) to (B, T, 128)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(128, 48)
        self.rnn = nn.GRU(48, 48, batch_first=True)
        self.head = nn.Linear(48, 128)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.rnn(self.embedding(x))[0])
        return out


@lru_cache(maxsize=1)
def digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training images and labels, and those held out."""
    data = load_digits()
    images = torch.tensor(data.images, dtype=torch.float32)[:, None] / 16
    labels = torch.tensor(data.target)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    return images[order[:1400]], labels[order[:1400]], images[order[1400:]], labels[order[1400:]]


def image_batch(generator: torch.Generator, rows: int) -> tuple[Tensor, Tensor]:
    images, labels, _, _ = digits()
    at = torch.randint(len(labels), (rows,), generator=generator)
    return images[at], labels[at]


@torch.no_grad()
def accuracy(net: nn.Module) -> float:
    """Return the share of held-out digits that are recognised, percent."""
    _, _, images, labels = digits()
    return 100 * (net(images).argmax(1) == labels).float().mean().item()


@lru_cache(maxsize=1)
def letters() -> tuple[Tensor, Tensor]:
    """Return the text of the licence as bytes: what is learnt from, and the last tenth."""
    text = torch.tensor([min(byte, 127) for byte in TEXT.read_bytes()])
    cut = len(text) * 9 // 10
    return text[:cut], text[cut:]


def text_batch(generator: torch.Generator, rows: int) -> tuple[Tensor, Tensor]:
    text, _ = letters()
    starts = torch.randint(len(text) - 49, (rows,), generator=generator)
    read = torch.stack([text[at : at + 49] for at in starts])
    return read[:, :-1], read[:, 1:]


@torch.no_grad()
def perplexity(net: nn.Module) -> float:
    """Return the perplexity of a byte of the held-out text."""
    _, text = letters()
    return F.cross_entropy(net(text[None, :-1])[0], text[1:]).exp().item()


def train(
    net: nn.Module, batch: Callable[[torch.Generator], tuple[Tensor, Tensor]], steps: int, rate: float
) -> None:
    generator = torch.Generator().manual_seed(1)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * (1 - step / steps)
        x, y = batch(generator)
        loss = F.cross_entropy(net(x).flatten(0, -2), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


IMAGES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "identity": ("identity", "square", "share", {}),
    "diagonal": ("diagonal", "square", "keep", {}),
    "separable": ("separable", "[wns][iaq]*", "keep", {}),
    "lowrank": ("lowrank", "[wns][iaq]*", "keep", {"ratio": 0.25}),
    "cluster": ("cluster", "wide", "keep", {"ratio": 0.5}),
    "cluster into": ("cluster", "wide", "keep", {"ratio": 0.5, "into": "narrow"}),
    "codebook": ("codebook", "*", "keep", {"k": 16}),
}
TEXTS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "io": ("io", "embedding", "keep", {"output": "head"}),
    "lowrank": ("lowrank", "rnn", "keep", {"ratio": 0.5}),
    "codebook": ("codebook", "*", "keep", {"k": 16}),
}


def compare(kind: str, work: Work) -> tuple[tuple[int, float], Found]:
    """Train a net, tie it in every way, and fine-tune each."""
    torch.manual_seed(0)
    net: nn.Module = Images() if kind == "images" else Letters()
    read, measure = (image_batch, accuracy) if kind == "images" else (text_batch, perplexity)
    batch = partial(read, rows=work.rows)
    train(net, batch, work.steps, 5e-3)
    found: Found = {}
    for name, (scheme, layers, bias, options) in (IMAGES if kind == "images" else TEXTS).items():
        tied, report = tie(net, plan(scheme, layers, bias, **options))
        before = measure(tied)
        train(tied, batch, work.tuning, 2e-3)
        found[name] = (report.parameters_after, before, measure(tied))
    if kind == "text":
        torch.manual_seed(0)
        tied, report = tie(Letters(), plan("io", "embedding", output="head"), rescale=True)
        before = measure(tied)
        train(tied, batch, work.steps, 5e-3)
        found["io from the start"] = (report.parameters_after, before, measure(tied))
    return (count_parameters(net), measure(net)), found


@pytest.fixture(scope="module")
def images() -> tuple[tuple[int, float], Found]:
    return compare("images", TESTS["images"])


@pytest.fixture(scope="module")
def text() -> tuple[tuple[int, float], Found]:
    return compare("text", TESTS["text"])


def test_a_classifier(images: tuple[tuple[int, float], Found]) -> None:
    (parameters, untied), found = images
    # Over four seeds a net this shortly trained reaches 84 to 92 %; which of them a seed gives depends on the processor.
    assert untied > 75
    assert all(tied < parameters for tied, _, _ in found.values())
    # The nearest weights are as good at once, or after a short fine-tune.
    assert found["codebook"][1] > untied - 12
    for way in ("lowrank", "cluster", "cluster into", "codebook"):
        assert found[way][2] > untied - 3, way


def test_ties_to_be_trained_with_rather_than_converted_to(images: tuple[tuple[int, float], Found]) -> None:
    found = images[1]
    for way in ("identity", "diagonal", "separable"):
        _, before, after = found[way]
        # Channels that no longer mix, or filters of one shape, are another net: it has to learn.
        assert before < 60, way
        assert after > before + 30, way


def test_a_language_model(text: tuple[tuple[int, float], Found]) -> None:
    (parameters, untied), found = text
    assert untied < 12
    assert all(tied < parameters for tied, _, _ in found.values())
    assert parameters - found["io"][0] == parameters - found["io from the start"][0] == 128 * 48
    for way in ("lowrank", "codebook"):
        assert found[way][1] < 1.05 * untied, way
        assert found[way][2] < 1.05 * untied, way
    # Two maps that were learnt apart are nothing like each other's transpose.
    assert found["io"][1] > 10 * untied
    assert found["io"][2] < 0.1 * found["io"][1]
    assert found["io from the start"][2] < 1.25 * untied


def main() -> None:
    for kind, word in (("images", "accuracy, %"), ("text", "perplexity")):
        (parameters, untied), found = compare(kind, TABLES[kind])
        print(f"\n| {kind} | parameters | {word}, no data | after training |\n|---|---:|---:|---:|")
        print(f"| untied | {parameters:,} | {untied:.1f} | |")
        for name, (tied, before, after) in found.items():
            print(f"| {name} | {tied:,} | {before:.1f} | {after:.1f} |")


if __name__ == "__main__":
    main()
