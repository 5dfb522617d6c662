"""Weights of a graph: the stored matrices and kernels that its products read, each as a layer of torch.

Letters: O outputs, I inputs, g groups, K taps of a kernel, V vectors of a table.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tiedtts.graphs.scopes import Scope, Use, attribute

_FLOATS = (1, 10, 11)
"""Numbers of the types of 32, 16 and 64 bits in ONNX."""
_PRODUCTS = ("MatMul", "Gemm", "Conv", "ConvTranspose", "Einsum", "LSTM", "GRU", "RNN")
_VIEWS = (
    "Transpose",
    "Reshape",
    "Unsqueeze",
    "Squeeze",
    "Flatten",
    "Identity",
    "Cast",
    "Slice",
    "Concat",
    "Split",
)
"""Operations between a weight and its product that only lay it out."""
_RECURRENT = {1: "weight_ih", 2: "weight_hh"}
"""Inputs of a recurrent operation to what torch calls them."""
_NAMELESS = re.compile(r"onnx::.*|(_?val_|const_fold_opt__|t_?)?\d+|.*/?Constant(_\d+)?_output_\d+")
"""Names that exporters make up."""
_CONVOLUTIONS: dict[bool, tuple[type[nn.Module], ...]] = {
    False: (nn.Conv1d, nn.Conv2d, nn.Conv3d),
    True: (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
}


@dataclass(frozen=True, eq=False)
class Weight:
    """A weight of a graph."""

    name: str
    """Name of its layer."""
    scope: Scope
    """Graph that stores it."""
    tensor: Any
    """The numbers (an `onnx.TensorProto`)."""
    key: str
    """Name of the tensor in the graph."""
    constant: Any
    """The node `Constant` that holds it; nothing if the graph itself does."""
    uses: tuple[Use, ...]
    """Places that read it."""
    role: str
    """`linear`, `conv`, `transposed` or `table`, if all uses are alike; else empty."""
    turned: bool
    """Whether inputs come first, as in `MatMul`."""

    def array(self) -> "np.ndarray[Any, np.dtype[Any]]":
        """Return the numbers as the graph has them."""
        from onnx import numpy_helper

        found: np.ndarray[Any, np.dtype[Any]] = numpy_helper.to_array(self.tensor)
        return found

    def layer(self) -> nn.Module:
        """Return a layer of torch with these numbers, outputs first."""
        value = torch.from_numpy(np.array(self.array()))
        groups = self.groups
        with torch.device("meta"):
            made = _layer(self.role, tuple(value.shape), self.turned, groups)
        made.weight = nn.Parameter(self.laid_out(value).contiguous(), requires_grad=False)
        return made

    @property
    def groups(self) -> int:
        """Groups of channels of a convolution."""
        if self.role not in ("conv", "transposed"):
            return 1
        return int(attribute(self.uses[0].node, "group", 1))

    def laid_out(self, value: Tensor) -> Tensor:
        """Return numbers of the graph as the layer has them."""
        if self.role in ("conv", "transposed", "table"):
            return value
        if self.turned:
            return value.T
        return value if self.role == "linear" else value.reshape(value.shape[0], -1)

    def as_in_graph(self, value: Tensor) -> Tensor:
        """Undo `laid_out`."""
        if self.role in ("conv", "transposed", "table"):
            return value
        return value.T if self.turned else value.reshape(tuple(self.tensor.dims))


def find(main: Scope) -> list[Weight]:
    """Return the weights of a graph and of all inside, with names of their own."""
    found: list[Weight] = []
    for scope in main.walk():
        for tensor, key, constant in _stored(scope):
            uses = tuple(scope.uses.get(key, ()))
            if not _is_weight(tensor) or not any(_reaches(use) for use in uses):
                continue
            role, turned = _role(uses, tensor)
            found.append(Weight(_name(key, uses), scope, tensor, key, constant, uses, role, turned))
    names = _apart([(weight.name, weight.uses[0].node.op_type) for weight in found])
    return [replace(weight, name=name) for weight, name in zip(found, names, strict=True)]


def _stored(scope: Scope) -> Iterator[tuple[Any, str, Any]]:
    """Yield tensors that a graph stores, their names, and the nodes that hold them."""
    for tensor in scope.graph.initializer:
        yield tensor, tensor.name, None
    for node in scope.graph.node:
        if node.op_type == "Constant" and (value := attribute(node, "value")) is not None:
            yield value, node.output[0], node


def _is_weight(tensor: Any) -> bool:
    shape = tuple(tensor.dims)
    return tensor.data_type in _FLOATS and len(shape) > 1 and math.prod(shape) > max(shape)


def _reaches(use: Use, steps: int = 6) -> bool:
    """Return whether a product reads a tensor, as it is or laid out anew, or a table is looked up in it."""
    node = use.node
    if node.op_type in _PRODUCTS:
        return True
    if node.op_type == "Gather":
        return use.position == 0 and attribute(node, "axis", 0) == 0
    if node.op_type not in _VIEWS or not steps:
        return False
    if node.op_type in ("Reshape", "Unsqueeze", "Squeeze", "Slice", "Split") and use.position:
        return False
    after = [each for name in node.output for each in use.scope.uses.get(name, ())]
    return any(_reaches(each, steps - 1) for each in after)


def _role(uses: tuple[Use, ...], tensor: Any) -> tuple[str, bool]:
    """Return what all uses have in common: a role, and whether inputs come first."""
    roles = {_role_of(use, len(tensor.dims)) for use in uses}
    if len(roles) == 1:
        return roles.pop()
    # One matrix that is read in two ways is laid out as one of them has it.
    turned = [is_turned for role, is_turned in roles if role == "linear"]
    return "", bool(turned) and all(turned)


def _role_of(use: Use, axes: int) -> tuple[str, bool]:
    node, position = use.node, use.position
    if node.op_type == "MatMul" and axes == 2:
        return ("linear", True) if position == 1 else ("", False)
    if node.op_type == "Gemm" and position == 1:
        return "linear", not attribute(node, "transB", 0)
    if node.op_type == "Conv" and position == 1 and axes in (3, 4, 5):
        return "conv", False
    if node.op_type == "ConvTranspose" and position == 1 and axes in (3, 4, 5):
        return "transposed", False
    if node.op_type == "Gather" and axes == 2 and position == 0 and attribute(node, "axis", 0) == 0:
        return "table", False
    if node.op_type == "Transpose" and axes == 2:
        after = use.scope.uses.get(node.output[0], [])
        if after and all(each.node.op_type == "MatMul" and each.position == 1 for each in after):
            return "linear", False
    return "", False


def _layer(role: str, shape: tuple[int, ...], turned: bool, groups: int) -> nn.Module:
    if role == "table":
        return nn.Embedding(shape[0], shape[1])
    if role in ("conv", "transposed"):
        first, second = shape[:2]
        is_transposed = role == "transposed"
        inputs, outputs = (first, second * groups) if is_transposed else (second * groups, first)
        kind = _CONVOLUTIONS[is_transposed][len(shape) - 3]
        return kind(inputs, outputs, shape[2:], groups=groups, bias=False)
    rows, columns = (shape[1], shape[0]) if turned else (shape[0], math.prod(shape[1:]))
    return nn.Linear(columns, rows, bias=False)


def _name(key: str, uses: tuple[Use, ...]) -> str:
    """Return the name of a weight's layer: that of the tensor, or of the node that reads it."""
    name = key
    node = uses[0].node
    if _NAMELESS.fullmatch(key) and node.name.strip("/"):
        steps = node.name.strip("/").split("/")
        if len(steps) > 1 and re.fullmatch(rf"{node.op_type}(_\d+)?", steps[-1]):
            steps.pop()
        name = "/".join(steps)
        if node.op_type in ("LSTM", "GRU", "RNN") and uses[0].position in _RECURRENT:
            name += f"/{_RECURRENT[uses[0].position]}"
    name = name.replace("/", ".").removeprefix("onnx::").removesuffix(".weight")
    return ".".join(part for part in name.split(".") if part) or "weight"


def _apart(named: list[tuple[str, str]]) -> list[str]:
    """Return names of which no two are equal, and none is inside another as modules are.

    Args:
        named: Names, each with the operation that reads the weight.
    """
    taken: set[str] = set()
    found = []
    above = {name.rsplit(".", at)[0] for name, _ in named for at in range(1, name.count(".") + 1)}
    for name, operation in named:
        # A layer cannot hold others: its own name gets one step more.
        name = f"{name}.{operation}" if name in above else name
        free, at = name, 2
        while free in taken or free in above:
            free, at = f"{name}_{at}", at + 1
        taken.add(free)
        found.append(free)
    return found
