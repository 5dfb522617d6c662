"""`separable`: each filter is a blueprint over time or space, weighted for each channel."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tiedtts.errors import ConfigError
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.options import check_positive
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, precise

ORDERS = ("pointwise-first", "depthwise-first")
"""Which of the two convolutions comes first."""


@dataclass(frozen=True, kw_only=True)
class SeparableOptions:
    """How much a filter keeps."""

    rank: int = 1
    """Blueprints of a filter."""
    order: str = "pointwise-first"
    """`pointwise-first`: a blueprint belongs to an output channel; `depthwise-first`: to an input channel,
    which is less work where the stride is above one."""

    def __post_init__(self) -> None:
        check_positive(self, "rank")
        if self.order not in ORDERS:
            raise ConfigError(f"`order` must be one of {', '.join(ORDERS)}, got: {self.order}")


class Separable(TiedLayer):
    """Ties each filter, (I, K), to a sum of `rank` products of weights over channels and taps.

    Haase and Amthor, "Rethinking Depthwise Separable Convolutions" (BSConv), 2020, found filters of trained
    nets close to such products; from a trained weight they are a singular value decomposition for each
    channel (Guo et al., "Network Decoupling", 2018).

    Free values: `pointwise`, (O, R, I / g), and `blueprints`, (O, R, K axes); `depthwise-first`,
    `pointwise`, (O, I / g, R), and `blueprints`, (I, R, K axes).
    """

    scheme = "separable"
    kind = "structural"
    options_type = SeparableOptions
    scale_of = "pointwise"

    @classmethod
    def refusal(cls, spec: LayerSpec, options: SeparableOptions) -> str | None:
        """Return why the layer cannot be tied, or nothing."""
        if not spec.is_convolution or spec.taps == 1:
            return "it has no kernel of several taps"
        if spec.groups in (spec.inputs, spec.outputs):
            return "each of its filters sees or serves one channel, which leaves nothing to separate"
        side = (spec.inputs if options.order == ORDERS[0] else spec.outputs) // spec.groups
        if options.rank > min(side, spec.taps):
            return f"a rank of {options.rank} is above that of its filters, {min(side, spec.taps)}"
        return None

    @classmethod
    def project(cls, spec: LayerSpec, weight: Tensor, options: SeparableOptions) -> Values:
        """Keep the largest singular values of each filter."""
        canonical = precise(spec.canonical(weight))
        first = options.order == ORDERS[0]
        # (g, O / g, I / g, K), or (g, I / g, O / g, K): the channel with a blueprint of its own comes second.
        u, s, v = torch.linalg.svd(canonical if first else canonical.transpose(1, 2), full_matrices=False)
        u, s, v = u[..., : options.rank], s[..., : options.rank], v[..., : options.rank, :]
        # One of the two signs, so that equal weights have equal values.
        sign = torch.where(v.gather(-1, v.abs().argmax(-1, keepdim=True)) < 0, -1.0, 1.0).to(v)
        blueprints = torch.unflatten((v * sign).flatten(0, 1), -1, spec.kernel)
        pointwise = u * s[..., None, :] * sign.transpose(-1, -2)
        pointwise = pointwise.transpose(2, 3) if first else pointwise.transpose(1, 2)
        return {"pointwise": pointwise.flatten(0, 1), "blueprints": blueprints}

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: SeparableOptions) -> Tensor:
        """Multiply out."""
        pointwise = torch.unflatten(values["pointwise"], 0, (spec.groups, -1))
        blueprints = torch.unflatten(values["blueprints"].flatten(2), 0, (spec.groups, -1))
        rule = "gori,gork->goik" if options.order == ORDERS[0] else "goir,girk->goik"
        return spec.native(torch.einsum(rule, pointwise, blueprints))

    def forward(self, x: Tensor, output_size: Any = None) -> Tensor:
        """Map channels, then filter each alone, or the other way round.

        Args:
            x: Input of the plain layer.
            output_size: Output size of a transposed convolution.
        """
        spec, values = self.spec.sized(x, output_size), self.values()
        pointwise, blueprints = values["pointwise"], values["blueprints"]
        if self.options.order == ORDERS[0]:
            x = spec.pointwise(x, pointwise.flatten(0, 1), None)
            weight = blueprints.flatten(0, 1)[:, None] if spec.is_transposed else blueprints
            return spec.convolve(x, weight, self.added(), groups=spec.outputs)
        weight = blueprints if spec.is_transposed else blueprints.flatten(0, 1)[:, None]
        x = spec.convolve(x, weight, None, groups=spec.inputs)
        return spec.pointwise(x, pointwise.flatten(1), self.added())
