"""Tensors to a safetensors file, without a second copy of them in memory."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from tiedtts import storage
from tiedtts.errors import CheckpointError


def write(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write contiguous tensors and texts as safetensors; all of the file appears or none.

    Raises:
        OutputError: The folder is missing or cannot be written.
        CheckpointError: The disk is full, or two tensors share memory.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    with storage.replacing(path) as file:
        try:
            save_file(dict(tensors), file.name, dict(metadata) or None)
        except (SafetensorError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise CheckpointError(f"cannot write {path}: {reason}", hint="is the disk full?") from error
