"""`cluster`: similar neurons are one neuron."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from tiedtts.errors import ConfigError
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.moments import Moments
from tiedtts.tying.schemes.cluster_options import ClusterOptions
from tiedtts.tying.schemes.merging import merge_rows, output_products, points_of
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, precise


class Cluster(TiedLayer):
    """Ties the weights of similar output channels, found by k-means over the rows of the weight.

    Each different row is computed once, then copied to the channels that share it; of an `Embedding`, rows
    are the vectors. Wang et al., "Forget the Data and Fine-Tuning! Just Fold the Network to Compress", 2025.
    They give a merged neuron the variance of the outputs it stands for; `repair` gives it the mean energy of
    their weights, which is the same only for inputs that are independent and of one size. By activations, the
    distance of neurons is that of their outputs, and a row is repaired by these.

    Free values: `rows`, (g, k, I / g, K), and `assignment`, (g, O / g), the row of each channel; of an
    `Embedding` of V vectors, (1, k, O, 1) and (1, V). With scales, `scales`, (g, O / g) or (1, V).
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
        return merge_rows(spec, canonical, points_of(canonical, bias), options)

    @classmethod
    def fitted(
        cls,
        spec: LayerSpec,
        weight: Tensor,
        options: ClusterOptions,
        assignment: Tensor,
        bias: Tensor | None = None,
        rounds: int = 0,
    ) -> Values:
        """Find the rows where it is known which channels are one.

        Args:
            spec: The plain layer.
            weight: Weight of the plain layer.
            options: How many rows stay.
            assignment: Row of each channel, (g, O / g), or (1, V).
            bias: (O,), if channels are alike only with like biases.
            rounds: Rounds of k-means, in which channels may go over to another row.
        """
        canonical = precise(spec.canonical(weight))
        return merge_rows(spec, canonical, points_of(canonical, bias), options, assignment, rounds)

    @classmethod
    def project_seen(
        cls,
        spec: LayerSpec,
        weights: Sequence[Tensor],
        options: ClusterOptions,
        seen: Sequence[Moments | None],
    ) -> list[Values]:
        """Merge neurons by their outputs, if `options` say so; see `TiedLayer.project_seen`.

        Raises:
            ConfigError: No data went through the layer.
        """
        return [cls.project_by(spec, of, options, by) for of, by in zip(weights, seen, strict=True)]

    @classmethod
    def project_by(
        cls,
        spec: LayerSpec,
        weight: Tensor,
        options: ClusterOptions,
        seen: Moments | None,
        bias: Tensor | None = None,
        gains: Tensor | None = None,
    ) -> Values:
        """Find the rows of one layer.

        Args:
            spec: The plain layer.
            weight: Weight of the plain layer.
            options: How many rows stay, and what makes them alike.
            seen: What it read and wrote, if that is known.
            bias: (O,), if channels are alike only with like biases.
            gains: (O,), if outputs were seen before the weight had these factors.

        Raises:
            ConfigError: They are to be alike by what is not known.
        """
        if options.by == "weights":
            return cls.project(spec, weight, options, bias)
        products = None if seen is None or spec.is_embedding else output_products(spec, seen, bias, gains)
        if products is None:
            raise ConfigError(
                "it is to be clustered by its activations, and no data went through it",
                hint="give data that do, or leave `by` out",
            )
        found, turn = torch.linalg.eigh(products)
        # Points whose distances are those of the outputs: (g, O / g, O / g).
        points = turn * found.clamp(min=0).sqrt()[:, None]
        canonical = precise(spec.canonical(weight))
        if bias is not None:
            # Where a bias is merged, too, the mean of both is the least-squares answer.
            options = replace(options, repair=False)
        return merge_rows(spec, canonical, points.to(canonical), options)

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: Any) -> Tensor:
        """Copy each row to its channels."""
        rows, assignment = values["rows"], values["assignment"].int()
        full = torch.stack([of.index_select(0, at) for of, at in zip(rows, assignment, strict=True)])
        return spec.native(full if "scales" not in values else full * values["scales"][..., None, None])

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
            if "scales" in values:
                y = y * values["scales"][0][x][..., None]
            padding = spec.arguments["padding_idx"]
            return y if padding is None else torch.where((x == padding)[..., None], y.detach(), y)
        y = spec.run(x, spec.native(rows), None)
        starts = torch.arange(len(rows), device=rows.device, dtype=torch.int32) * rows.shape[1]
        y = y.index_select(spec.channel_axis, (assignment + starts[:, None]).flatten())
        if "scales" in values:
            y = y * values["scales"].reshape(-1, *(1 for _ in spec.kernel))
        bias = self.added()
        return y if bias is None else y + bias.reshape(-1, *(1 for _ in spec.kernel))


def _rows(spec: LayerSpec) -> int:
    return spec.inputs if spec.is_embedding else spec.outputs // spec.groups
