"""Sources: weight files of which a few tensors at a time are read, never all of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from tiedtts.checkpoints import packed_files, shards, tensor_files, weight_files
from tiedtts.errors import CheckpointError


@dataclass(frozen=True, kw_only=True)
class Source:
    """A checkpoint in one file or several."""

    path: Path
    """The file, or the index of several."""
    kind: str
    """`safetensors` or `torch`."""
    sketch: dict[str, Tensor]
    """Tensors without numbers, on the `meta` device, in the order of the file."""
    where: dict[str, Path]
    """Key of each tensor to the file that has it."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Texts beside the tensors of the first file."""

    @classmethod
    def open(cls, path: Path) -> "Source | None":
        """Look at a checkpoint; nothing comes back for what can only be read as a whole.

        That are files with anything but one table of tensors by name, or with tensors that are one.

        Raises:
            CheckpointError: It is missing or damaged.
        """
        path = shards.locate(path)
        index = shards.read(path) if shards.is_index(path) else None
        sketch: dict[str, Tensor] = {}
        where: dict[str, Path] = {}
        kinds: set[str] = set()
        metadata: dict[str, str] | None = None
        for file in (path,) if index is None else index.files:
            if packed_files.is_packed(file):
                return None
            found = weight_files.read_one(file)
            plain = not (found.container or found.beside or found.left_out or found.plain or found.notes)
            if not plain or found.kind == "npz" or (index is None and found.kind == "torch"):
                return None
            if metadata is None:
                metadata = found.metadata
            # A text that names two tensors says that they are one.
            if any(key in found.tensors and of in found.tensors for key, of in found.metadata.items()):
                return None
            kinds.add(found.kind)
            places = {value.untyped_storage().data_ptr() for value in found.tensors.values()}
            if found.kind == "torch" and len(places) < len(found.tensors):
                return None
            sketch |= {key: torch.empty_like(value, device="meta") for key, value in found.tensors.items()}
            where |= dict.fromkeys(found.tensors, file)
        if len(kinds) != 1:
            return None
        if index is not None:
            weight_files.check_index(path, index, where)
            sketch = {key: sketch[key] for key in index.keys}
        about = {} if index is None else index.metadata
        return cls(
            path=path, kind=kinds.pop(), sketch=sketch, where=where, metadata={**(metadata or {}), **about}
        )

    def read(self, keys: Iterable[str]) -> dict[str, Tensor]:
        """Read some tensors; they stay in the file until they are used.

        Raises:
            CheckpointError: A file is gone or damaged, or a tensor is not plain numbers.
        """
        wanted: dict[Path, list[str]] = {}
        for key in keys:
            wanted.setdefault(self.where[key], []).append(key)
        found: dict[str, Tensor] = {}
        for file, names in wanted.items():
            if self.kind == "safetensors":
                tensors = tensor_files.read_some(file, names)
            else:
                tensors = weight_files.read_one(file).tensors
            for key in names:
                if key not in tensors or tensors[key].shape != self.sketch[key].shape:
                    raise CheckpointError(f"{file} was changed while it was read")
                weight_files.check(file, key, tensors[key])
                found[key] = tensors[key].contiguous()
        return found

    @property
    def largest(self) -> int:
        """Size of the largest file, bytes."""
        return max(file.stat().st_size for file in set(self.where.values()))
