"""Scales: factors of rows of a weight, or of groups of its numbers, so that one codebook fits all of them."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tiedtts.tying.layers import LayerSpec

FEWEST = 64
"""Numbers that have a scale in common at least, where nobody asks for fewer: a scale takes as many bits as
eight indices or more."""


@dataclass(frozen=True)
class Scaling:
    """Groups of the numbers of a weight; letters as in `tiedtts.tying.layers`."""

    spec: LayerSpec
    """Layer of the weight."""
    rows: int
    """Rows, one for each output, or for each entry of a table."""
    length: int
    """Numbers of a row."""
    rows_together: int
    """Rows that have one scale."""
    pieces: int
    """Scales of a row."""

    @classmethod
    def of(cls, spec: LayerSpec, group: int | None) -> "Scaling":
        """Return the groups of a layer.

        Args:
            spec: The layer.
            group: Numbers of a group, at most where it is a part of a row; if None, a whole row, or as many
                short ones as make up `FEWEST`.
        """
        groups, outputs, inputs, taps = spec.canonical_shape
        rows, length = groups * outputs, max(1, inputs * taps)
        if group is not None and group < length:
            return cls(spec, rows, length, 1, -(-length // group))
        return cls(spec, rows, length, max(1, min(rows, (FEWEST if group is None else group) // length)), 1)

    @property
    def count(self) -> int:
        """Number of scales."""
        return -(-self.rows // self.rows_together) * self.pieces

    def full(self, scales: Tensor) -> Tensor:
        """Return scales, (count,), so that they can be multiplied with `spec.canonical` of a weight."""
        groups, outputs, _, _ = self.spec.canonical_shape
        if self.pieces == 1:
            return self._of_rows(scales).reshape(groups, outputs, 1, 1)
        step = -(-self.length // self.pieces)
        each = scales.reshape(self.rows, self.pieces).repeat_interleave(step, 1)[:, : self.length]
        return each.reshape(self.spec.canonical_shape)

    def _of_rows(self, scales: Tensor) -> Tensor:
        if self.rows_together == 1:
            return scales
        return scales.repeat_interleave(self.rows_together)[: self.rows]

    def grouped(self, weight: Tensor) -> Tensor:
        """Return the numbers of each group, (count, N), with zeros for those that a short group lacks."""
        rows = self.spec.canonical(weight).flatten(0, 1).flatten(1)
        if self.pieces > 1:
            step = -(-self.length // self.pieces)
            rows = torch.nn.functional.pad(rows, (0, step * self.pieces - self.length))
            return rows.reshape(self.count, step)
        missing = self.count * self.rows_together - self.rows
        return torch.nn.functional.pad(rows, (0, 0, 0, missing)).reshape(self.count, -1)

    def sizes(self) -> Tensor:
        """Return the numbers in each group, (count,)."""
        found = torch.full((self.count,), float(-(-self.length // self.pieces) * self.rows_together))
        if self.pieces > 1:
            last = self.length - (self.pieces - 1) * -(-self.length // self.pieces)
            found[self.pieces - 1 :: self.pieces] = last
        else:
            found[-1] = (self.rows - (self.count - 1) * self.rows_together) * self.length
        return found

    def times(self, weight: Tensor, scales: Tensor) -> Tensor:
        """Return a weight times its scales, in the layout of the layer."""
        if self.pieces == 1 and not self.spec.is_transposed:
            # Rows come first, as they are.
            return weight * self._of_rows(scales).reshape(-1, *(1 for _ in weight.shape[1:]))
        return self.spec.native(self.spec.canonical(weight) * self.full(scales))


def roots(scaling: Scaling, weight: Tensor) -> Tensor:
    """Return the root mean square of each group, (count,); one where all is zero."""
    grouped = scaling.grouped(weight)
    found = grouped.square().sum(1).div(scaling.sizes().to(grouped)).sqrt()
    return torch.where(found > math.sqrt(torch.finfo(found.dtype).tiny), found, 1.0)
