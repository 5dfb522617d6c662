"""Counts the multiply-accumulates of a model of ONNX, as far as sizes are known before it runs.

What is counted are the products of matrices, convolutions and recurrent layers, each use of a shared weight
for itself; what a graph computes of stored tensors alone, as ties do once when it is loaded, is not.
"""

import contextlib
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tiedtts.errors import ConfigError
from tiedtts.graphs.scopes import Scope, attribute

UNNAMED = "?"
"""Axis whose size only a run tells."""
_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
Shape = tuple[int | str, ...]
"""Sizes of axes; names of those that are not known."""
Shapes = Mapping[str, Shape]
"""Name of a tensor to its shape."""
Axes = tuple[str, ...]
"""Names of axes whose sizes the work is multiplied by, in order; one that counts twice, twice."""


@dataclass
class Work:
    """Multiply-accumulates of one run."""

    by_axes: Counter[Axes] = field(default_factory=Counter)
    """Axes of unknown size to the work for each position of them; no axes to that of every run."""
    layers: dict[str, Counter[Axes]] = field(default_factory=dict)
    """The same of each layer by its name."""
    unknown: list[str] = field(default_factory=list)
    """Products of whose factors nothing is known."""
    repeated: int = 0
    """Graphs inside that run as often as only a run tells; they are counted once."""

    @property
    def total(self) -> int | None:
        """Work of a run, if it depends on nothing."""
        depends = self.unknown or self.repeated or any(self.by_axes.keys() - {()})
        return None if depends else self.by_axes[()]

    def words(self) -> str:
        """Return the work in words."""
        told = [
            f"{count / 1e6:,.3f} M"
            + ("" if not axes else f" for each position of {' x '.join(_named(axis) for axis in axes)}")
            for axes, count in sorted(self.by_axes.items())
            if count
        ]
        words = f"multiply-accumulates of a run: {', and '.join(told) or 'none'}"
        if self.repeated:
            words += f"; {self.repeated} graphs inside, counted once, run as often as the input says"
        if self.unknown:
            words += f"; without {len(self.unknown)} products whose sizes are not known"
        return words

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "total": self.total,
            "by_axes": {" x ".join(axes): count for axes, count in sorted(self.by_axes.items())},
            "layers": {
                name: {" x ".join(axes): count for axes, count in sorted(of.items())}
                for name, of in self.layers.items()
            },
            "unknown": self.unknown,
            "repeated": self.repeated,
        }


def count(
    model: Any,
    main: Scope,
    layers: Mapping[tuple[int, str], str],
    sizes: Mapping[str, Sequence[int]] | None = None,
) -> Work:
    """Count the work of a run.

    Args:
        model: The model (an `onnx.ModelProto`).
        main: Its graphs.
        layers: Identity of a graph, or zero for any, and name of a tensor there, to the layer that it is of.
        sizes: Shapes of inputs that the model leaves open.

    Raises:
        ConfigError: It has no such input, or one of another shape.
    """
    found = Work()
    _count(main, _inferred(model, sizes or {}), layers, found, set())
    return found


def _named(axis: str) -> str:
    return "an axis that only a run tells" if axis == UNNAMED else f"`{axis}`"


def _inferred(model: Any, sizes: Mapping[str, Sequence[int]]) -> dict[str, Shape]:
    """Return the shapes of tensors, as far as these follow from those of the inputs."""
    import onnx

    copy = type(model).FromString(model.SerializeToString())
    stored = {tensor.name for tensor in copy.graph.initializer}
    inputs = {value.name: value for value in copy.graph.input if value.name not in stored}
    for name, given in sizes.items():
        if name not in inputs:
            raise ConfigError(f"the model has no input `{name}`", hint=f"its inputs are {', '.join(inputs)}")
        axes = inputs[name].type.tensor_type.shape.dim
        if len(axes) != len(given) or any(
            a.dim_value not in (0, b) for a, b in zip(axes, given, strict=True)
        ):
            raise ConfigError(
                f"`{name}` cannot have the shape {'x'.join(map(str, given))}: it has"
                f" {'x'.join(str(of) for of in _shape(inputs[name]) or ())}"
            )
        for axis, size in zip(axes, given, strict=True):
            axis.dim_value = size
    # Shapes that are written down need not fit the sizes that were given.
    del copy.graph.value_info[:]
    if sizes:
        for value in copy.graph.output:
            value.type.tensor_type.ClearField("shape")
    known = {value.dim_param for of in inputs.values() for value in of.type.tensor_type.shape.dim}
    # Whatever operations of others lead to: what follows from them is not known.
    with contextlib.suppress(Exception):
        copy = onnx.shape_inference.infer_shapes(copy, data_prop=True)
    found: dict[str, Shape] = {}

    def add(graph: Any) -> None:
        for tensor in graph.initializer:
            found.setdefault(tensor.name, tuple(tensor.dims))
        for value in (*graph.input, *graph.value_info, *graph.output):
            shape = _shape(value)
            if shape is not None:
                found.setdefault(value.name, tuple(_axis(of, known) for of in shape))
        for node in graph.node:
            if node.op_type == "Constant" and (value := attribute(node, "value")) is not None:
                found.setdefault(node.output[0], tuple(value.dims))
            for each in node.attribute:
                for inside in [each.g] if each.type == _GRAPH else each.graphs:
                    add(inside)

    add(copy.graph)
    return found


_GRAPH = 5
"""Type of an attribute that holds a graph."""


def _shape(value: Any) -> Shape | None:
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return tuple(axis.dim_value or axis.dim_param or UNNAMED for axis in kind.shape.dim)


def _axis(size: int | str, known: set[str]) -> int | str:
    """Return a size, the name of an axis of an input, or that neither is known."""
    return size if isinstance(size, int) or size in known else UNNAMED


def _count(
    scope: Scope, shapes: Shapes, names: Mapping[tuple[int, str], str], found: Work, constant: set[str]
) -> None:
    """Add the work of a graph and of those inside.

    Args:
        scope: The graph.
        shapes: Of tensors.
        names: See `count`.
        found: Is added to.
        constant: Tensors around it that are stored, or follow from stored ones alone.
    """
    constant = constant | {tensor.name for tensor in scope.graph.initializer}
    inside = {id(each.graph): each for each in scope.inner}
    layer_of = {name: layer for (_, name), layer in names.items()}
    layer_of |= {name: layer for (of, name), layer in names.items() if of == id(scope)}
    for node in scope.graph.node:
        graphs = [inside[id(of)] for of in _graphs(node) if id(of) in inside]
        if node.op_type == "Constant" or (
            not graphs and node.input and all(not name or name in constant for name in node.input)
        ):
            # What is known when a graph is loaded, is computed then.
            constant.update(node.output)
            if node.op_type in ("Transpose", "Identity", "Reshape", "Cast") and node.input[0] in layer_of:
                layer_of[node.output[0]] = layer_of[node.input[0]]
            continue
        if node.op_type == "If":
            branches = []
            for each in graphs:
                branch = Work()
                _count(each, shapes, names, branch, constant)
                branches.append(branch)
            _add(found, max(branches, key=lambda of: sum(of.by_axes.values()), default=Work()))
        else:
            for each in graphs:
                found.repeated += 1
                _count(each, shapes, names, found, constant)
        factors = _factors(node, shapes)
        if factors is None:
            continue
        if not factors:
            found.unknown.append(node.name or node.output[0])
            continue
        axes = tuple(sorted(of for of in factors if isinstance(of, str)))
        work = math.prod(of for of in factors if isinstance(of, int))
        found.by_axes[axes] += work
        layer = next((layer_of[name] for name in node.input if name in layer_of), None)
        if layer is not None:
            found.layers.setdefault(layer, Counter())[axes] += work


def _add(found: Work, other: Work) -> None:
    found.by_axes.update(other.by_axes)
    for name, of in other.layers.items():
        found.layers.setdefault(name, Counter()).update(of)
    found.unknown += other.unknown
    found.repeated += other.repeated


def _graphs(node: Any) -> Iterator[Any]:
    for each in node.attribute:
        if each.type == _GRAPH:
            yield each.g
        yield from each.graphs


def _factors(node: Any, shapes: Shapes) -> list[int | str] | None:
    """Return the factors of the products of a node; none if not known, nothing if it computes none."""
    inputs = [shapes.get(name) for name in node.input]
    outputs = [shapes.get(name) for name in node.output]
    if node.op_type in ("MatMul", "MatMulInteger", "QLinearMatMul"):
        a, b = inputs[0], inputs[3 if node.op_type == "QLinearMatMul" else 1]
        if a is None or b is None:
            return []
        return _matmul(a, b)
    if node.op_type == "Gemm":
        if inputs[0] is None or inputs[1] is None:
            return []
        a = inputs[0][::-1] if attribute(node, "transA", 0) else inputs[0]
        b = inputs[1][::-1] if attribute(node, "transB", 0) else inputs[1]
        return _matmul(a, b)
    if node.op_type in ("Conv", "ConvInteger", "ConvTranspose"):
        weight = inputs[1]
        # A kernel is moved over what is written, or over what is read where it spreads that.
        over = inputs[0] if node.op_type == "ConvTranspose" else outputs[0]
        if weight is None:
            return []
        axes = over[2:] if over is not None else (UNNAMED,) * (len(weight) - 2)
        batch = next((of[0] for of in (inputs[0], outputs[0]) if of is not None), UNNAMED)
        # (O, I / g, K) where outputs are counted, (I, O / g, K) where inputs are.
        return [batch, *axes, *weight]
    if node.op_type in _GATES:
        x, w, r = inputs[:3]
        if w is None or r is None:
            return []
        length, batch = x[:2] if x is not None and len(x) == 3 else (UNNAMED, UNNAMED)
        if not all(isinstance(of, int) for of in (*w, *r)):
            return []
        return [length, batch, math.prod(map(int, w)) + math.prod(map(int, r))]
    if node.op_type == "Einsum":
        return _einsum(attribute(node, "equation"), inputs)
    return None


def _matmul(a: Shape, b: Shape) -> list[int | str]:
    """Return the factors of the product of (..., M, K) and (..., K, N)."""
    a = a if len(a) > 1 else (1, *a)
    b = b if len(b) > 1 else (*b, 1)
    if not a or not b:
        return []
    inner = a[-1] if isinstance(a[-1], int) else b[-2]
    above: list[int | str] = []
    for at in range(1, max(len(a), len(b)) - 1):
        sizes = [of[-2 - at] for of in (a, b) if len(of) >= 2 + at]
        # A size of one is repeated.
        above.append(next((of for of in sizes if of != 1), 1))
    return [*above, a[-2], inner, b[-1]]


def _einsum(equation: bytes | str | None, inputs: Sequence[Shape | None]) -> list[int | str] | None:
    text = (equation.decode() if isinstance(equation, bytes) else equation or "").replace(" ", "")
    terms = text.partition("->")[0].split(",")
    if len(terms) != 2:
        # One factor is summed or turned; more are multiplied in an order that is not written down.
        return None if len(terms) == 1 else []
    sizes: dict[str, int | str] = {}
    for term, shape in zip(terms, inputs, strict=False):
        if "." in term or shape is None or len(term) != len(shape):
            return []
        for letter, size in zip(term, shape, strict=True):
            if sizes.get(letter, UNNAMED) in (UNNAMED, 1):
                sizes[letter] = size
    return list(sizes.values())
