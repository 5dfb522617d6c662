"""The graph of a voice file made small: equal tensors once, narrow storage, nothing computed that is known.

A traced graph spends as many bytes on names and on shapes that never change as a tiny voice on its weights.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tiedtts.graphs import folding
from tiedtts.speech.metadata import CONSTANT, SCALE
from tiedtts.tying.costs import SMALLEST_BYTE, SMALLEST_HALF


class Packed(NamedTuple):
    """A graph as it is stored."""

    model: Any
    """An `onnx.ModelProto`."""
    stored: dict[str, str]
    """Name of each parameter and buffer of the nets to that of the tensor which holds it."""
    scales: dict[str, str]
    """Name of each tensor of 8 bits to that of the scales of its rows."""


def pack(model: Any, precision: str) -> Packed:
    """Return the model (an `onnx.ModelProto`) as it is stored; its arithmetic is 32-bit all the same.

    Args:
        model: As traced; it is changed.
        precision: One of `tiedtts.choices.VOICE_PRECISIONS`. In 8 bits each row of a matrix has a scale
            of its own.
    """
    first = _merge(model)
    if precision != "fp32":
        _narrow(model, bytes_too=precision == "int8")
    folded = folding.fold(model)
    short = _rename(folded, set(first.values()))
    stored, scales = {}, {}
    for parameter, name in first.items():
        held = next((n for n in (f"{name}.byte", f"{name}.half", name) if n in short), None)
        if held is not None:
            stored[parameter] = short[held]
            if held.endswith(".byte"):
                scales[short[held]] = short[f"{SCALE}.{name}"]
    return Packed(folded, stored, scales)


def _merge(model: Any) -> dict[str, str]:
    """Store equal tensors once: tracing gives a shared weight a copy for each use.

    Returns:
        Name of each tensor to that of the one which is stored for it.
    """
    first: dict[tuple[Any, ...], str] = {}
    other: dict[str, str] = {}
    kept = []
    for tensor in model.graph.initializer:
        key = (tensor.data_type, tuple(tensor.dims), tensor.raw_data)
        if not tensor.raw_data or key not in first:
            first[key] = tensor.name
            kept.append(tensor)
        else:
            other[tensor.name] = first[key]
    for node in model.graph.node:
        for at, name in enumerate(node.input):
            node.input[at] = other.get(name, name)
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return {**{tensor.name: tensor.name for tensor in kept}, **other}


def _narrow(model: Any, *, bytes_too: bool) -> None:
    """Store large arrays in 16 or 8 bits; ONNX Runtime turns them back once, when it loads the voice."""
    from onnx import TensorProto, helper, numpy_helper

    added, tensors = [], []
    trained = {tensor.name for tensor in model.graph.initializer} if bytes_too else set()
    for tensor in (*model.graph.initializer, *_constants(model)):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < SMALLEST_HALF:
            tensors.append(tensor)
            continue
        name = tensor.name
        if name in trained and values.size >= SMALLEST_BYTE and values.ndim > 1:
            levels, scale = quantise(values)
            tensors.append(numpy_helper.from_array(levels, f"{name}.byte"))
            tensors.append(numpy_helper.from_array(scale, f"{SCALE}.{name}"))
            added.append(helper.make_node("Cast", [f"{name}.byte"], [f"{name}.level"], to=TensorProto.FLOAT))
            added.append(helper.make_node("Mul", [f"{name}.level", f"{SCALE}.{name}"], [name]))
        else:
            tensors.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            added.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    del model.graph.initializer[:]
    model.graph.initializer.extend(tensors)
    nodes = [*added, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def quantise(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return 8-bit levels, (O, ...), and the scale of each row, (O, 1, ...), whose product is nearest."""
    top = np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True)
    scale = np.where(top > 0, top / 127, 1).astype(np.float32)
    return np.rint(values / scale).astype(np.int8), scale


def _constants(model: Any) -> list[Any]:
    """Take large constants out of the nodes that hold them, as tensors."""
    kept, found = [], []
    for node in model.graph.node:
        value = next((a.t for a in node.attribute if a.name == "value"), None)
        if node.op_type == "Constant" and value is not None and np.prod(value.dims) >= SMALLEST_HALF:
            value.name = node.output[0]
            found.append(value)
        else:
            kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    return found


def _rename(model: Any, parameters: set[str]) -> dict[str, str]:
    """Give everything inside a short name; the names of tensors that are no parameters tell so.

    Returns:
        Name of each stored tensor to its short one.
    """
    graph = model.graph
    short: dict[str, str] = {value.name: value.name for value in (*graph.input, *graph.output)}

    def renamed(name: str, prefix: str = "") -> str:
        if name and name not in short:
            short[name] = f"{prefix}{len(short):x}"
        return short.get(name, "")

    stored = {}
    for tensor in graph.initializer:
        old = tensor.name
        own = tensor.name.removesuffix(".half").removesuffix(".byte")
        kind = SCALE if own.startswith(SCALE) else "" if own in parameters else CONSTANT
        tensor.name = stored[old] = renamed(old, f"{kind}." if kind else "")
        tensor.doc_string = ""
    for node in graph.node:
        node.name = node.doc_string = ""
        for names in (node.input, node.output):
            names[:] = [renamed(name) for name in names]
    return stored
