"""`cluster`: similar neurons are one neuron."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from tiedtts.errors import ConfigError
from tiedtts.tying import kmeans
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.options import check_positive, check_share
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, precise


@dataclass(frozen=True, kw_only=True)
class ClusterOptions:
    """How many neurons stay, and what becomes of the next layer."""

    k: int | None = None
    """Different rows kept, in each group of channels."""
    ratio: float | None = None
    """Share of the rows kept; half if neither is given."""
    into: str | None = None
    """Name of the layer that reads this one's outputs, whole or beside this one's; its columns are summed."""
    repair: bool = True
    """Give each merged row the mean energy of those it stands for: a mean alone is too quiet."""

    def __post_init__(self) -> None:
        check_positive(self, "k")
        check_share(self, "ratio")
        if self.k is not None and self.ratio is not None:
            raise ConfigError("`k` and `ratio` both say how many rows stay", hint="give one of them")


class Cluster(TiedLayer):
    """Ties the weights of similar output channels, found by k-means over the rows of the weight.

    Each different row is computed once, then copied to the channels that share it; of an `Embedding`, rows
    are the vectors. Wang et al., "Forget the Data and Fine-Tuning! Just Fold the Network to Compress", 2025,
    also for the repair of variance, here from the weights alone.

    Free values: `rows`, (g, k, I / g, K), and `assignment`, (g, O / g), the row of each channel; of an
    `Embedding` of V vectors, (1, k, O, 1) and (1, V).
    """

    scheme = "cluster"
    kind = "structural"
    options_type = ClusterOptions
    scale_of = "rows"

    @classmethod
    def refusal(cls, spec: LayerSpec, options: ClusterOptions) -> str | None:
        """Return why the layer cannot be tied, or nothing."""
        if spec.is_recurrent:
            return "its neurons come in sets with a state"
        rows = _rows(spec)
        if rows < 2:
            return "each of its channels sees an input of its own"
        if options.k is not None and options.k > rows:
            return f"{options.k} rows are more than its {rows}"
        return None

    @classmethod
    def project(
        cls, spec: LayerSpec, weight: Tensor, options: ClusterOptions, bias: Tensor | None = None
    ) -> Values:
        """Find the rows by k-means.

        Args:
            spec: The plain layer.
            weight: Weight of the plain layer.
            options: How many rows stay.
            bias: (O,), if channels are alike only with like biases.
        """
        canonical = precise(spec.canonical(weight))
        k = options.k or max(1, round((0.5 if options.ratio is None else options.ratio) * canonical.shape[1]))
        points = canonical.flatten(2)
        if bias is not None:
            points = torch.cat([points, bias.to(points).reshape(len(points), -1, 1)], 2)
        kept, assignments = [], []
        for rows, point in zip(canonical.flatten(2), points, strict=True):
            centres, nearest = _clustered(spec, point, k)
            centres = centres[:, : rows.shape[1]]
            if options.repair:
                counts = torch.bincount(nearest, minlength=k).to(rows)
                energy = torch.zeros_like(counts).index_add_(0, nearest, rows.square().sum(1)) / counts
                # A row that stands for one channel, or for equal ones, is right as it is.
                factor = (energy / centres.square().sum(1)).sqrt()
                centres = centres * torch.where(factor.isfinite() & (counts > 1), factor, 1.0)[:, None]
            kept.append(torch.unflatten(centres, 1, canonical.shape[2:]))
            assignments.append(nearest)
        return {"rows": torch.stack(kept), "assignment": torch.stack(assignments).to(kmeans.index_type(k))}

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: Any) -> Tensor:
        """Copy each row to its channels."""
        rows, assignment = values["rows"], values["assignment"].int()
        return spec.native(
            torch.stack([of.index_select(0, at) for of, at in zip(rows, assignment, strict=True)])
        )

    def forward(self, x: Tensor, output_size: Any = None) -> Tensor:
        """Compute each different row once, then copy.

        Args:
            x: Input of the plain layer.
            output_size: Output size of a transposed convolution.
        """
        spec, values = self.spec.sized(x, output_size), self.values()
        rows, assignment = values["rows"], values["assignment"].int()
        if spec.is_embedding:
            y = F.embedding(assignment[0][x], rows[0, :, :, 0])
            padding = spec.arguments["padding_idx"]
            return y if padding is None else torch.where((x == padding)[..., None], y.detach(), y)
        y = spec.run(x, spec.native(rows), None)
        starts = torch.arange(len(rows), device=rows.device, dtype=torch.int32) * rows.shape[1]
        y = y.index_select(spec.channel_axis, (assignment + starts[:, None]).flatten())
        bias = self.added()
        return y if bias is None else y + bias.reshape(-1, *(1 for _ in spec.kernel))


class FoldedCluster(Cluster):
    """A clustered layer whose outputs are not copied: the next layer reads each row once, see `FoldedInput`.

    A bias belongs to a row, and so is one number for all the channels that share the row.
    """

    bias_values: Tensor

    def full(self, name: str) -> Tensor | None:
        """Return a parameter of the plain layer by its name."""
        if name == "weight" or self.bias_mode == "zero":
            return super().full(name)
        bias = self.bias_values
        return (
            bias.expand(self._shapes[name]) if len(bias) == 1 else bias[self.values()["assignment"][0].int()]
        )

    def forward(self, x: Tensor, output_size: Any = None) -> Tensor:
        """Compute each different row once: (..., k) where the plain layer gives (..., O).

        Args:
            x: Input of the plain layer.
            output_size: Output size of a transposed convolution.
        """
        spec, rows = self.spec.sized(x, output_size), self.values()["rows"]
        bias = None if self.added() is None else self.bias_values.expand(rows.shape[1])
        return spec.run(x, spec.native(rows), bias)


class FoldedInput(TiedLayer):
    """Reads a `FoldedCluster`: the columns for channels that are equal are summed to one.

    Free values: `columns`, in the layout of the plain layer with k inputs, and `assignment`, (I,), the same
    as that of the layer before. As a weight of all I inputs, a column is spread evenly.
    """

    scheme = "cluster"
    kind = "structural"
    options_type = ClusterOptions
    scale_of = "columns"

    @classmethod
    def fold(cls, spec: LayerSpec, weight: Tensor, assignment: Tensor, k: int) -> Values:
        """Return the free values: sums of the columns of `weight` whose channels are equal."""
        axis = 0 if spec.is_transposed else 1
        index = assignment.long()
        shape = [k if at == axis else size for at, size in enumerate(weight.shape)]
        columns = precise(weight).new_zeros(shape).index_add_(axis, index, precise(weight))
        return {"columns": columns, "assignment": assignment}

    @classmethod
    def refusal(cls, spec: LayerSpec, options: Any) -> str | None:
        """Return why the layer cannot be folded, or nothing."""
        if spec.is_recurrent or spec.is_embedding:
            return "it has no columns to sum"
        return "its channels are in groups" if spec.groups > 1 else None

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: Any) -> Tensor:
        """Spread each column over the channels it stands for."""
        axis, index = (0 if spec.is_transposed else 1), values["assignment"].int()
        columns = values["columns"]
        counts = torch.bincount(index, minlength=columns.shape[axis]).clamp(min=1).to(columns)
        counts = counts.reshape([-1 if at == axis else 1 for at in range(columns.dim())])
        return (columns / counts).index_select(axis, index)

    def forward(self, x: Tensor, output_size: Any = None) -> Tensor:
        """Do what the plain layer does with one input for each row.

        Args:
            x: (..., k), or (B, k, ...) for a convolution.
            output_size: Output size of a transposed convolution.
        """
        return self.spec.sized(x, output_size).run(x, self.values()["columns"], self.added())


def _clustered(spec: LayerSpec, points: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return centres and the centre of each point; what a table has for padding keeps a centre of its own."""
    padding = spec.arguments.get("padding_idx")
    if padding is None or k < 2:
        return kmeans.cluster(points, k)
    others = torch.cat([points[:padding], points[padding + 1 :]])
    centres, nearest = kmeans.cluster(others, k - 1)
    own = nearest.new_full((1,), k - 1)
    return (
        torch.cat([centres, points[padding : padding + 1]]),
        torch.cat([nearest[:padding], own, nearest[padding:]]),
    )


def _rows(spec: LayerSpec) -> int:
    return spec.inputs if spec.is_embedding else spec.outputs // spec.groups
