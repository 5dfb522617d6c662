"""Weight files of NumPy, `.npz`: arrays by name. Pickled objects in them are never read."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tiedtts import storage
from tiedtts.errors import CheckpointError, is_out_of_memory
from tiedtts.paths import StrPath

_MOST_PACKED = 64
"""Times that arrays may be larger than their file, beyond `_SMALL`."""
_SMALL = 1 << 24
"""Bytes of arrays that are no burden, however small their file is."""
_MOST_OTHERS = 1 << 20
"""Bytes of arrays that are no numbers, such as names."""


def is_arrays(path: Path) -> bool:
    """Return whether a file is a zip archive of arrays and nothing else."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    return bool(names) and all(name.endswith(".npy") for name in names)


def read(path: Path) -> tuple[dict[str, Tensor], str]:
    """Read arrays.

    Returns:
        Arrays of numbers by name; and those that are none, as a line for `write`.

    Raises:
        CheckpointError: The file is damaged, holds pickled objects, or far more than its size.
    """
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
    if size > _MOST_PACKED * path.stat().st_size + _SMALL:
        raise CheckpointError(f"{path} claims arrays of {size:,} bytes, which its own size belies")
    tensors: dict[str, Tensor] = {}
    others: dict[str, str] = {}
    try:
        with np.load(path, allow_pickle=False) as arrays:
            for name in arrays.files:
                value = arrays[name]
                if value.dtype.kind not in "fiub":
                    others[name] = _text(path, name, value)
                    continue
                # In the order and the byte order that torch has.
                own = value.astype(value.dtype.newbyteorder("="), order="C")
                tensors[name] = torch.from_numpy(own)
    except CheckpointError:
        raise
    # Whatever a damaged archive leads to, and types of numbers that torch does not know.
    except Exception as error:
        if is_out_of_memory(error):
            raise
        if "allow_pickle" in str(error):
            raise CheckpointError(
                f"{path} holds pickled objects, not only arrays", hint="save its arrays of numbers alone"
            ) from error
        raise CheckpointError(f"{path} is damaged, or not a checkpoint: {error}") from error
    return tensors, json.dumps(others)


def write(path: StrPath, tensors: Mapping[str, Tensor], others: str) -> None:
    """Write arrays; all of the file appears or none.

    Args:
        path: Path of the file.
        tensors: By name.
        others: The line that `read` returned; empty if there is none.

    Raises:
        OutputError: The file cannot be written.
        CheckpointError: The line is none, or a tensor is of a type that NumPy does not know.
    """
    try:
        arrays = {name: value.detach().cpu().numpy() for name, value in tensors.items()}
        for name, text in json.loads(others or "{}").items():
            arrays[name] = np.load(io.BytesIO(base64.b64decode(text, validate=True)), allow_pickle=False)
    except (TypeError, ValueError, AttributeError, OSError, EOFError) as error:
        raise CheckpointError(f"{path} cannot hold these tensors: {error}") from error
    with storage.replacing(Path(path)) as file, zipfile.ZipFile(file, "w") as archive:
        # `numpy.savez` takes names for its own arguments.
        for name, value in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asanyarray(value), allow_pickle=False)


def _text(path: Path, name: str, value: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> str:
    if value.nbytes > _MOST_OTHERS or value.dtype.hasobject:
        raise CheckpointError(f"`{name}` in {path} is of type {value.dtype}, not plain numbers")
    data = io.BytesIO()
    np.save(data, value, allow_pickle=False)
    return base64.b64encode(data.getvalue()).decode()
