"""Writes a checkpoint tensor by tensor: one file, or several with an index, each as soon as it is full."""

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import torch
from torch import Tensor

from tiedtts import storage
from tiedtts.checkpoints import shards, tensor_files
from tiedtts.errors import CheckpointError

LARGEST = 5 * 10**9
"""Bytes of a file, where nobody says more: what hubs of models ask for."""
_MOST_WAITING = 1 << 25
"""Bytes that wait in memory."""
_FORMAT = {"format": "pt"}
"""Text by which readers of safetensors know tensors of torch."""


class ShardWriter:
    """Writes tensors; nothing is there before `finish`.

    Args:
        target: A file; or an index of files beside it, `NAME.safetensors.index.json` or the same with `.bin`.
        most: Largest size of a file, bytes; of one tensor alone it may be larger.
        keep: Files that must not be written over.

    Raises:
        OutputError: The folder cannot be written.
    """

    def __init__(self, target: Path, most: int = LARGEST, keep: "tuple[Path, ...]" = ()) -> None:
        storage.check_writable(target)
        self._target = target
        self._most = most
        self._keep = keep
        self._is_sharded = shards.is_index(target)
        whole = target.name.removesuffix(shards.INDEX)
        self._stem, self._suffix = os.path.splitext(whole)
        if self._is_sharded and self._suffix not in (".safetensors", ".bin"):
            raise CheckpointError(
                f"files of a checkpoint end in .safetensors or .bin, got: {target}",
                hint="write to NAME.safetensors.index.json",
            )
        self._waiting: dict[str, Tensor] = {}
        self._aside: list[tuple[Path, list[str]]] = []
        """Parts of the file that is not full yet, and what is in them."""
        self._size = self._total = 0
        self._written: list[tuple[Path, list[str]]] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> "ShardWriter":
        """Make a folder for what is not finished, on the same disk."""
        if self._is_sharded:
            self._folder = tempfile.TemporaryDirectory(dir=self._target.parent, prefix=".unfinished")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what is not finished."""
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, name: str, value: Tensor) -> None:
        """Take one more tensor; it is written when the file is full."""
        # What sees a part of a file would keep all of it in memory.
        value = value.detach().cpu().contiguous()
        if self._is_sharded and self._size and self._size + value.nbytes > self._most:
            self._write()
        self._waiting[name] = value
        self._size += value.nbytes
        self._total += value.nbytes
        if self._is_sharded and sum(each.nbytes for each in self._waiting.values()) > _MOST_WAITING:
            self._put_aside()

    def finish(self, metadata: Mapping[str, str]) -> int:
        """Let the files appear, the index last; return their size in bytes.

        Args:
            metadata: Texts that belong to the tensors: they stand in the file, or in the index.
        """
        if not self._is_sharded:
            tensor_files.write_texts(self._target, self._waiting, {**metadata})
            return self._target.stat().st_size
        if self._size or self._waiting:
            self._write()
        count = len(self._written)
        names = [f"{self._stem}-{at:05}-of-{count:05}{self._suffix}" for at in range(1, count + 1)]
        folder = self._target.parent
        for name in names:
            if any((folder / name).exists() and (folder / name).samefile(file) for file in self._keep):
                raise CheckpointError(
                    f"{folder / name} is a file of the checkpoint itself", hint="write to another folder"
                )
        old = _files_of(self._target)
        keys = {key: name for name, (_, of) in zip(names, self._written, strict=True) for key in of}
        for name, (made, _) in zip(names, self._written, strict=True):
            os.replace(made, folder / name)
        index = {
            "metadata": {"total_size": self._total, **metadata},
            "weight_map": dict(sorted(keys.items())),
        }
        storage.write_bytes(self._target, json.dumps(index, indent=1).encode())
        for name in old - set(names):
            (folder / name).unlink(missing_ok=True)
        return sum((folder / name).stat().st_size for name in names) + self._target.stat().st_size

    def _put_aside(self) -> None:
        """Let what is waiting wait on the disk: what is made next needs the memory."""
        assert self._folder is not None
        path = Path(self._folder.name, f"part{len(self._aside)}.safetensors")
        tensor_files.write_texts(path, self._waiting, _FORMAT)
        self._aside.append((path, list(self._waiting)))
        self._waiting = {}

    def _write(self) -> None:
        """Write what is waiting as a file."""
        assert self._folder is not None
        for part, names in self._aside:
            self._waiting |= tensor_files.read_some(part, names)
        path = Path(self._folder.name, f"{len(self._written)}{self._suffix}")
        if self._suffix == ".bin":
            # A view would bring all the memory that it is part of.
            own = {
                name: value if value.untyped_storage().nbytes() == value.nbytes else value.clone()
                for name, value in self._waiting.items()
            }
            with storage.replacing(path) as file:
                torch.save(own, file)
        else:
            tensor_files.write_texts(path, self._waiting, _FORMAT)
        # As any other file would have been made.
        self._written.append((path, list(self._waiting)))
        self._waiting, self._size = {}, 0
        for part, _ in self._aside:
            # Where a file cannot go while it is looked at, it goes with its folder.
            with contextlib.suppress(OSError):
                part.unlink()
        self._aside = []


def _files_of(index: Path) -> set[str]:
    """Return the names of the files of a checkpoint that is there already."""
    try:
        return {file.name for file in shards.read(index).files} if index.is_file() else set()
    except CheckpointError:
        return set()
