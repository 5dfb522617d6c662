"""Likeness: how far apart the weights of layers are."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tiedtts.tying.values import precise


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How much the layers of a group look like each other."""

    pattern: str
    """Pattern of the group's names."""
    nearest: tuple[str, str]
    """The two most alike."""
    distance: float
    """Norm of the difference of these two over that of both together; 0 for equal, 1 for unrelated."""


def likeness(parts: Mapping[str, nn.Module], pattern: str, names: list[str]) -> Likeness | None:
    """Find the two layers of a group that are most alike."""
    if len(names) < 2:
        return None
    rows = torch.stack([_flat(layer_of(parts, name)) for name in names])
    squares = rows.square().sum(1)
    both = squares[:, None] + squares
    distance = ((both - 2 * rows @ rows.T).clamp(min=0) / both.clamp(min=1e-12)).sqrt()
    distance.fill_diagonal_(float("inf"))
    first, second = divmod(int(distance.argmin()), len(names))
    return Likeness(
        pattern=pattern, nearest=(names[first], names[second]), distance=distance[first, second].item()
    )


def _flat(layer: nn.Module) -> Tensor:
    weights = [value for name, value in layer.named_parameters() if "bias" not in name]
    return torch.cat([precise(value.detach()).flatten() for value in weights])


def layer_of(parts: Mapping[str, nn.Module], name: str) -> nn.Module:
    """Return a layer by its name, which begins with its part's."""
    part, _, inner = name.partition(".")
    return parts[part].get_submodule(inner)
