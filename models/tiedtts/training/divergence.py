"""Divergence: losses or weights that are not numbers any more, found before they are written to a file."""

import math
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from tiedtts.errors import TiedTTSError
from tiedtts.nets import finite
from tiedtts.training.milestones import kept
from tiedtts.training.state import RunningMean


class TrainingDiverged(TiedTTSError):
    """The losses or weights are not numbers any more."""


class Divergence:
    """The checks of one part.

    Args:
        part: Part name, for errors.
        folder: Folder of the part, whose last checkpoint the error names.
    """

    def __init__(self, part: str, folder: Path) -> None:
        self.part, self.folder = part, folder

    def check_losses(self, values: Mapping[str, float], step: int) -> None:
        """Refuse losses that are not numbers.

        Raises:
            TrainingDiverged: Names them.
        """
        broken = [name for name, value in values.items() if not math.isfinite(value)]
        if broken:
            raise self._error(f"losses {', '.join(broken)} are not numbers", step)

    def check_weights(self, net: nn.Module, mean: RunningMean, step: int) -> None:
        """Refuse weights that are not numbers: the last file that is whole stays.

        Raises:
            TrainingDiverged: Names one of them.
        """
        tensors = {**net.state_dict(), **{f"mean of {n}": t for n, t in mean.weights.items()}}
        if broken := finite.broken(tensors, infinite_too=False):
            raise self._error(f"weights are not numbers, such as `{broken[0]}`,", step)

    def _error(self, what: str, step: int) -> TrainingDiverged:
        checkpoints = kept(self.folder)
        start = f"from its last checkpoint, `--init-from {checkpoints[-1]}`, " if checkpoints else ""
        return TrainingDiverged(
            f"{self.part}: {what} at step {step}",
            hint=f"begin a new run, {start}with a lower `learning_rate` or `clip` in its recipe",
        )
