"""Unties a model of ONNX: weights are stored whole again, as whatever else reads models expects them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tiedtts.errors import CheckpointError
from tiedtts.graphs import described, model_files
from tiedtts.graphs.edits import Edits
from tiedtts.graphs.scopes import Scope

Array = npt.NDArray[Any]
_LAST = {
    "Gather": ("MatMul",),
    "MatMul": ("MatMul", "Gemm"),
    "Conv": ("Conv", "ConvTranspose"),
}
"""First of the two products of a low-rank tie, and what the second may be."""
_DOWN, _UP = (re.compile(rf"\.{name}(_\d+)?$") for name in ("down", "up"))
"""Ends of the names of their factors."""


def untie(source: Path, target: Path) -> int:
    """Write a tied model as a plain one, which computes the same.

    Args:
        source: The tied model.
        target: File to write; data of its own, if there is much of it, beside it.

    Returns:
        The number of parameters in the file.

    Raises:
        CheckpointError: The source cannot be read, is not tied, or what became of it does not run.
        OutputError: The target cannot be written.
    """
    model = model_files.read(source)
    ties = described.ties(model)
    if not ties:
        raise CheckpointError(
            f"{source} is not tied", hint="untie a model that `tiedtts tie` made: others keep what they are"
        )
    main = Scope.of(model.graph)
    tied = {tensor for of in ties.values() for tensor in of["tensors"]}
    keys = {of["key"] for of in ties.values() if of.get("key")}
    edits = {id(scope.graph): Edits(scope.graph) for scope in main.walk()}
    _compute(model, main, tied, keys, edits)
    _join(main, tied, edits)
    for of in reversed(edits.values()):
        of.make()
    _drop_unread(model)
    described.forget(model)
    model_files.check_runs(model, source)
    model_files.write(target, model, source)
    return model_files.parameters(model)


def _compute(model: Any, main: Scope, tied: set[str], keys: set[str], edits: Mapping[int, Edits]) -> None:
    """Store what is computed of the tensors of ties, and remove what computes it."""
    from onnx import numpy_helper

    known: dict[str, Any] = {}
    for scope in main.walk():
        known.update((tensor.name, tensor) for tensor in scope.graph.initializer)
        wanted = keys & {name for node in scope.graph.node for name in node.output}
        nodes = list(_needed(scope, wanted))
        if not nodes:
            continue
        for name, array in _run(model, nodes, known, sorted(wanted)).items():
            edits[id(scope.graph)].tensors.append(numpy_helper.from_array(array, name))
        for node in nodes:
            edits[id(scope.graph)].put(node)


def _needed(scope: Scope, wanted: set[str]) -> Iterator[Any]:
    """Yield the nodes of a graph that lead to some tensors, in order."""
    needed, found = set(wanted), []
    for node in reversed(scope.graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            found.append(node)
    yield from reversed(found)


def _run(model: Any, nodes: list[Any], known: Mapping[str, Any], wanted: list[str]) -> dict[str, Array]:
    """Return what nodes compute of stored tensors."""
    import onnxruntime
    from onnx import ValueInfoProto, helper

    read = {name for node in nodes for name in node.input}
    # Of a type that is not told, whatever it is.
    outputs = [ValueInfoProto(name=name) for name in wanted]
    graph = helper.make_graph(nodes, "weights", [], outputs, [known[name] for name in read if name in known])
    made = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            made.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return dict(zip(wanted, session.run(None, {}), strict=True))
    # Its errors have no common class of their own.
    except Exception as error:
        raise CheckpointError(
            f"weights of the model cannot be computed: {model_files.reason(error)}",
            hint="it may have been changed since it was tied: keep the model that it was made of",
        ) from error


def _join(main: Scope, tied: set[str], edits: Mapping[int, Edits]) -> None:
    """Put one product in the place of each two that a low-rank tie made of it."""
    from onnx import numpy_helper

    stored = {tensor.name: tensor for scope in main.walk() for tensor in scope.graph.initializer}
    made: dict[tuple[str, str], str] = {}
    for scope in main.walk():
        for first in scope.graph.node:
            down = first.input[0 if first.op_type == "Gather" else 1] if len(first.input) > 1 else ""
            after = (
                scope.uses.get(first.output[0], ())
                if first.op_type in _LAST and down in tied and _DOWN.search(down)
                else ()
            )
            if len(after) != 1 or after[0].node.op_type not in _LAST[first.op_type]:
                continue
            second = after[0].node
            up = second.input[1] if second.input[0] == first.output[0] else ""
            if up not in tied or not _UP.search(up):
                continue
            if (down, up) not in made:
                array = _product(first, second, *(numpy_helper.to_array(stored[of]) for of in (down, up)))
                made[down, up] = _name(up, {*stored, *made.values()})
                edits[id(main.graph)].tensors.append(numpy_helper.from_array(array, made[down, up]))
            edits[id(scope.graph)].put(first)
            edits[id(scope.graph)].put(second, [_joined(first, second, made[down, up])])


def _name(up: str, taken: set[str]) -> str:
    """Return a name for the weight of a layer, of the name of one of its factors."""
    found = name = f"{up.rpartition('.')[0]}.weight"
    at = 2
    while found in taken:
        found, at = f"{name}_{at}", at + 1
    return found


def _product(first: Any, second: Any, down: Array, up: Array) -> Array:
    """Return the weight that two factors are, as the one product reads it."""
    if second.op_type in ("MatMul", "Gemm"):
        whole = down @ up
    elif second.op_type == "ConvTranspose":
        # (r, I, 1) and (r, O, K): (I, O, K).
        whole = np.einsum("ri,ro...->io...", down.reshape(down.shape[:2]), up)
    else:
        # (r, I, K) and (O, r, 1): (O, I, K).
        whole = np.einsum("or,ri...->oi...", up.reshape(up.shape[:2]), down)
    return np.ascontiguousarray(whole.astype(down.dtype))


def _joined(first: Any, second: Any, weight: str) -> Any:
    """Return the one product."""
    from onnx import helper

    added = [name for name in second.input[2:] if name]
    is_table = first.op_type == "Gather"
    kind = first.op_type if is_table else second.op_type
    inputs = [weight, first.input[1]] if is_table else [first.input[0], weight, *added]
    node = helper.make_node(kind, inputs, [second.output[0]], name=second.name.removesuffix("/2"))
    node.attribute.extend(
        second.attribute if second.op_type in ("ConvTranspose", "Gemm") else first.attribute
    )
    node.domain = second.domain
    return node


def _drop_unread(model: Any) -> None:
    """Remove stored tensors that nothing reads any more."""
    main = Scope.of(model.graph)
    for scope in main.walk():
        read = set(scope.uses) | scope.outputs()
        kept = [tensor for tensor in scope.graph.initializer if tensor.name in read]
        if len(kept) < len(scope.graph.initializer):
            gone = {tensor.name for tensor in scope.graph.initializer} - {tensor.name for tensor in kept}
            for values in (scope.graph.initializer, scope.graph.input):
                for at in reversed(range(len(values))):
                    if values[at].name in gone:
                        del values[at]
