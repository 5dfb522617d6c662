"""Two nets that train quickly, on which ways to come to a tie are compared: one that spells, and an acoustic net."""

import dataclasses
import random
import re
from abc import ABC, abstractmethod
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.benchmarks.tying import fresh, loss, make_task, own_count
from tests.benchmarks.tying_variants import Variant
from tiedtts.text.pronounce.lexicon import CMUDICT
from tiedtts.training import corpus as corpora
from tiedtts.training.batches import Batches
from tiedtts.training.tasks.acoustic import AcousticTask
from tiedtts.tying import count_parameters

CONTEXT = 8
"""Letters that the spelling net reads."""
LETTERS = " 'abcdefghijklmnopqrstuvwxyz"
"""Letters of words; a blank stands before and after a word."""


class Quick(ABC):
    """Data, a net and its losses."""

    name: str
    stacks: dict[str, int]
    """Pattern of the blocks that lie behind each other, to how many there are."""
    width: int
    """Channels between the blocks."""
    rate: float
    """Learning rate at the top of its curve."""
    decay: float = 0.02
    """Weight decay of AdamW."""

    @abstractmethod
    def fresh(self) -> nn.Module:
        """Return a net that has learnt nothing, from torch's seed."""

    @abstractmethod
    def loss(self, net: nn.Module, seed: int, step: int) -> Tensor:
        """Return the loss of a step's batch, the same one for every net."""

    @abstractmethod
    def heldout(self, net: nn.Module) -> float:
        """Return the loss on what is held out."""

    def count(self, net: nn.Module) -> int:
        """Count the parameters that learn."""
        return count_parameters(net)


class Block(nn.Module):
    """A residual block: norm, expansion, activation, projection."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.norm, self.expand = nn.LayerNorm(width), nn.Linear(width, inner)
        self.act, self.project = nn.GELU(), nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.project(self.act(self.expand(self.norm(x))))


class SpellingNet(nn.Module):
    """Foretells the next letter of a word from the eight before it."""

    def __init__(self, width: int, inner: int, blocks: int) -> None:
        super().__init__()
        self.table, self.first = nn.Embedding(len(LETTERS), 12), nn.Linear(12 * CONTEXT, width)
        self.blocks = nn.Sequential(*(Block(width, inner) for _ in range(blocks)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, len(LETTERS))

    def forward(self, letters: Tensor) -> Tensor:
        """Return logits, (B, L), for letters, (B, 8)."""
        return self.head(self.norm(self.blocks(self.first(self.table(letters).flatten(1)))))


class Spelling(Quick):
    """The next letter of the words of the CMU dictionary that is in the package; one in twenty is held out."""

    name, rate = "spelling net", 3e-3
    stacks = {"blocks.*": 4}  # noqa: RUF012
    width, inner, batch = 64, 256, 256

    def __init__(self) -> None:
        found = re.findall(rb"^[a-z']{2,}", CMUDICT.read_bytes().partition(b"\n")[2], re.MULTILINE)
        words = [word.decode() for word in found]
        random.Random(0).shuffle(words)
        cut = len(words) // 20
        self.held = self._windows(words[:cut])
        self.train = self._windows(words[cut:])

    @staticmethod
    def _windows(words: list[str]) -> Tensor:
        """Return all runs of nine letters, (N, 9), each word after blanks, with one behind it."""
        place = {letter: at for at, letter in enumerate(LETTERS)}
        text = "".join(" " * CONTEXT + word for word in words) + " " * CONTEXT
        runs = torch.tensor([place[letter] for letter in text], dtype=torch.uint8).unfold(0, CONTEXT + 1, 1)
        # A blank is foretold once a word, not eight times.
        return runs[(runs[:, -1] > 0) | (runs[:, -2] > 0)].contiguous()

    def fresh(self) -> nn.Module:
        return SpellingNet(self.width, self.inner, self.stacks["blocks.*"])

    def loss(self, net: nn.Module, seed: int, step: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
        return self._of(net, self.train[torch.randint(len(self.train), (self.batch,), generator=generator)])

    @torch.no_grad()
    def heldout(self, net: nn.Module) -> float:
        return float(self._of(net.eval(), self.held[:20_000]))

    @staticmethod
    def _of(net: nn.Module, runs: Tensor) -> Tensor:
        return F.cross_entropy(net(runs[:, :-1].int()), runs[:, -1].long())


class Acoustic(Quick):
    """The acoustic net of the default recipe, a quarter as wide, on recordings; without its predictor."""

    name, rate = "acoustic net", 2e-3
    share, batch = 0.25, 4

    def __init__(self, data: Path) -> None:
        task = make_task("acoustic", corpora.load(data))
        assert isinstance(task, AcousticTask)
        self.task = task
        task.recipe = dataclasses.replace(task.recipe, batch_size=self.batch)
        net = fresh(task, self.share)
        self.stacks = {
            f"{stack}.blocks.*": len(net.get_submodule(f"{stack}.blocks")) for stack in ("encoder", "decoder")
        }
        self.width = net.config.width

    def fresh(self) -> nn.Module:
        net = fresh(self.task, self.share)
        net.get_submodule("variance").requires_grad_(False)
        return net

    def loss(self, net: nn.Module, seed: int, step: int) -> Tensor:
        task = self.task
        indices = Batches(task.lengths, self.batch, seed, task.draws).at(step)
        torch.manual_seed(seed * 1_000_003 + step)
        batch = task.batch(indices, [seed * 7919 + step * 31 + at for at in range(len(indices))])
        _, parts = task.losses(net, batch)
        return torch.stack([task.weights[n] * parts[n].value for n in parts if task.weights.get(n)]).sum()

    def heldout(self, net: nn.Module) -> float:
        return loss(self.task, net.eval(), Variant(""))

    def count(self, net: nn.Module) -> int:
        return own_count(net)
