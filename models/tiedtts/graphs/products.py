"""Products in two steps: the operations of a low-rank tie, each narrower than the one that it replaces."""

from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from tiedtts.graphs.scopes import Use, attribute
from tiedtts.graphs.weights import Weight
from tiedtts.tying.schemes.lowrank import LowRank
from tiedtts.tying.tied_layer import TiedLayer


def can_split(weight: Weight, layer: TiedLayer) -> bool:
    """Return whether every use of a weight can be two products of its factors."""
    if not isinstance(layer, LowRank) or not weight.role or weight.groups > 1:
        return False
    return all(_can(use.node) for use in uses(weight))


def uses(weight: Weight) -> list[Use]:
    """Return the products that read a weight, also where it is turned for them."""
    found = []
    for use in weight.uses:
        is_turned = use.node.op_type == "Transpose"
        found += use.scope.uses[use.node.output[0]] if is_turned else [use]
    return found


def _can(node: Any) -> bool:
    if node.op_type == "Gemm":
        return not attribute(node, "transA", 0) and attribute(node, "alpha", 1.0) == 1.0
    return node.op_type in ("MatMul", "Conv", "ConvTranspose", "Gather")


def factors(weight: Weight, layer: TiedLayer) -> "tuple[npt.NDArray[Any], npt.NDArray[Any]]":
    """Return the factors, the first to be multiplied first, as operations of the graph read them."""
    values = layer.values()
    down, up = (_array(values[name]) for name in ("down", "up"))
    if weight.role == "linear":
        # `MatMul` and `Gemm` multiply from the right, inputs first.
        return np.ascontiguousarray(down.T), np.ascontiguousarray(up.T)
    if weight.role == "table":
        return down, np.ascontiguousarray(up.T)
    ones = (1,) * (len(weight.tensor.dims) - 2)
    if weight.role == "transposed":
        return down.reshape(*down.shape[:2], *ones), up
    return down, up.reshape(*up.shape, *ones)


def split(node: Any, first: str, second: str, middle: str) -> list[Any]:
    """Return the two operations that take the place of one.

    Args:
        node: The operation.
        first: Name of the factor that is multiplied first.
        second: Name of the other.
        middle: Name of what is between them.
    """
    from onnx import helper

    x, out = node.input[0], node.output[0]
    # What the operation adds in the end, if anything.
    added = [name for name in node.input[2:] if name]
    if node.op_type == "Gather":
        begin = helper.make_node("Gather", [first, node.input[1]], [middle], axis=0)
        end = helper.make_node("MatMul", [middle, second], [out])
    elif node.op_type == "MatMul":
        begin = helper.make_node("MatMul", [x, first], [middle])
        end = helper.make_node("MatMul", [middle, second], [out])
    elif node.op_type == "Gemm":
        begin = helper.make_node("MatMul", [x, first], [middle])
        end = helper.make_node("Gemm", [middle, second, *added], [out])
        end.attribute.extend(each for each in node.attribute if each.name == "beta")
    else:
        # The kernel stays where its attributes are; the other one sees single positions.
        is_transposed = node.op_type == "ConvTranspose"
        kernel = helper.make_node(
            node.op_type,
            [middle, second, *added] if is_transposed else [x, first],
            [out] if is_transposed else [middle],
        )
        kernel.attribute.extend(node.attribute)
        point = helper.make_node(
            "Conv",
            [x, first] if is_transposed else [middle, second, *added],
            [middle] if is_transposed else [out],
        )
        begin, end = (point, kernel) if is_transposed else (kernel, point)
    for at, each in enumerate((begin, end), 1):
        each.name = f"{node.name or out}/{at}"
        each.domain = node.domain
    return [begin, end]


def _array(value: Tensor) -> "npt.NDArray[Any]":
    found: npt.NDArray[Any] = value.detach().contiguous().numpy()
    return found
