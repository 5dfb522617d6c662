"""`cluster` of two layers: the second reads each different row of the first once."""

from typing import Any

import torch
from torch import Tensor

from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.schemes.cluster import Cluster
from tiedtts.tying.schemes.cluster_options import ClusterOptions
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, precise


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
