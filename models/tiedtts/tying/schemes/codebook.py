"""`codebook`: every weight is one of k stored values, times the scale of its row."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from tiedtts.errors import ConfigError
from tiedtts.tying import kmeans, packing
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.moments import Moments
from tiedtts.tying.options import check_positive
from tiedtts.tying.scaling import Scaling, roots
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, precise

SCALES = ("rows", "none")
"""Scales that a codebook can have."""
_LARGE = 1 << 20
"""Weights that are looked up at once."""
_ROUNDS = 3
"""Rounds in which scales and indices are fitted to each other."""


@dataclass(frozen=True, kw_only=True)
class CodebookOptions:
    """How many values, of how many numbers, times which scales."""

    k: int = 16
    """Values in the codebook, at most."""
    dim: int = 1
    """Neighbouring weights that one value stands for."""
    scales: str = "rows"
    """`rows`: each row of the weight, all that makes one output, has a factor; short rows have one together.
    `none`: values stand for weights as they are."""
    group: int | None = None
    """Weights that have one scale: parts of a row, or several rows."""

    def __post_init__(self) -> None:
        check_positive(self, "k", "dim", "group")
        if self.scales not in SCALES:
            raise ConfigError(f"`scales` must be one of {', '.join(SCALES)}, got: {self.scales}")
        if self.scales == "none" and self.group is not None:
            raise ConfigError("`group` is of use only with scales", hint="leave `scales` out, or `group`")


class Codebook(TiedLayer):
    """Ties each weight, or each run of `dim` weights, to one of k values, found by k-means.

    Han et al., "Deep Compression", 2016; runs as in product quantisation. Rows of a trained weight are of
    different sizes, so that each has a scale, as in 8-bit numbers of one scale a row: the values are those
    of weights over the root mean square of their row, and the scales the least-squares ones for them. Values
    and scales can be trained: the gradient of one is the sum of those of all its weights. Which weight has
    which value is fixed. Where data went through a layer, numbers whose inputs are large count more, as by
    Kim et al., "SqueezeLLM", 2024.

    Free values: `codebook`, (k, dim); `packed`, indices of 1 to 7 bits in bytes, see `tiedtts.tying.packing`,
    or `indices`, whole numbers as small as a larger k allows, one for each run; and `scales`, one for each
    row or group, if there are several of them and k values alone would not be exact.
    """

    scheme = "codebook"
    kind = "storage"
    options_type = CodebookOptions
    scale_of = "codebook"

    @classmethod
    def refusal(cls, spec: LayerSpec, options: CodebookOptions) -> str | None:
        """Return why the layer cannot be tied, or nothing."""
        for name, shape in spec.shapes().items():
            if len(shape) > 1 and prod(shape) % options.dim:
                return f"the {prod(shape)} numbers of its `{name}` do not fall into runs of {options.dim}"
        return None

    @classmethod
    def project(cls, spec: LayerSpec, weight: Tensor, options: CodebookOptions) -> Values:
        """Find the values by k-means, and fit the scales."""
        return cls._fitted(spec, weight, options, None)

    @classmethod
    def project_seen(
        cls,
        spec: LayerSpec,
        weights: Sequence[Tensor],
        options: CodebookOptions,
        seen: Sequence[Moments | None],
    ) -> list[Values]:
        """Find values and scales for which outputs change least, if inputs are as they were and independent.

        For the arguments see `TiedLayer.project_seen`. A weight counts as much as the energy of its input,
        of an entry of a table as often as that was read.
        """
        found = []
        for weight, of in zip(weights, seen, strict=True):
            counts = None if of is None or options.dim > 1 else _importance(spec, of, weight)
            found.append(cls._fitted(spec, weight, options, counts))
        return found

    @classmethod
    def _fitted(
        cls, spec: LayerSpec, weight: Tensor, options: CodebookOptions, counts: Tensor | None
    ) -> Values:
        """Fit values and scales; `counts`, shaped as the weight, says how much each number matters."""
        weight = precise(weight)
        k = min(options.k, weight.numel() // options.dim)
        scaling = Scaling.of(spec, options.group)
        flat = None if counts is None else counts.reshape(-1)
        if options.scales == "none" or scaling.count == 1 or _is_exact(weight, k, options.dim):
            codebook, indices = kmeans.cluster(weight.reshape(-1, options.dim), k, flat)
            return {"codebook": codebook, **_stored(indices, k)}
        scales = roots(scaling, weight)
        codebook, indices = kmeans.cluster(
            scaling.times(weight, 1 / scales).reshape(-1, options.dim).contiguous(), k, flat
        )
        for _ in range(_ROUNDS):
            looked = F.embedding(indices.int(), codebook).reshape(weight.shape)
            scales = _least_squares(scaling, weight, looked, scales, counts)
            del looked
            points = scaling.times(weight, 1 / scales).reshape(-1, options.dim)
            indices = kmeans.nearest(points, codebook)
            del points
        looked = F.embedding(indices.int(), codebook).reshape(weight.shape)
        return {
            "codebook": codebook,
            **_stored(indices, k),
            "scales": _least_squares(scaling, weight, looked, scales, counts),
        }

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: CodebookOptions) -> Tensor:
        """Look up, and multiply by the scales."""
        codebook = values["codebook"]
        indices = _indices(spec, values)
        learns = codebook.requires_grad and torch.is_grad_enabled()
        if len(indices) <= _LARGE or learns or torch._C._get_tracing_state() is not None:
            weight = F.embedding(indices.int(), codebook).reshape(spec.weight_shape)
        else:
            # In parts: indices wide enough for torch take as much memory as the weight itself.
            found = codebook.new_empty(len(indices), codebook.shape[1])
            for at, part in enumerate(torch.split(indices, _LARGE)):
                found[at * _LARGE :][: len(part)] = codebook[part.int()]
            weight = found.reshape(spec.weight_shape)
        if "scales" not in values:
            return weight
        return Scaling.of(spec, options.group).times(weight, values["scales"])


def _is_exact(weight: Tensor, k: int, dim: int) -> bool:
    """Return whether k runs are all the different ones of a weight; a few are looked at first."""
    points = weight.reshape(-1, dim)
    return all(len(torch.unique(part, dim=0)) <= k for part in (points[: 4 * k], points))


def _stored(indices: Tensor, k: int) -> dict[str, Any]:
    width = packing.bits(k)
    if width < packing.MOST_BITS:
        return {"packed": packing.pack(indices, width)}
    return {"indices": indices.to(kmeans.index_type(k))}


def _indices(spec: LayerSpec, values: Values) -> Tensor:
    """Return the index of each run."""
    if "indices" in values:
        return values["indices"]
    # Sizes are numbers even where a graph is traced.
    k, dim = map(int, values["codebook"].shape)
    return packing.unpack(values["packed"], packing.bits(k), prod(spec.weight_shape) // dim)


def _importance(spec: LayerSpec, seen: Moments, weight: Tensor) -> Tensor:
    """Return how much the square of a change of each number of a weight adds to that of the outputs."""
    energies = seen.energies(centred=spec.has_bias).to(weight.device, precise(weight).dtype)
    full = energies[:, :, None, None] if spec.is_embedding else energies[:, None, :, None]
    return spec.native(full.expand(spec.canonical_shape)).contiguous() / energies.mean()


def _least_squares(
    scaling: Scaling, weight: Tensor, looked: Tensor, before: Tensor, counts: Tensor | None = None
) -> Tensor:
    """Return the scales with which looked-up values are nearest to a weight, each number counted so much."""
    values = scaling.grouped(looked)
    counted = values if counts is None else values * scaling.grouped(counts)
    energy = (values * counted).sum(1)
    found = (scaling.grouped(weight) * counted).sum(1) / energy
    # Where every value is zero, or none is of use, any scale would do.
    return torch.where(found.isfinite() & (found > 0), found, before)
