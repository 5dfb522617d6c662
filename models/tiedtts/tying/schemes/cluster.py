"""`cluster`: similar neurons are one neuron."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from tiedtts.errors import ConfigError
from tiedtts.tying import kmeans
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.moments import Moments
from tiedtts.tying.options import check_positive, check_share
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, precise

BY = ("weights", "activations")
"""Properties by which neurons are similar."""
SCALES = ("none", "rows")
"""Factors of the neurons that are one."""


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
    """Give each merged row the mean energy of the weights it stands for: a mean alone is too quiet."""
    by: str = "weights"
    """`weights`: neurons with like weights are one; `activations`: those whose outputs are alike on data."""
    scales: str = "none"
    """`rows`: each neuron multiplies the row with a factor of its own, the least-squares one, so that those
    are alike whose weights point in one direction."""

    def __post_init__(self) -> None:
        check_positive(self, "k")
        check_share(self, "ratio")
        if self.k is not None and self.ratio is not None:
            raise ConfigError("`k` and `ratio` both say how many rows stay", hint="give one of them")
        for name, known in (("by", BY), ("scales", SCALES)):
            if getattr(self, name) not in known:
                raise ConfigError(f"`{name}` must be one of {', '.join(known)}, got: {getattr(self, name)}")
        if self.scales != "none" and self.into is not None:
            raise ConfigError(
                "`scales` and `into` do not go together: what lies between the layers may not be linear",
                hint="leave one of them out",
            )


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
        return cls._merged(spec, canonical, points_of(canonical, bias), options)

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
        return cls._merged(spec, canonical, points_of(canonical, bias), options, assignment, rounds)

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
        products = None if seen is None or spec.is_embedding else _products(spec, seen, bias, gains)
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
        return cls._merged(spec, canonical, points.to(canonical), options)

    @classmethod
    def _merged(
        cls,
        spec: LayerSpec,
        canonical: Tensor,
        points: Tensor,
        options: ClusterOptions,
        before: Tensor | None = None,
        rounds: int = 0,
    ) -> Values:
        """Put rows together.

        Args:
            spec: The plain layer.
            canonical: Its weight, (g, O / g, I / g, K).
            points: Point of each row, (g, O / g, D), of which those that are near each other are one.
            options: How many rows stay.
            before: Row of each, (g, O / g), if it is known.
            rounds: Rounds of k-means after which what was known may differ.
        """
        k = options.k or max(1, round((0.5 if options.ratio is None else options.ratio) * canonical.shape[1]))
        kept, assignments, scales = [], [], []
        for at, (rows, point) in enumerate(zip(canonical.flatten(2), points, strict=True)):
            sizes = point.square().sum(1, keepdim=True).sqrt()
            sizes = torch.where(sizes > 0, sizes, 1.0)
            is_scaled = options.scales == "rows"
            alike = point / sizes if is_scaled else point
            known = None if before is None else before[at]
            nearest = clustered(spec, alike, k, known, rounds)
            weights = sizes if is_scaled else torch.ones_like(sizes)
            # The mean; with scales, the row with which those that it stands for are the nearest multiples.
            mass = weights.new_zeros(k, 1).index_add_(0, nearest, weights.square()).clamp(min=1e-30)
            centres, middle = (
                of.new_zeros(k, of.shape[1]).index_add_(0, nearest, of * weights) / mass
                for of in (rows, point)
            )
            counts = torch.bincount(nearest, minlength=k).to(rows)
            if is_scaled:
                own = middle.index_select(0, nearest)
                factor = (point * own).sum(1) / own.square().sum(1)
                scales.append(torch.where(factor.isfinite(), factor, weights[:, 0]))
            elif options.repair:
                # By weights alone, the energy of the weights without what is added.
                of, mean = (point, middle) if options.by == "activations" else (rows, centres)
                energy = torch.zeros_like(counts).index_add_(0, nearest, of.square().sum(1)) / counts
                # A row that stands for one channel, or for equal ones, is right as it is.
                gain = (energy / mean.square().sum(1)).sqrt()
                centres = centres * torch.where(gain.isfinite() & (counts > 1), gain, 1.0)[:, None]
            kept.append(torch.unflatten(centres, 1, canonical.shape[2:]))
            assignments.append(nearest)
        found = {"rows": torch.stack(kept), "assignment": torch.stack(assignments).to(kmeans.index_type(k))}
        return found | ({"scales": torch.stack(scales)} if scales else {})

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


def _products(spec: LayerSpec, seen: Moments, bias: Tensor | None, gains: Tensor | None) -> Tensor | None:
    """Return products of outputs, (g, O / g, O / g), mean over positions, with factors and what is added.

    Where each channel keeps a bias of its own, means are no part of them: the bias takes them up.
    """
    alone = bias is None
    products = seen.outer(centred=alone and spec.has_bias)
    if products is None:
        return None
    factors = products.new_ones(products.shape[:2]) if gains is None else gains.to(products)[None]
    products = products * factors[:, :, None] * factors[:, None]
    if bias is None:
        return products
    mean = seen.mean_output()
    if mean is None:
        return None
    mean = mean * factors
    added = bias.to(products).reshape(len(products), -1)
    mixed = mean[:, :, None] * added[:, None]
    return products + mixed + mixed.transpose(1, 2) + added[:, :, None] * added[:, None]


def points_of(canonical: Tensor, bias: Tensor | None) -> Tensor:
    """Return the point of each row, (g, O / g, D): its weights, and the bias if that belongs to it."""
    points = canonical.flatten(2)
    if bias is None:
        return points
    return torch.cat([points, bias.to(points).reshape(len(points), -1, 1)], 2)


def clustered(spec: LayerSpec, points: Tensor, k: int, before: Tensor | None, rounds: int) -> Tensor:
    """Return the centre of each point; what a table has for padding keeps a centre of its own.

    Args:
        spec: The plain layer.
        points: (N, D).
        k: Number of centres.
        before: Centres that are known, (N,), if any are.
        rounds: Rounds after which these may differ.
    """
    padding = spec.arguments.get("padding_idx")
    if padding is not None and k > 1:
        others = torch.cat([points[:padding], points[padding + 1 :]])
        known = None if before is None else torch.cat([before[:padding], before[padding + 1 :]])
        nearest = _found(others, k - 1, known, rounds)
        own = nearest.new_full((1,), k - 1)
        return torch.cat([nearest[:padding], own, nearest[padding:]])
    return _found(points, k, before, rounds)


def _found(points: Tensor, k: int, before: Tensor | None, rounds: int) -> Tensor:
    return kmeans.cluster(points, k)[1] if before is None else kmeans.again(points, before, k, rounds)


def _rows(spec: LayerSpec) -> int:
    return spec.inputs if spec.is_embedding else spec.outputs // spec.groups
