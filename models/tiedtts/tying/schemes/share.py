"""`share`: layers along depth have one set of weights, from which each may differ by a little."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from tiedtts.errors import ConfigError
from tiedtts.tying.grouping import GroupOptions
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.options import check_positive
from tiedtts.tying.schemes.lowrank import largest
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values, precise

SCALES = ("none", "rows")
"""Factors of a layer's own."""
_ROUNDS = 4
"""Rounds in which the common weight and the differences are fitted to each other."""


@dataclass(frozen=True, kw_only=True)
class ShareOptions(GroupOptions):
    """How layers fall into groups, and how each may differ from the others of its group."""

    rank: int | None = None
    """Rank of the difference of each layer from the common weight; none if nothing is given."""
    scales: str = "none"
    """`rows`: each layer multiplies the rows of the common weight with factors of its own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_positive(self, "rank")
        if self.scales not in SCALES:
            raise ConfigError(f"`scales` must be one of {', '.join(SCALES)}, got: {self.scales}")


class Share(TiedLayer):
    """Ties the weights of several layers to one: their mean, or to one with a difference for each.

    Orders `sequence` and `cycle` are those of Takase and Kiyono, "Lessons on Parameter Sharing across Layers
    in Transformers", 2021. Biases stay a layer's own, unless they are shared, too; norms and scales are
    other layers, and stay. The first layer of a group stores the weight.

    With `rank`, each layer adds a low-rank difference, as in Bae et al., "Relaxed Recursive Transformers",
    2025, by a singular value decomposition of what the common weight leaves; with `scales`, each multiplies
    the rows of the common weight. Common weight, differences and factors are the least-squares ones, given
    each other. A graph of ONNX adds them up once, when it is loaded.

    Free values: `shared`, in the layout of the plain layer; a recurrent layer has one for each matrix. Of
    each layer its own: `up`, (g, O / g, R), and `down`, (g, R, I / g * K), and `scales`, (O,).
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
    def refusal(cls, spec: LayerSpec, options: ShareOptions) -> str | None:
        """Return why the layer cannot be tied, or nothing."""
        if options.rank is None:
            return None
        shapes = [shape for shape in spec.shapes().values() if len(shape) > 1] if spec.is_recurrent else []
        parts = [LayerSpec.linear(shape[1], shape[0]) for shape in shapes] or [spec]
        limit = min(
            min(rows, inputs * taps) for _, rows, inputs, taps in (of.canonical_shape for of in parts)
        )
        return f"a rank of {options.rank} is above its own, {limit}" if options.rank > limit else None

    @classmethod
    def project(cls, spec: LayerSpec, weight: Tensor, options: ShareOptions) -> Values:
        """Take the weight as it is, and no difference from it."""
        return cls.project_group(spec, [weight], options)[0]

    @classmethod
    def project_group(cls, spec: LayerSpec, weights: Sequence[Tensor], options: ShareOptions) -> list[Values]:
        """Take the mean, the least-squares answer, and fit the differences from it."""
        return cls.fitted(spec, weights, options)

    @classmethod
    def fitted(
        cls,
        spec: LayerSpec,
        weights: Sequence[Tensor],
        options: ShareOptions,
        before: Sequence[Values] | None = None,
    ) -> list[Values]:
        """Fit the common weight and the differences from it to each other.

        Args:
            spec: The plain layer.
            weights: One for each layer.
            options: How each may differ.
            before: Values of each for other weights: ways into the differences stay as they are there, so
                that nothing is decomposed.
        """
        if options.rank is None and options.scales == "none":
            if len(weights) == 1:
                return [{"shared": weights[0]}]
            mean = torch.stack([precise(weight) for weight in weights]).mean(0)
            return [{"shared": mean} for _ in weights]
        # Each (g, O / g, I / g * K).
        targets = [spec.canonical(precise(weight)).flatten(2) for weight in weights]
        factors = [torch.ones_like(target[..., :1]) for target in targets]
        added: list[Tensor] = [torch.zeros_like(target) for target in targets]
        own: list[Values] = [{} for _ in targets]
        if before is not None:
            factors = [
                precise(of["scales"]).reshape(f.shape) if "scales" in of else f
                for of, f in zip(before, factors, strict=True)
            ]
            added = [
                precise(of["up"] @ of["down"]) if "up" in of else a
                for of, a in zip(before, added, strict=True)
            ]
        common = targets[0]
        for _ in range(_ROUNDS if len(targets) > 1 else 1):
            parts = [f * (w - d) for f, w, d in zip(factors, targets, added, strict=True)]
            common = torch.stack(parts).sum(0) / torch.stack(factors).square().sum(0)
            for at, target in enumerate(targets):
                if options.scales == "rows":
                    factors[at] = _factors(target - added[at], common, factors[at])
                    own[at]["scales"] = factors[at].reshape(-1)
                if options.rank is not None and before is not None:
                    down = precise(before[at]["down"])
                    own[at] |= {"up": (target - factors[at] * common) @ down.mT, "down": down}
                    added[at] = own[at]["up"] @ down
                elif options.rank is not None:
                    u, s, v = largest(target - factors[at] * common, options.rank)
                    # The way in is never zero, so that a difference that is can learn.
                    own[at] |= {"up": u * s[:, None], "down": v.contiguous()}
                    added[at] = own[at]["up"] @ own[at]["down"]
        shared = spec.native(common.unflatten(-1, spec.canonical_shape[2:]))  # type: ignore[no-untyped-call]
        return [{"shared": shared, **of} for of in own]

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: Any) -> Tensor:
        """Return the shared weight itself, or with the layer's own difference."""
        if not values.keys() & {"up", "scales"}:
            return values["shared"]
        weight = spec.canonical(values["shared"])
        if "scales" in values:
            weight = weight * values["scales"].reshape(*spec.canonical_shape[:2], 1, 1)
        if "up" in values:
            weight = weight + (values["up"] @ values["down"]).reshape(spec.canonical_shape)
        return spec.native(weight)

    @classmethod
    def rescaled(
        cls, spec: LayerSpec, weights: Sequence[Tensor], values: Sequence[Values], options: Any
    ) -> list[Values]:
        """Return free values that give weights of the old norms; see `TiedLayer.rescaled`."""
        found = super().rescaled(spec, weights, values, options)
        for new, old in zip(found, values, strict=True):
            if "up" in new:
                # A difference grows as what it differs from.
                new["up"] = old["up"] * (new["shared"].norm() / old["shared"].norm().clamp(min=1e-12))
        return found


def _factors(target: Tensor, common: Tensor, before: Tensor) -> Tensor:
    """Return the factor of each row, (g, O / g, 1), with which common rows are nearest to a layer's."""
    found = (target * common).sum(-1, keepdim=True) / common.square().sum(-1, keepdim=True)
    return torch.where(found.isfinite(), found, before)
