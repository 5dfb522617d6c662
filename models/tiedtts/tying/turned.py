"""Turned matrices: `Conv1D` of Hugging Face's transformers is a `Linear` whose weight lies the other way.

Schemes know one layout. While such a layer is tied, a `Linear` of its own class stands for it, which untying
turns back.
"""

import sys
from typing import Any

import torch
from torch import nn

_MODULE, _NAME = "transformers.pytorch_utils", "Conv1D"


class TurnedLinear(nn.Linear):
    """A `Linear` that stands for a `Conv1D`."""


def is_turned(layer: nn.Module) -> bool:
    """Return whether a layer is a `Conv1D`, whose weight is (I, O)."""
    kind = type(layer)
    return kind.__name__ == _NAME and kind.__module__ == _MODULE


@torch.no_grad()
def linear(layer: nn.Module, memo: dict[Any, Any]) -> TurnedLinear:
    """Return the `Linear` that stands for a `Conv1D`.

    Args:
        layer: The `Conv1D`.
        memo: Parameters made so far, so that what several layers hold stays one; it is added to.
    """
    weight: Any = layer.weight
    inputs, outputs = weight.shape
    made = TurnedLinear(inputs, outputs, device="meta").train(layer.training)
    made.weight = _turned(weight, memo)
    made.bias = layer.bias  # type: ignore[assignment]
    return made


@torch.no_grad()
def original(layer: TurnedLinear, memo: dict[Any, Any]) -> nn.Module:
    """Return the `Conv1D` that a `Linear` stands for; see `linear`."""
    kind = getattr(sys.modules[_MODULE], _NAME)
    with torch.device("meta"):
        made: nn.Module = kind(layer.out_features, layer.in_features)
    weight: Any = layer.weight
    made.weight = _turned(weight, memo)
    made.bias = layer.bias
    return made.train(layer.training)


def _turned(weight: nn.Parameter, memo: dict[Any, Any]) -> nn.Parameter:
    """Return the transpose, (A, B) to (B, A), of memory of its own."""
    # The first one is kept as well, so that its identity stays its own.
    if id(weight) not in memo:
        turned = nn.Parameter(weight.detach().T.contiguous(), requires_grad=weight.requires_grad)
        memo[id(weight)] = (weight, turned)
    made: nn.Parameter = memo[id(weight)][1]
    return made
