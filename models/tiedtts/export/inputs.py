"""Inputs of a matrix: which of its differences matter, by what it reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tiedtts.export.low_rank import SMALL, largest
from tiedtts.tying.moments import Moments

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Inputs:
    """Inputs of a matrix, (O, I), as far as they are known.

    What a difference D changes of the outputs has the energy of D S, where S S is the second moment of the
    inputs. So the best difference of a low rank is that of D S, with S taken back (as in Wang et al.,
    "SVD-LLM: Truncation-aware Singular Value Decomposition for Large Language Model Compression", 2025).
    """

    root: Floats | None = None
    """S, (I, I)."""
    back: Floats | None = None
    """Its inverse."""
    rows: Floats | None = None
    """Root of the share of each row of a table, which are read one by one, (O, 1)."""

    @classmethod
    def of(cls, moments: Moments | None, shape: tuple[int, ...]) -> "Inputs":
        """Return what moments tell of a matrix.

        Args:
            moments: Of the layer; nothing is told by None, nor by those of a kernel of several taps.
            shape: (O, ...), with I values in each row.
        """
        if moments is None:
            return cls()
        if moments.spec.is_embedding:
            return cls(rows=moments.energies(centred=False).sqrt().numpy().reshape(-1, 1))
        inner = None if moments.spec.is_transposed else moments.inner(centred=False)
        if inner is None or inner.shape != (1, size := int(np.prod(shape[1:])), size):
            return cls()
        squares, turn = np.linalg.eigh(inner[0].numpy())
        sizes = np.sqrt(np.maximum(squares, np.finfo(np.float64).tiny))
        return cls(root=(turn * sizes) @ turn.T, back=(turn / sizes) @ turn.T)

    def energy(self, difference: npt.NDArray[Any]) -> float:
        """Return the energy of what a difference, (O, ...), changes of outputs; else its own."""
        return float(np.square(self._weighted(difference)).sum())

    def nearest(self, difference: npt.NDArray[Any], most: int) -> npt.NDArray[Any]:
        """Return the difference of at most so many terms with which outputs are nearest, (O, ...).

        Small matrices stay as they are.
        """
        if difference.size < SMALL or (self.root is None and self.rows is None):
            return difference
        rank = largest(difference.shape, most)
        up, sizes, down = np.linalg.svd(self._weighted(difference), full_matrices=False)
        found: Floats = (up[:, :rank] * sizes[:rank]) @ down[:rank]
        if self.back is not None:
            found = found @ self.back
        if self.rows is not None:
            found = found / self.rows
        return found.reshape(difference.shape)

    def _weighted(self, difference: npt.NDArray[Any]) -> Floats:
        flat: Floats = difference.reshape(len(difference), -1).astype(np.float64)
        if self.root is not None:
            flat = flat @ self.root
        return flat if self.rows is None else flat * self.rows
