"""Expansions: operations that compute a tied weight of stored values, once, when a graph is loaded.

They are traced from what the tie does in torch, so that every scheme has them. Whatever runs ONNX computes
what depends on stored tensors alone before anything is run, so that a tied weight costs no time.
"""

import io
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from tiedtts.graphs import folding
from tiedtts.graphs.weights import Weight
from tiedtts.tying.tied_layer import TiedLayer

LOWEST, HIGHEST = 11, 20
"""Versions of ONNX in which expansions can be written; what they consist of has not changed since."""


class _Expansion(nn.Module):
    """Computes a weight of the values of a tied layer."""

    def __init__(self, layer: TiedLayer, laid_out: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.layer = (layer,)  # Not as a module: its own values are registered below.
        self.laid_out = laid_out
        for name, value in layer.values().items():
            self.register_buffer(name, value.detach())

    def forward(self) -> Tensor:
        """Return the weight in the layout of the graph."""
        (layer,) = self.layer
        values = dict(self.named_buffers())
        return self.laid_out(layer.expand(layer.spec, values, layer.options))


def of(weight: Weight, layer: TiedLayer, version: int) -> tuple[list[Any], list[Any]]:
    """Return the operations that make a weight, and the tensors that they need.

    The last operation has the name of the weight as its output; the tensors are named as the values are.

    Args:
        weight: The weight, as it was.
        layer: The tied layer that stands for it.
        version: Version of ONNX of the graph.
    """
    import onnx

    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # The tracer warns of every Python number it meets.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Expansion(layer, weight.as_in_graph).eval(),
            (),
            buffer,  # type: ignore[arg-type]
            output_names=["weight"],
            opset_version=min(version, HIGHEST),
            # It would write out the weight itself.
            do_constant_folding=False,
            dynamo=False,
        )
    graph = folding.fold(onnx.load_from_string(buffer.getvalue())).graph
    return list(graph.node), list(graph.initializer)
