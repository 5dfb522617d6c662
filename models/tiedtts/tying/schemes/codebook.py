"""`codebook`: every weight is one of k stored values."""

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor
from torch.nn import functional as F

from tiedtts.tying import kmeans
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.options import check_positive
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, precise

_LARGE = 1 << 20
"""Weights that are looked up at once."""


@dataclass(frozen=True, kw_only=True)
class CodebookOptions:
    """How many values, of how many numbers."""

    k: int = 16
    """Values in the codebook, at most."""
    dim: int = 1
    """Neighbouring weights that one value stands for."""

    def __post_init__(self) -> None:
        check_positive(self, "k", "dim")


class Codebook(TiedLayer):
    """Ties each weight, or each run of `dim` weights, to one of k values, found by k-means.

    Han et al., "Deep Compression", 2016; runs as in product quantisation. The values can be trained: the
    gradient of one is the sum of those of all its weights. Which weight has which value is fixed.

    Free values: `codebook`, (k, dim), and `indices`, whole numbers as small as k allows, one for each run.
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
        """Find the values by k-means."""
        points = precise(weight).reshape(-1, options.dim)
        k = min(options.k, len(points))
        codebook, indices = kmeans.cluster(points, k)
        return {"codebook": codebook, "indices": indices.to(kmeans.index_type(k))}

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: CodebookOptions) -> Tensor:
        """Look up."""
        indices, codebook = values["indices"], values["codebook"]
        learns = codebook.requires_grad and torch.is_grad_enabled()
        if len(indices) <= _LARGE or learns or torch._C._get_tracing_state() is not None:
            return F.embedding(indices.int(), codebook).reshape(spec.weight_shape)
        # In parts: indices wide enough for torch take as much memory as the weight itself.
        found = codebook.new_empty(len(indices), codebook.shape[1])
        for at, part in enumerate(torch.split(indices, _LARGE)):
            found[at * _LARGE :][: len(part)] = codebook[part.int()]
        return found.reshape(spec.weight_shape)
