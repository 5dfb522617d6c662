"""Counts what a model of ONNX stores and computes; what was tied in it, the model itself says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiedtts.graphs import described, model_files, work
from tiedtts.graphs.scopes import Scope
from tiedtts.graphs.weights import find
from tiedtts.graphs.work import Work
from tiedtts.tying.report import ModuleCount

REST = "(other tensors)"
"""Name of what belongs to no layer."""


@dataclass(frozen=True, kw_only=True)
class GraphCount:
    """Numbers of a model."""

    unique_parameters: int
    """Numbers with a fraction that are stored."""
    named_parameters: int
    """Number of those if nothing were tied."""
    unique_bytes: int
    """Size of all tensors, whole numbers included."""
    buffers: int
    """Whole numbers: indices of codebooks, shapes, places."""
    file_bytes: int
    """On disk, data beside it included."""
    modules: tuple[ModuleCount, ...]
    """Layers, in the order of the graph, and the rest together."""
    work: Work
    """Multiply-accumulates, as far as they are known before it runs."""


def count(path: Path, sizes: Mapping[str, Sequence[int]] | None = None) -> GraphCount:
    """Count a model.

    Args:
        path: The file.
        sizes: Shapes of inputs that it leaves open.

    Raises:
        CheckpointError: It cannot be read.
        ConfigError: It has no such inputs.
    """
    model = model_files.read(path)
    main = Scope.of(model.graph)
    tensors = {id(tensor): tensor for tensor in model_files.stored(main)}
    tied = described.ties(model)
    of: dict[str, list[Any]] = {name: [] for name in tied}
    owner = {tensor: name for name, said in tied.items() for tensor in said["tensors"]}
    for tensor in list(tensors.values()):
        if tensor.name in owner:
            of[owner[tensor.name]].append(tensors.pop(id(tensor)))
    rows = [
        _row(name, tied[name]["scheme"], tied[name]["scheme"], given, tied[name]["numbers"])
        for name, given in of.items()
    ]
    weights = find(main)
    layers = {(0, tensor): name for tensor, name in owner.items()}
    layers |= {(0, of["key"]): name for name, of in tied.items() if of.get("key")}
    layers |= {(id(weight.scope), weight.key): weight.name for weight in weights}
    for weight in weights:
        if id(weight.tensor) in tensors:
            own = [tensors.pop(id(weight.tensor))]
            rows.append(_row(weight.name, weight.uses[0].node.op_type, "", own))
    rows.append(_row(REST, "", "", tensors.values()))
    every = [_numbers(tensor) for tensor in model_files.stored(main)]
    return GraphCount(
        unique_parameters=sum(row.unique_parameters for row in rows),
        named_parameters=sum(row.named_parameters for row in rows),
        unique_bytes=sum(row.unique_bytes for row in rows),
        buffers=sum(whole for _, whole, _ in every),
        file_bytes=model_files.size(path),
        modules=tuple(row for row in rows if row.unique_bytes or row.named_parameters),
        work=work.count(model, main, layers, sizes),
    )


def _row(name: str, kind: str, scheme: str, tensors: Iterable[Any], named: int | None = None) -> ModuleCount:
    counted = [_numbers(tensor) for tensor in tensors]
    parameters = sum(each for each, _, _ in counted)
    return ModuleCount(
        name=name,
        type=kind,
        scheme=scheme,
        unique_parameters=parameters,
        named_parameters=parameters if named is None else named,
        unique_bytes=sum(size for _, _, size in counted),
        # A graph does not say who stores what is shared.
        shared_with="",
    )


def _numbers(tensor: Any) -> tuple[int, int, int]:
    """Return numbers with a fraction, whole numbers, and bytes of a tensor."""
    from onnx import helper

    count = model_files.numbers(tensor)
    size = count * helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    return (count, 0, size) if tensor.data_type in model_files.FLOATS else (0, count, size)
