"""What the training loop asks of a part."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor, nn

from tiedtts.training.losses import Ratio
from tiedtts.training.recipe import PartRecipe, Stage

Batch = dict[str, Tensor]
"""Named tensors, the batch axis first."""


class Task(Protocol):
    """A net, its data and its losses."""

    name: str
    """Part name: `aligner`, `acoustic` or `vocoder`."""

    @property
    def recipe(self) -> PartRecipe:
        """Steps, rates and sizes."""
        ...

    net: nn.Module
    weights: dict[str, float]
    """Weight of each loss in the sum; one that is not named is only reported."""
    lengths: list[int]
    """Frames of each training recording."""
    draws: bool
    """Whether recordings are drawn by length rather than taken in turn."""

    def begin(self, stage: Stage) -> None:
        """Do what a stage asks of the task, before its first step."""
        ...

    def discriminator(self) -> nn.Module | None:
        """Return a fresh discriminator, or None where the part has no use for one."""
        ...

    def batch(self, indices: Sequence[int], seeds: Sequence[int]) -> Batch:
        """Collect training recordings; each has a seed of its own for random choices."""
        ...

    def losses(self, net: nn.Module, batch: Batch) -> tuple[Any, dict[str, Ratio]]:
        """Run the net on a batch: its outputs, and the losses by name."""
        ...

    def views(self, outputs: Any, batch: Batch) -> tuple[list[Tensor], list[Tensor]]:
        """Return made and real spectrograms, (B, F, bands) each, for the discriminator."""
        ...

    def evaluate(self, net: nn.Module) -> dict[str, float]:
        """Return losses on the held-out recordings."""
        ...

    def illustrate(self, net: nn.Module, folder: Path) -> None:
        """Save pictures and sounds of held-out recordings."""
        ...

    def finish(self, net: nn.Module) -> None:
        """Set whatever is measured once, when all steps are done."""
        ...
