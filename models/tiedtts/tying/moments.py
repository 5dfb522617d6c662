"""Moments: what a layer reads and writes while its net runs, summed up, for ties that look at data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from tiedtts.tying.layers import LayerSpec

WIDEST = 4096
"""Channels of which all products of pairs are summed; of more, only squares are."""
FEWEST = 16
"""Positions that a layer must have been seen at, so that anything follows from it."""
_PRIOR = 1e-3
"""Share of the moments that stands for what the data do not show."""


Seen = Mapping[str, "Moments"]
"""Moments of weights by their names."""


@dataclass
class Moments:
    """Sums over the positions at which one weight was used.

    Letters as in `tiedtts.tying.layers`; what was summed is divided when it is asked for.
    """

    spec: LayerSpec
    """Layer of the weight; the canonical layout is its."""
    weight: Tensor
    """Weight of the layer as it ran."""
    count: int = 0
    """Positions of the inputs."""
    written: int = 0
    """Positions of the outputs."""
    is_whole: bool = True
    """Whether each column of the weight reads one channel, not one of each of several groups."""
    sums: dict[str, Tensor] = field(default_factory=dict)
    """`x` and `xx`, (g, I / g), sums and squares of inputs; `inner`, (g, I / g, I / g), their products of
    pairs; `outer`, (g, O / g, O / g), and `y`, (g, O / g), the same of outputs without bias."""

    def add_inputs(self, x: Tensor) -> None:
        """Add inputs, (N, C), where C is I, or I / g for each of the groups of a weight that knows none."""
        groups, _, columns, _ = self.spec.canonical_shape
        self.is_whole = self.is_whole and x.shape[1] == groups * columns
        grouped = x.double().reshape(len(x), -1, columns)
        # (g, N, I / g); with more groups than the weight knows, these are more positions of one.
        grouped = grouped.transpose(0, 1) if groups > 1 else grouped.reshape(1, -1, columns)
        self.count += grouped.shape[1]
        self._add("x", grouped.sum(1))
        self._add("xx", grouped.square().sum(1))
        if columns <= WIDEST and (self.spec.taps == 1 or self.spec.is_transposed):
            self._add("inner", grouped.transpose(1, 2) @ grouped)

    def add_outputs(self, y: Tensor) -> None:
        """Add outputs without bias, (N, O)."""
        groups, rows, _, _ = self.spec.canonical_shape
        grouped = y.double().reshape(len(y), groups, rows).transpose(0, 1)
        self.written += len(y)
        self._add("y", grouped.sum(1))
        if rows <= WIDEST:
            self._add("outer", grouped.transpose(1, 2) @ grouped)

    def add_entries(self, entries: Tensor) -> None:
        """Add the entries of a table that were read, any shape: each is an input of its own."""
        counts = torch.bincount(entries.flatten(), minlength=self.spec.inputs).double()
        self.count += int(entries.numel())
        self._add("xx", counts[None])
        self._add("x", counts[None])

    def _add(self, name: str, value: Tensor) -> None:
        value = value.cpu()
        self.sums[name] = self.sums[name] + value if name in self.sums else value

    @property
    def is_enough(self) -> bool:
        """Whether the layer was seen often enough."""
        return self.count >= FEWEST

    @property
    def mean(self) -> Tensor:
        """Mean inputs, (g, I / g)."""
        return self.sums["x"] / max(1, self.count)

    def energies(self, *, centred: bool) -> Tensor:
        """Return mean squares of the inputs, (g, I / g), of their distances from the mean if `centred`.

        For a table, whose rows are its entries, how often each was read, (1, V). Nothing is zero.
        """
        found = self.sums["xx"] / max(1, self.count)
        if centred and not self.spec.is_embedding:
            found = (found - self.mean.square()).clamp(min=0)
        return found + 0.05 * found.mean().clamp(min=1e-30)

    def inner(self, *, centred: bool) -> Tensor | None:
        """Return second moments of the inputs, (g, I / g, I / g), if they were summed; see `energies`."""
        if "inner" not in self.sums:
            return None
        found = self.sums["inner"] / max(1, self.count)
        if centred:
            found = found - self.mean[:, :, None] * self.mean[:, None]
        identity = torch.eye(found.shape[-1], dtype=found.dtype)
        trace = found.diagonal(dim1=1, dim2=2).mean(1).clamp(min=1e-30)
        return found + (_PRIOR + self._doubt(found.shape[-1], self.count)) * trace[:, None, None] * identity

    def outer(self, *, centred: bool) -> Tensor | None:
        """Return second moments of the outputs, (g, O / g, O / g), without bias; see `energies`.

        What the data do not show is as the weights have it. Of a table, O is the width of its vectors.
        """
        rows = self.spec.canonical_shape[1]
        weight = self.spec.canonical(self.weight).double().cpu()
        if self.spec.is_embedding:
            table = weight[0, :, :, 0]  # (V, O)
            return (table.T @ (self.energies(centred=False)[0][:, None] * table))[None]
        inner = None if self.spec.is_transposed else self.inner(centred=centred)
        flat = weight.flatten(2)
        if inner is not None:
            return flat @ inner @ flat.transpose(1, 2)
        if "outer" not in self.sums:
            return None
        found = self.sums["outer"] / max(1, self.written)
        if centred:
            mean = self.sums["y"] / max(1, self.written)
            found = found - mean[:, :, None] * mean[:, None]
        own = flat @ flat.transpose(1, 2)
        scale = found.diagonal(dim1=1, dim2=2).sum(1) / own.diagonal(dim1=1, dim2=2).sum(1).clamp(min=1e-30)
        return found + (_PRIOR + self._doubt(rows, self.written)) * scale[:, None, None] * own

    def mean_output(self) -> Tensor | None:
        """Return mean outputs without bias, (g, O / g), if they are known."""
        if "y" in self.sums:
            return self.sums["y"] / max(1, self.written)
        if self.spec.is_embedding or not self.is_whole:
            return None
        weight = self.spec.canonical(self.weight.double().cpu())
        return (weight.sum(3) * self.mean[:, None]).sum(2) / self._overlap()

    @staticmethod
    def _doubt(channels: int, count: int) -> float:
        """Return how little so few positions say of the products of so many channels."""
        return min(1.0, 0.1 * channels / max(1, count))

    def shift(self, changed: Tensor) -> Tensor | None:
        """Return what must be added to a bias, (O,), so that mean outputs stay as they are.

        Args:
            changed: Weight that takes the place of the layer's, in its layout.
        """
        if self.spec.is_embedding or not self.is_whole:
            return None
        lost = self.spec.canonical(self.weight.double().cpu() - changed.double().cpu())
        return (lost.sum(3) * self.mean[:, None]).sum(2).flatten() / self._overlap()

    def _overlap(self) -> float:
        """Return how many positions of the input a position of a transposed convolution's output lacks."""
        if not self.spec.is_transposed:
            return 1.0
        stride = torch.tensor(self.spec.arguments["stride"]).prod()
        return float(stride)

    def damage(self, changed: Tensor, *, centred: bool) -> float:
        """Return how much outputs differ with another weight: squared, over the square of the first ones.

        Args:
            changed: Weight that takes the place of the layer's, in its layout.
            centred: Whether a bias takes up the change of the mean.
        """
        first = self.spec.canonical(self.weight.double().cpu())
        lost = first - self.spec.canonical(changed.double().cpu())
        inner = None if self.spec.is_embedding else self.inner(centred=centred)
        if inner is not None:

            def energy(weight: Tensor) -> Tensor:
                # Each tap sees the same inputs, at one time or another.
                rows = weight.transpose(2, 3).flatten(1, 2)
                return ((rows @ inner) * rows).sum()
        else:
            energies = self.energies(centred=centred)
            by_column = energies[:, :, None, None] if self.spec.is_embedding else energies[:, None, :, None]

            def energy(weight: Tensor) -> Tensor:
                return (weight.square() * by_column).sum()

        return float(energy(lost) / energy(first).clamp(min=1e-30))
