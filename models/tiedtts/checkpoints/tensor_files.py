"""Safetensors files: tensors and metadata, written without a second copy of them in memory."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from tiedtts import storage
from tiedtts.checkpoints.header import DAMAGED
from tiedtts.errors import CheckpointError, is_out_of_memory
from tiedtts.paths import StrPath


def write_texts(path: StrPath, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write contiguous tensors and texts as safetensors; all of the file appears or none.

    Raises:
        OutputError: The folder is missing or cannot be written.
        CheckpointError: The disk is full, or two tensors share memory.
    """
    path = Path(path)
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    with storage.replacing(path) as file:
        try:
            save_file(dict(tensors), file.name, dict(metadata) or None)
        except (SafetensorError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise CheckpointError(f"cannot write {path}: {reason}", hint="is the disk full?") from error


def write(path: StrPath, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
    """Write tensors and JSON values as safetensors; all of the file appears or none."""
    path = Path(path)
    header = {key: json.dumps(value, sort_keys=True) for key, value in metadata.items()}
    write_texts(path, tensors, header)


def read(path: StrPath) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read tensors and JSON values from safetensors; metadata that is not JSON stays text.

    Raises:
        CheckpointError: The file is missing or damaged.
    """
    path = Path(path)
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(
            f"no such checkpoint: {path}", hint="`tiedtts train` writes them into its run folder"
        )
    try:
        with safe_open(path, framework="pt") as file:
            texts = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise CheckpointError(
            f"{path} is not a readable safetensors file: {error}",
            hint="checkpoints end in .safetensors; a voice for `synth` ends in .onnx",
        ) from error
    return tensors, {key: _value(path, key, text) for key, text in texts.items()}


def _value(path: Path, key: str, text: str) -> Any:
    """Return a JSON value, or the text itself where it is none, as in other programs' files."""
    try:
        return json.loads(text)
    except ValueError:
        return text
    except RecursionError:
        raise CheckpointError(
            f"{path} has a damaged header: lists or tables in `{key}` are nested too deeply",
            hint=DAMAGED,
        ) from None
