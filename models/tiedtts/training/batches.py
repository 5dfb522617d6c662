"""Batches: the recordings of each step, a pure function of the seed and the step's number.

So a resumed run sees what the unbroken one would have seen, and several processes share the batches of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

SPREAD = 0.15
"""Lengths are shuffled by this share before sorting, so that batches differ between epochs."""


@dataclass
class Batches:
    """Batches of recordings of similar length, or of recordings drawn by their length.

    Args:
        lengths: Frames of each recording.
        size: Recordings in a batch, over all processes.
        seed: Seed of the order.
        draw: Draw by length, for random segments, instead of taking each recording once an epoch.
    """

    lengths: Sequence[int]
    size: int
    seed: int
    draw: bool = False
    _epoch: tuple[int, list[npt.NDArray[np.int64]]] | None = field(default=None, repr=False)

    def at(self, step: int) -> list[int]:
        """Return the recordings of a step."""
        lengths = np.asarray(self.lengths, np.float64)
        if self.draw:
            rng = np.random.default_rng([self.seed, step])
            drawn = rng.choice(len(lengths), self.size, p=lengths / lengths.sum())
            return [int(i) for i in drawn]
        size = min(self.size, len(lengths))
        epoch, place = divmod(step, len(lengths) // size)
        if self._epoch is None or self._epoch[0] != epoch:
            rng = np.random.default_rng([self.seed, epoch])
            order = np.argsort(lengths * rng.uniform(1 - SPREAD, 1 + SPREAD, len(lengths)))
            # What does not fill a batch is left out anywhere, not only among the longest.
            order = np.delete(order, rng.choice(len(order), len(order) % size, replace=False))
            chunks = [order[i : i + size] for i in range(0, len(order), size)]
            self._epoch = epoch, [chunks[i] for i in rng.permutation(len(chunks))]
        return [int(i) for i in self._epoch[1][place]]
