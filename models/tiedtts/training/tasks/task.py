"""The base class of training tasks: batches, losses, evaluation and pictures of one kind of net."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from tiedtts.nets.discriminator import MultiDiscriminator
from tiedtts.training.losses import Ratio
from tiedtts.training.part_recipe import PartRecipe, Stage

Batch = dict[str, Tensor]
"""Named tensors, the batch axis first."""


class Task(ABC):
    """A net, its data and its losses; the training loop knows nothing else of a part."""

    name: str
    """Part name: `aligner`, `acoustic`, `vocoder` or `joint`."""
    recipe: PartRecipe
    """Steps, rates and sizes."""
    net: nn.Module
    weights: dict[str, float]
    """Weight of each loss in the sum; one that is not named is only reported."""
    lengths: list[int]
    """Frames of each training recording."""
    draws: bool = False
    """Whether recordings are drawn by length rather than taken in turn."""
    fixed: tuple[str, ...] = ()
    """Patterns of the names of parameters that no loss reaches: they stay as they are in every stage."""

    @abstractmethod
    def batch(self, indices: Sequence[int], seeds: Sequence[int]) -> Batch:
        """Collect training recordings; each has a seed of its own for random choices."""

    @abstractmethod
    def losses(self, net: nn.Module, batch: Batch) -> tuple[Any, dict[str, Ratio]]:
        """Run the net on a batch: its outputs, and the losses by name."""

    @abstractmethod
    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Return losses on the held-out recordings."""

    @abstractmethod
    def illustrate(self, net: nn.Module, folder: Path) -> None:
        """Save pictures and sounds of held-out recordings."""

    def begin(self, stage: Stage) -> None:  # noqa: B027
        """Do what a stage asks of the task, before its first step; most tasks need nothing."""

    def finish(self, net: nn.Module) -> None:  # noqa: B027
        """Set whatever is measured once, when all steps are done; most tasks need nothing."""


class AdversarialTask(Task):
    """A task whose net can also be trained against discriminators of spectrograms."""

    turns: int = 1
    """Number of discriminators that take turns, one a step; at 1 each step asks all that there are."""
    keeps_discriminators: bool = False
    """Whether the discriminators of a stage go on in the next, rather than fresh ones."""

    @abstractmethod
    def discriminator(self) -> MultiDiscriminator:
        """Return the discriminators of a stage: fresh ones, unless they are kept."""

    @abstractmethod
    def views(self, outputs: Any, batch: Batch, turn: int = 0) -> tuple[list[Tensor], list[Tensor]]:
        """Return made and real spectrograms, (B, F, bands) each, for the discriminators that are asked.

        Args:
            outputs: What `losses` returned.
            batch: The step's batch.
            turn: Number of the discriminator whose turn it is, where they take turns.
        """
