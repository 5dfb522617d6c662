"""Reads and writes weight files of other programs: safetensors, `.npz`, and what `torch.save` writes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tiedtts.checkpoints import array_files, containers, packed_files, shards, tensor_files, torch_files
from tiedtts.checkpoints.contents import Contents
from tiedtts.errors import CheckpointError
from tiedtts.paths import StrPath

_MOST_REPEATED = 1 << 24
"""Bytes that a tensor may have which sees numbers of its memory more than once."""


def read(path: StrPath) -> Contents:
    """Read the tensors of a weight file; they may stay in the file until they are used.

    Raises:
        CheckpointError: The file is missing, damaged, holds code, no tensors, or those of several nets.
    """
    path = shards.locate(Path(path))
    if shards.is_index(path):
        found = _joined(path)
    else:
        found = read_one(path)
        found.notes += shards.note(path)
    if not found.tensors:
        raise CheckpointError(f"{path} holds no tensors")
    for key, of in found.tensors.items():
        check(path, key, of)
    return found


def read_one(path: StrPath) -> Contents:
    """Read one file; see `read`, which checks what is in it."""
    path = Path(path)
    if path.suffix.lower() == ".safetensors" or tensor_files.is_safetensors(path):
        tensors, _ = tensor_files.read(path)
        metadata = _metadata(path)
        return Contents(_with_named(tensors, metadata), "safetensors", metadata=metadata)
    if array_files.is_arrays(path):
        tensors, others = array_files.read(path)
        return Contents(tensors, "npz", layout=others)
    return containers.choose(path, torch_files.load(path))


def _joined(path: Path) -> Contents:
    """Read all the files that an index names as one.

    Raises:
        CheckpointError: A tensor is not in the file in which the index has it.
    """
    index = shards.read(path)
    parts = {shard: read_one(shard) for shard in index.files}
    first = next(iter(parts.values()))
    check_index(path, index, {key: shard for shard, of in parts.items() for key in of.tensors})
    found = Contents(
        {key: parts[shard].tensors[key] for key, shard in index.keys.items()},
        first.kind,
        metadata=first.metadata,
    )
    if found.kind == "safetensors":
        found.tensors = _with_named(found.tensors, first.metadata)
    found.notes.append(f"read from {len(parts)} files")
    return found


def check_index(path: StrPath, index: shards.Index, where: Mapping[str, StrPath]) -> None:
    """Refuse an index that has a tensor in a file which does not hold it.

    Args:
        path: The index, which errors name.
        index: What it says.
        where: Key of each tensor to the file that holds it.

    Raises:
        CheckpointError: It does; names both.
    """
    for key, shard in index.keys.items():
        if where.get(key) != shard:
            raise CheckpointError(
                f"{shard} lacks `{key}`, which {Path(path).name} has in it",
                hint="download all the files again",
            )


def write(path: StrPath, contents: Contents) -> None:
    """Write tensors as a file of the kind its suffix asks for, by default `contents.kind`; all of it or none.

    Raises:
        OutputError: The folder is missing or cannot be written.
    """
    path = Path(path)
    suffix = ".safetensors" if path.name.lower().endswith(".safetensors.xz") else path.suffix.lower()
    known = {
        ".safetensors": "safetensors",
        ".pt": "torch",
        ".pth": "torch",
        ".bin": "torch",
        ".ckpt": "torch",
        ".npz": "npz",
    }
    if known.get(suffix, contents.kind) == "npz":
        array_files.write(path, contents.tensors, contents.layout if contents.kind == "npz" else "")
        return
    if known.get(suffix, contents.kind) == "safetensors":
        tensors, names = tensor_files.apart(contents.tensors)
        # Readers of this kind of file find tensors that are one by their names among the texts.
        tensor_files.write_texts(path, tensors, {**names, **contents.metadata})
        return
    torch_files.write(path, contents)


def _metadata(path: Path) -> dict[str, Any]:
    """Return the texts beside the tensors of a readable safetensors file, as they are."""
    from safetensors import safe_open

    if packed_files.is_packed(path):
        return dict(packed_files.texts(path))
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


def check(path: StrPath, key: str, tensor: Tensor) -> None:
    """Refuse a tensor that is not plain numbers in memory or in the file.

    Raises:
        CheckpointError: It is of a kind that cannot be stored, or claims more numbers than the file holds.
    """
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_complex() or tensor.is_meta:
        kind = "quantised" if tensor.is_quantized else "without numbers" if tensor.is_meta else None
        raise CheckpointError(
            f"`{key}` in {path} is {kind or f'of type {tensor.dtype}, {tensor.layout}'}, not plain numbers",
            hint="write a checkpoint with dense tensors of real numbers",
        )
    there = tensor.untyped_storage().nbytes()
    # A bias that is one number everywhere is often stored as that.
    if tensor.nbytes > max(there, _MOST_REPEATED):
        raise CheckpointError(
            f"`{key}` in {path} claims {tensor.nbytes:,} bytes, but the file has {there:,} for it"
        )
    if tensor.is_floating_point() and bool(_comparable(tensor).isnan().any()):
        raise CheckpointError(f"`{key}` in {path} holds NaN", hint="take an earlier checkpoint")


def _comparable(tensor: Tensor) -> Tensor:
    """Return numbers of a type that torch has tests for: not so for those of eight bits and fewer."""
    if tensor.itemsize > 1:
        return tensor
    try:
        return tensor.float()
    # Two numbers of four bits in a byte, of which torch knows the name and nothing else.
    except (RuntimeError, NotImplementedError):
        return torch.zeros(1)


def _with_named(tensors: dict[str, Tensor], metadata: Mapping[str, str]) -> dict[str, Tensor]:
    """Add the tensors that are one with another, as the texts of the file say."""
    named = {key: of for key, of in metadata.items() if key not in tensors and of in tensors}
    return {**tensors, **{key: tensors[of] for key, of in named.items()}}
