"""Free values: what tied layers store for weights and biases, and how it is named."""

from collections.abc import Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor

Bias = Literal["keep", "share", "zero"]
"""`keep`: every bias is free; `share`: one value; `zero`: none."""
Values = dict[str, Tensor]
"""Free values of one weight by name; whole numbers are indices, which nothing trains."""


def tied_biases(biases: Sequence[Mapping[str, Tensor]], bias: Bias, together: bool) -> list[Values]:
    """Return what is stored for the biases of layers.

    Args:
        biases: Bias of each layer, name to (O,).
        bias: How to tie them.
        together: Whether one vector, (O,), serves all the layers; else each has a number, (1,).
    """
    if bias != "share":
        return [dict(of) for of in biases]
    if not together:
        return [{name: value.mean()[None] for name, value in of.items()} for of in biases]
    means = {name: torch.stack([of[name] for of in biases]).mean(0) for name in biases[0]}
    return [means] * len(biases)


def precise(weight: Tensor) -> Tensor:
    """Return a weight in a type that decompositions are made in."""
    return weight if weight.dtype == torch.float64 else weight.float()


def stored_name(parameter: str, value: str) -> str:
    """Return the attribute that holds a free value of a parameter of the plain layer."""
    # `bias_values`, but `taps` for the one weight of most layers.
    return value if parameter == "weight" else f"{parameter}_{value}"


def of_type(values: Values, like: Tensor) -> Values:
    """Return free values in the type of a weight; indices stay whole numbers."""
    return {name: of.to(like.dtype) if of.is_floating_point() else of for name, of in values.items()}
