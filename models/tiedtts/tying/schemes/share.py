"""`share`: layers along depth have one set of weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tiedtts.tying.grouping import GroupOptions
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, precise


@dataclass(frozen=True, kw_only=True)
class ShareOptions(GroupOptions):
    """How layers fall into groups."""


class Share(TiedLayer):
    """Ties the weights of several layers to one: their mean.

    Orders `sequence` and `cycle` are those of Takase and Kiyono, "Lessons on Parameter Sharing across Layers
    in Transformers", 2021. Biases stay a layer's own, unless they are shared, too; norms and scales are
    other layers, and stay. The first layer of a group stores the weight.

    Free values: `shared`, in the layout of the plain layer; a recurrent layer has one for each matrix.
    """

    scheme = "share"
    kind = "storage"
    options_type = ShareOptions
    shared_values = frozenset({"shared"})
    scale_of = "shared"

    @classmethod
    def ties_layers(cls, options: Any) -> bool:
        """Return whether several layers share values."""
        return True

    @classmethod
    def refusal(cls, spec: LayerSpec, options: Any) -> str | None:
        """Return why the layer cannot be tied, or nothing."""
        return None

    @classmethod
    def project(cls, spec: LayerSpec, weight: Tensor, options: Any) -> Values:
        """Take the weight as it is."""
        return {"shared": weight}

    @classmethod
    def project_group(cls, spec: LayerSpec, weights: Sequence[Tensor], options: Any) -> list[Values]:
        """Take the mean, the least-squares answer."""
        mean = torch.stack([precise(weight) for weight in weights]).mean(0)
        return [{"shared": mean} for _ in weights]

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: Any) -> Tensor:
        """Return the shared weight itself."""
        return values["shared"]
