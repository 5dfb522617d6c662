"""Files of ONNX models: one file, or one with data of its own beside it."""

import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from tiedtts import storage
from tiedtts.errors import CheckpointError, is_out_of_memory
from tiedtts.graphs.scopes import Scope, attribute

OWN = "tiedtts"
"""Name among the metadata that a voice of this program has."""
FLOATS = (1, 10, 11, 16)
"""Types of numbers with a fraction: 32, 16, 64 bits, and 16 with fewer digits."""
_LARGEST = 2**31 - 1
"""Bytes of a message."""
_BESIDE = ".json"
"""End of the name of a voice's settings, as Piper has them beside its model."""


def is_model(path: Path) -> bool:
    """Return whether a file is a model of ONNX, by its name and its first bytes."""
    if path.suffix.lower() != ".onnx" or not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(1) == b"\x08"


def read(path: Path) -> Any:
    """Read a model (an `onnx.ModelProto`), with its data, and without functions of its own.

    Raises:
        CheckpointError: It is damaged, data are missing, or it is a voice of this program.
    """
    import onnx

    try:
        model = onnx.load(path)
        if model.functions:
            from onnx import inliner

            model = inliner.inline_local_functions(model)
        if model.ByteSize() < _LARGEST:
            _check(model, path)
    # Whatever a damaged message leads to.
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise CheckpointError(f"{path} is not a readable model of ONNX: {reason(error)}") from error
    if any(entry.key == OWN for entry in model.metadata_props):
        raise CheckpointError(
            f"{path} is a voice of this program, which its checkpoints are tied for",
            hint="tie the checkpoint, and make a voice of it with `tiedtts export`",
        )
    return model


def size(path: Path) -> int:
    """Return the size of a model's file and of its data, bytes."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    beside = {
        entry.value
        for tensor in stored(Scope.of(model.graph))
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return sum(each.stat().st_size for each in (path, *(path.parent / str(name) for name in beside)))


def version(model: Any) -> int:
    """Return the version of ONNX's own operations that a model is written in."""
    return next((int(of.version) for of in model.opset_import if of.domain in ("", "ai.onnx")), 0)


def parameters(model: Any) -> int:
    """Return how many numbers with a fraction a model stores in its graphs."""
    found = stored(Scope.of(model.graph))
    return sum(numbers(tensor) for tensor in found if tensor.data_type in FLOATS)


def numbers(tensor: Any) -> int:
    """Return how many numbers a tensor has."""
    return int(math.prod(tensor.dims))


def stored(main: Scope) -> list[Any]:
    """Return the tensors that a graph and those inside store."""
    found: list[Any] = []
    for scope in main.walk():
        found += scope.graph.initializer
        values = (attribute(node, "value") for node in scope.graph.node if node.op_type == "Constant")
        found += [value for value in values if value is not None]
    return found


def _check(model: Any, path: Path) -> None:
    """Refuse what is no model to ONNX's own checker, nor to ONNX Runtime, which is less strict."""
    import onnx

    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        try:
            _load(path)
        except Exception:
            raise error from None


def _load(given: Any) -> None:
    """Load a model, a path or the bytes of a file, as ONNX Runtime does."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    given = os.fspath(given) if isinstance(given, Path) else given
    onnxruntime.InferenceSession(given, options, providers=["CPUExecutionProvider"])


def check_runs(model: Any, source: Path) -> None:
    """Load a model as ONNX Runtime does, if that can load the one that it was made of.

    Raises:
        CheckpointError: It cannot be loaded any more.
    """
    if model.ByteSize() >= _LARGEST:
        return
    try:
        _load(model.SerializeToString())
    # Its errors have no common class of their own.
    except Exception as error:
        if is_out_of_memory(error):
            raise
        try:
            _load(source)
        except Exception:
            # It needs operations that are not here.
            return
        raise CheckpointError(
            f"{source} does not run any more when it is tied so: {reason(error)}",
            hint="leave out layers until it does, and report which one it is",
        ) from error


def write(path: Path, model: Any, source: Path) -> None:
    """Write a model; data of its own and settings beside it, where the source has some.

    Raises:
        OutputError: The folder is missing or cannot be written.
    """
    import onnx

    if model.ByteSize() < _LARGEST:
        storage.write_bytes(path, model.SerializeToString())
    else:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder, path.name)
            data = f"{path.name}.data"
            onnx.save_model(model, made, save_as_external_data=True, location=data)
            os.replace(Path(folder, data), path.parent / data)
            os.replace(made, path)
    settings = source.with_name(source.name + _BESIDE)
    if settings.is_file():
        with storage.replacing(path.with_name(path.name + _BESIDE)) as file, settings.open("rb") as given:
            shutil.copyfileobj(given, file)


def reason(error: Exception) -> str:
    """Return the first line of an error, short."""
    return ((str(error).strip().splitlines() or [type(error).__name__])[0])[:200]
