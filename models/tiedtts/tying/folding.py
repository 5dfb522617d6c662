"""Folding: whether a layer's outputs reach the next layer through nothing that mixes or counts channels."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional as F

from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.schemes.folded_norm import NORMS

POINTWISE_MODULES = (
    nn.CELU,
    nn.Dropout,
    nn.ELU,
    nn.GELU,
    nn.Hardsigmoid,
    nn.Hardswish,
    nn.Hardtanh,
    nn.Identity,
    nn.LeakyReLU,
    nn.LogSigmoid,
    nn.Mish,
    nn.ReLU,
    nn.SELU,
    nn.Sigmoid,
    nn.SiLU,
    nn.Softplus,
    nn.Softsign,
    nn.Tanh,
)
"""Modules that map equal channels to equal channels."""
POINTWISE_FUNCTIONS = frozenset(
    {
        F.dropout,
        F.elu,
        F.gelu,
        F.hardswish,
        F.leaky_relu,
        F.mish,
        F.relu,
        F.selu,
        F.sigmoid,
        F.silu,
        F.softplus,
        F.tanh,
        torch.relu,
        torch.sigmoid,
        torch.sin,
        torch.square,
        torch.tanh,
    }
)
"""Functions that do."""
POOLS = (
    *(nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d),
    *(nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d),
    *(nn.Dropout1d, nn.Dropout2d, nn.Dropout3d),
)
"""Modules that do so to channels of convolutions, each for itself."""
POINTWISE_METHODS = frozenset({"relu", "sigmoid", "sin", "square", "tanh", "contiguous"})
"""Methods of tensors that do."""


_OUTSIDE = "`{}` is called from outside the module that holds both"
_FEED_FORWARD = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)
"""Modules that call `linear1`, `activation`, `dropout` and `linear2`, one after the other."""


class _Tracer(fx.Tracer):
    """Looks inside the modules that hold the two layers, and no others."""

    def __init__(self, inside: set[str]) -> None:
        super().__init__()
        self.inside = inside

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return module_qualified_name not in self.inside


@dataclass(frozen=True)
class Passage:
    """The way from a layer to the one that reads it, through nothing that mixes or counts channels."""

    norm: str | None = None
    """Name of the batch norm that reads the first layer, if there is one."""


def passage(model: nn.Module, first: str, second: str) -> Passage | str:
    """Return the way from one layer to another, or why outputs of the one are not just inputs of the other.

    The `forward` of the module that holds both layers is followed symbolically; no data is needed.

    Args:
        model: Holds both layers.
        first: Name of the layer that writes.
        second: Name of the layer that reads.
    """
    parts, others = first.split("."), second.split(".")
    depth = next(at for at, (a, b) in enumerate(zip(parts, others, strict=False)) if a != b)
    above = parts[:depth]
    parent = model.get_submodule(".".join(above))
    outside = _called_outside(model, above, (first, second))
    if outside is not None:
        return _OUTSIDE.format(outside)
    parts, others = parts[depth:], others[depth:]
    if isinstance(parent, _FEED_FORWARD) and (parts, others) == (["linear1"], ["linear2"]):
        # Its `forward` asks for shapes, which symbols have none of.
        return Passage() if _is_known(parent.activation) else "its activation may mix channels"
    inside = {".".join(of[:at]) for of in (parts, others) for at in range(1, len(of))}
    graph = _followed(parent, inside)
    if isinstance(graph, str):
        return f"what lies between cannot be followed ({graph})"
    calls = [_calls(graph, ".".join(names)) for names in (parts, others)]
    for name, of in zip((first, second), calls, strict=True):
        if len(of) != 1:
            return f"`{name}` is called {len(of)} times"
    (start,), (node,) = calls
    keeps_channels = LayerSpec.of(model.get_submodule(first)).is_convolution
    norm = None
    while node is not start:
        before = _single_input(node)
        if before is None:
            return f"`{second}` reads more than `{first}`"
        if len(before.users) > 1:
            return f"`{_title(before)}` is read elsewhere, too"
        if before is not start and _is_norm(parent, before) and _single_input(before) is start:
            target = str(before.target)
            norm = ".".join((*above, target))
            if len(_calls(graph, target)) > 1 or _called_outside(model, above, (norm,)):
                return f"`{norm}` is called elsewhere, too"
        elif before is not start and not _is_pointwise(parent, before, keeps_channels):
            return f"`{_title(before)}` lies between, which may mix channels"
        node = before
    return Passage(norm)


def _followed(module: nn.Module, inside: set[str]) -> fx.Graph | str:
    """Return what a module's `forward` does, or why that cannot be told."""
    before = set(vars(module))
    try:
        return _Tracer(inside).trace(module)
    # Whatever a model's own code raises when it is called with symbols.
    except Exception as error:
        reason = (str(error).strip() or "no reason given").splitlines()[0]
        return f"{type(error).__name__}: {reason}"
    finally:
        # The tracer leaves constants that it met as attributes.
        for name in set(vars(module)) - before:
            delattr(module, name)


def _called_outside(model: nn.Module, parent: Sequence[str], targets: Sequence[str]) -> str | None:
    """Return which of two layers a module above their parent calls, where such modules can be followed."""
    for depth in range(len(parent)):
        above = ".".join(parent[:depth])
        inside = {".".join(parent[depth:at]) for at in range(depth + 1, len(parent))}
        graph = _followed(model.get_submodule(above), inside)
        if isinstance(graph, str):
            continue
        for target in targets:
            if _calls(graph, target[len(above) :].lstrip(".")):
                return target
    return None


def _calls(graph: fx.Graph, target: str) -> list[fx.Node]:
    return [node for node in graph.nodes if node.op == "call_module" and node.target == target]


def _single_input(node: fx.Node) -> fx.Node | None:
    inputs = node.all_input_nodes
    return inputs[0] if len(inputs) == 1 else None


def _title(node: fx.Node) -> str:
    return str(node.target) if node.op == "call_module" else node.name


def _is_norm(parent: nn.Module, node: fx.Node) -> bool:
    return node.op == "call_module" and type(parent.get_submodule(str(node.target))) in NORMS


def _is_pointwise(parent: nn.Module, node: fx.Node, keeps_channels: bool) -> bool:
    """Return whether equal channels stay equal.

    Args:
        parent: Module whose `forward` the node is a part of.
        node: What is called.
        keeps_channels: Whether channels lie on the axis at which convolutions have them.
    """
    if node.op == "call_module":
        kind = type(parent.get_submodule(str(node.target)))
        return kind in POINTWISE_MODULES or (keeps_channels and kind in POOLS)
    if node.op == "call_method":
        return node.target in POINTWISE_METHODS
    if node.op == "call_function" and node.target in (operator.mul, operator.truediv):
        return all(_is_number(of) for of in node.args if not isinstance(of, fx.Node))
    return node.op == "call_function" and node.target in POINTWISE_FUNCTIONS


def _is_known(activation: Any) -> bool:
    return activation in POINTWISE_FUNCTIONS or type(activation) in POINTWISE_MODULES


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))
