"""Safetensors files: tensors and metadata, written without a second copy of them in memory."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tiedtts import file_kinds, storage
from tiedtts.checkpoints import packed_files, shards
from tiedtts.checkpoints.header import DAMAGED
from tiedtts.errors import CheckpointError, is_out_of_memory
from tiedtts.nets import tensor_views
from tiedtts.paths import StrPath


def write_texts(path: StrPath, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write contiguous tensors and texts as safetensors, packed if the name ends so; all of the file or none.

    Raises:
        OutputError: The folder is missing or cannot be written.
        CheckpointError: The disk is full, or two tensors share memory.
    """
    path = Path(path)
    from safetensors import SafetensorError
    from safetensors.torch import save, save_file

    with storage.replacing(path) as file:
        try:
            if path.suffix.lower() == packed_files.SUFFIX:
                file.write(packed_files.pack(save(dict(tensors), dict(metadata) or None)))
                return
            save_file(dict(tensors), file.name, dict(metadata) or None)
        except (SafetensorError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise CheckpointError(f"cannot write {path}: {reason}", hint="is the disk full?") from error


def apart(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return contiguous tensors of which no two share memory, as safetensors have them.

    Returns:
        The tensors; and key of each that is the same as another, which is left out, to the key of that.
    """
    views, _ = tensor_views.find(tensors)
    shapes = {key: tuple(value.shape) for key, value in tensors.items()}
    same = {
        key: view.source
        for key, view in views.items()
        if view.is_whole and shapes.get(view.source) == view.shape
    }
    apart = {key: value.detach().cpu() for key, value in tensors.items() if key not in same}
    plain = torch.contiguous_format
    own = {
        key: of.clone(memory_format=plain) if key in views else of.contiguous() for key, of in apart.items()
    }
    return own, same


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

    if path.is_dir():
        raise CheckpointError(f"{path} is a folder", hint=way_out(path))
    if not path.is_file():
        raise CheckpointError(
            f"no such checkpoint: {path}", hint="`tiedtts train` writes them into its run folder"
        )
    if shards.is_index(path):
        return _joined(path)
    if packed_files.is_packed(path):
        tensors, texts = packed_files.read(path)
        return tensors, {key: _value(path, key, text) for key, text in texts.items()}
    try:
        with safe_open(path, framework="pt") as file:
            texts = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        known = file_kinds.kind(path)
        if known is not None and not is_safetensors(path):
            raise CheckpointError(
                f"{path} is {known.what}, not a checkpoint of this program", hint=way_out(path)
            ) from error
        raise CheckpointError(
            f"{path} is not a readable safetensors file: {error}",
            hint="checkpoints end in .safetensors; a voice for `synth` ends in .onnx",
        ) from error
    return tensors, {key: _value(path, key, text) for key, text in texts.items()}


def _joined(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read the files of an index as one; the texts are those of the index."""
    index = shards.read(path)
    parts = {shard: read(shard)[0] for shard in index.files}
    if lost := [key for key, shard in index.keys.items() if key not in parts[shard]]:
        raise CheckpointError(
            f"{index.keys[lost[0]]} lacks `{lost[0]}`, which {path.name} has in it",
            hint="copy all the files again",
        )
    tensors = {key: parts[shard][key] for key, shard in index.keys.items()}
    return tensors, {key: _value(path, key, text) for key, text in index.metadata.items()}


def read_some(path: StrPath, names: Iterable[str]) -> dict[str, Tensor]:
    """Read some tensors of safetensors; they stay in the file until they are used.

    Raises:
        CheckpointError: The file is damaged, or lacks one of them.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in names}
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise CheckpointError(f"{path} is not a readable safetensors file: {error}") from error


def way_out(path: StrPath) -> str | None:
    """Return the hint for a file that is no checkpoint of this program."""
    path = Path(path)
    known = file_kinds.kind(path)
    if known is not None and known.is_checkpoint:
        return f"voices are made of this program's checkpoints; `tiedtts tie` and `stats` read {path.name}"
    return None if known is None else known.hint


def is_safetensors(path: StrPath) -> bool:
    """Return whether a file begins as safetensors do, a length, then JSON, or is such a file packed."""
    path = Path(path)
    if packed_files.is_packed(path):
        return True
    with path.open("rb") as file:
        return file.read(9)[8:] == b"{"


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
