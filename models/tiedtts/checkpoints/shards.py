"""Shards: a checkpoint in several files, with an index that says which tensor is in which of them."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tiedtts import file_kinds
from tiedtts.errors import CheckpointError
from tiedtts.quoting import named

INDEX = ".index.json"
"""End of the names of indices."""
_USUAL = (
    "model.safetensors.index.json",
    "model.safetensors",
    "pytorch_model.bin.index.json",
    "pytorch_model.bin",
)
"""Names of the one checkpoint of a folder, the first of which counts."""
_LARGEST_INDEX = 1 << 26
"""Bytes."""
_SHARD = re.compile(r"(?P<name>.+)-(?P<number>\d{2,})-of-(?P<count>\d{2,})(?P<suffix>\.\w+)")


@dataclass(frozen=True)
class Index:
    """Index of a checkpoint in several files."""

    files: tuple[Path, ...]
    """Shards, in the order of their names."""
    keys: dict[str, Path]
    """Key of each tensor to the shard that has it."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Texts that it has beside."""


def locate(path: Path) -> Path:
    """Return the file that holds a checkpoint, or its index: of a folder, the one that is in it.

    Raises:
        CheckpointError: There is nothing, or a folder with several checkpoints or none.
    """
    if path.is_dir():
        usual = [path / name for name in _USUAL if (path / name).is_file()]
        found = usual or sorted(path.glob(f"*{INDEX}"))
        if not found:
            found = [each for each in sorted(path.iterdir()) if each.is_file() and _is_weights(each)]
        if not usual and len(found) != 1:
            kind = file_kinds.kind(path)
            hint = kind.hint if kind is not None and found else "name a checkpoint file"
            raise CheckpointError(f"{path} is a folder", hint=hint)
        return found[0]
    if not path.is_file():
        raise CheckpointError(f"{path} is no file", hint="name a checkpoint file")
    return path


def files(path: Path) -> list[Path]:
    """Return all the files of a checkpoint, the index first.

    Raises:
        CheckpointError: There is none, or an index is damaged.
    """
    path = locate(path)
    return [path, *read(path).files] if is_index(path) else [path]


def size(path: Path) -> int:
    """Return the size of all the files of a checkpoint, bytes."""
    return sum(file.stat().st_size for file in files(path))


def is_index(path: Path) -> bool:
    """Return whether a file is an index, by its name."""
    return path.name.endswith(INDEX)


def read(path: Path) -> Index:
    """Read an index.

    Raises:
        CheckpointError: It is no index, or a shard is missing.
    """
    try:
        if path.stat().st_size > _LARGEST_INDEX:
            raise ValueError("it is too long")
        values = json.loads(path.read_text(encoding="utf-8"))
        keys = values["weight_map"]
        if not keys or not all(isinstance(each, str) for row in keys.items() for each in row):
            raise ValueError("`weight_map` must be a table of file names")
        about = values.get("metadata", {})
        about = about if isinstance(about, dict) else {}
        if outside := [name for name in keys.values() if Path(name).name != name or name in ("", "..")]:
            raise ValueError(f"`{named(outside[0])}` is no file beside it")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CheckpointError(
            f"{path} is not the index of a checkpoint in several files: {error}",
            hint="name one that ends in .safetensors.index.json or .bin.index.json",
        ) from error
    names = sorted(set(keys.values()))
    if missing := [name for name in names if not (path.parent / name).is_file()]:
        raise CheckpointError(
            f"{path}: {named(missing[0])} is missing, one of {len(names)} files",
            hint="put all the files beside their index",
        )
    return Index(
        tuple(path.parent / name for name in names),
        {key: path.parent / name for key, name in keys.items()},
        {key: text for key, text in about.items() if isinstance(text, str)},
    )


def note(path: Path) -> Iterable[str]:
    """Yield what is to be said of a file that is one of several."""
    found = _SHARD.fullmatch(path.name)
    if found is not None and int(found["count"]) > 1:
        yield (
            f"this is file {int(found['number'])} of {int(found['count'])}: "
            f"{found['name']}{found['suffix']}{INDEX} has all of them"
        )


def _is_weights(path: Path) -> bool:
    known = path.suffix.lower() in file_kinds.WEIGHTS
    return known or (not path.suffix and file_kinds.is_checkpoint(path))
