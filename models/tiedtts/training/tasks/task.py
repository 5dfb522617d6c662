"""The base class of training tasks: batches, losses, evaluation and pictures of one kind of net."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from tiedtts.training.losses import Ratio
from tiedtts.training.recipe import PartRecipe, Stage

Batch = dict[str, Tensor]
"""Named tensors, the batch axis first."""


class Task(ABC):
    """A net, its data and its losses; the training loop knows nothing else of a part."""

    name: str
    """Part name: `aligner`, `acoustic` or `vocoder`."""
    recipe: PartRecipe
    """Steps, rates and sizes."""
    net: nn.Module
    weights: dict[str, float]
    """Weight of each loss in the sum; one that is not named is only reported."""
    lengths: list[int]
    """Frames of each training recording."""
    draws: bool = False
    """Whether recordings are drawn by length rather than taken in turn."""

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
    """A task whose net can also be trained against a discriminator of spectrograms."""

    @abstractmethod
    def discriminator(self) -> nn.Module:
        """Return a fresh discriminator."""

    @abstractmethod
    def views(self, outputs: Any, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
        """Return made and real spectrograms, (B, F, bands) each, for the discriminator."""
