"""Reads and writes weight files of other programs: safetensors, and what `torch.save` writes.

Nothing in a file is run: pickles are read by the reader of torch that knows tensors and plain values only.
"""

import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tiedtts import file_kinds, storage
from tiedtts.checkpoints import array_files, layout, packed_files, shards, tensor_files
from tiedtts.errors import CheckpointError
from tiedtts.nets import tensor_views
from tiedtts.paths import StrPath

CONTAINERS = ("generator", "state_dict", "model", "model_state_dict", "module", "net", "weights")
"""Keys under which programs keep the tensors of the net that speaks."""
_DEPTH = 3
"""Containers inside containers that are looked into."""
_MOST_REPEATED = 1 << 24
"""Bytes that a tensor may have which sees numbers of its memory more than once."""
_MAGIC = b"\x80"
"""First byte of a pickle, as old versions of torch write them without an archive."""


@dataclass
class Contents:
    """Contents of a weight file."""

    tensors: dict[str, Tensor]
    """By key; those that see one memory in the file do so here."""
    kind: str
    """`torch`, `safetensors` or `npz`."""
    container: list[str] = field(default_factory=list)
    """Keys that lead to the tensors."""
    metadata: dict[str, str] = field(default_factory=dict)
    """Texts beside the tensors of safetensors."""
    layout: str = ""
    """Everything else in the file, see `tiedtts.checkpoints.layout` and `array_files`."""
    beside: dict[str, Tensor] = field(default_factory=dict)
    """Tensors of that."""
    plain: dict[str, Any] = field(default_factory=dict)
    """Plain values beside the tensors, where nothing else is known of the layout."""
    left_out: list[str] = field(default_factory=list)
    """Keys of what was not read, such as the state of an optimizer."""
    notes: list[str] = field(default_factory=list)
    """Remarks on how the file was read, one sentence each."""


def read(path: StrPath) -> Contents:
    """Read the tensors of a weight file; they may stay in the file until they are used.

    Raises:
        CheckpointError: The file is missing, damaged, holds code, no tensors, or those of several nets.
    """
    path = shards.locate(Path(path))
    if shards.is_index(path):
        found = _joined(path)
    else:
        found = _read(path)
        found.notes += shards.note(path)
    if not found.tensors:
        raise CheckpointError(f"{path} holds no tensors")
    for key, of in found.tensors.items():
        check(path, key, of)
    return found


def _read(path: Path) -> Contents:
    """Read one file."""
    if path.suffix.lower() == ".safetensors" or tensor_files.is_safetensors(path):
        tensors, _ = tensor_files.read(path)
        metadata = _metadata(path)
        return Contents(_with_named(tensors, metadata), "safetensors", metadata=metadata)
    if array_files.is_arrays(path):
        tensors, others = array_files.read(path)
        return Contents(tensors, "npz", layout=others)
    return _choose(path, _load(path))


def _joined(path: Path) -> Contents:
    """Read all the files that an index names as one.

    Raises:
        CheckpointError: A tensor is not in the file in which the index has it.
    """
    index = shards.read(path)
    parts = {shard: _read(shard) for shard in index.files}
    first = next(iter(parts.values()))
    for key, shard in index.keys.items():
        if key not in parts[shard].tensors:
            raise CheckpointError(
                f"{shard} lacks `{key}`, which {path.name} has in it", hint="download all the files again"
            )
    found = Contents(
        {key: parts[shard].tensors[key] for key, shard in index.keys.items()},
        first.kind,
        metadata=first.metadata,
    )
    if found.kind == "safetensors":
        found.tensors = _with_named(found.tensors, first.metadata)
    found.notes.append(f"read from {len(parts)} files; written back, it is one")
    return found


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
    tensors = _owned(contents.tensors)
    value: Any = dict(tensors)
    for key in reversed(contents.container):
        value = {key: value}
    if contents.kind == "torch":
        value |= {key: of for key, of in contents.plain.items() if key not in value}
    if contents.layout and contents.kind == "torch":
        value = layout.put_together(contents.layout, tensors, _owned(contents.beside))
    with storage.replacing(path) as file:
        torch.save(value, file)


def _metadata(path: Path) -> dict[str, Any]:
    """Return the texts beside the tensors of a readable safetensors file, as they are."""
    from safetensors import safe_open

    if packed_files.is_packed(path):
        return dict(packed_files.texts(path))
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata() or {})


def _load(path: Path) -> Any:
    """Read what `torch.save` wrote.

    Raises:
        CheckpointError: It is damaged, of another kind, or more than tensors and plain values.
    """
    try:
        is_archive = zipfile.is_zipfile(path)
        if is_archive:
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
            if any(of.filename.endswith("/constants.pkl") for of in entries):
                raise _holds_code(path, " (TorchScript)")
            known = file_kinds.kind(path)
            if known is not None and not known.is_checkpoint:
                raise CheckpointError(f"{path} is not a checkpoint but {known.what}", hint=known.hint)
            # What `torch.save` writes is not compressed: a small file cannot stand for a huge one.
            if any(of.compress_type != zipfile.ZIP_STORED for of in entries):
                raise CheckpointError(
                    f"{path} is a compressed archive, not what `torch.save` writes",
                    hint="unpack it, and name the checkpoint in it",
                )
        else:
            with path.open("rb") as file:
                start = file.read(4)
            if start.startswith(b"PK"):
                raise CheckpointError(
                    f"{path} is truncated: the end of the archive is missing",
                    hint="copy or download it again",
                )
            if not start.startswith(_MAGIC):
                known = file_kinds.kind(path)
                raise CheckpointError(
                    f"{path} is not a checkpoint" + (f" but {known.what}" if known else ""),
                    hint=(known.hint if known else None)
                    or "`.safetensors` files and what `torch.save` writes can be read",
                )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True, mmap=is_archive)
    except CheckpointError:
        raise
    # Whatever a damaged pickle leads to.
    except Exception as error:
        raise _refusal(path, error) from error


def _refusal(path: Path, error: Exception) -> CheckpointError:
    # The safe reader of torch explains at length how to switch it off; what is wrong comes last.
    text = str(error).rpartition("WeightsUnpickler error:")[2].strip()
    if (named := re.search(r"GLOBAL ([\w.]+)", text)) is not None:
        return _holds_code(path, f" ({named.group(1)})")
    if "unrecognized function" in text or "Can only build" in text:
        return _holds_code(path, "")
    reason = text.split("\n")[0].split(". ")[0][:120] or type(error).__name__
    return CheckpointError(
        f"{path} is damaged, or not a checkpoint: {reason}", hint="copy or download it again"
    )


def _holds_code(path: Path, what: str) -> CheckpointError:
    return CheckpointError(
        f"{path} holds code{what}, not only tensors",
        hint="in the program it is from, write `torch.save(model.state_dict(), ...)`",
    )


def _choose(path: Path, value: Any) -> Contents:
    """Find the tensors of the one net that is meant.

    Raises:
        CheckpointError: There are none, or several nets.
    """
    if not isinstance(value, Mapping):
        kind = "one tensor" if isinstance(value, Tensor) else f"a {type(value).__name__}"
        raise CheckpointError(
            f"{path} holds {kind}, no tensors by name", hint="a checkpoint is a state dict, or holds one"
        )
    places = list(_places(value, ()))
    named = [place for place in places if not place or place[-1] in CONTAINERS]
    if not places:
        raise CheckpointError(f"{path} holds no tensors by name")
    if named or len(places) == 1:
        chosen = min(named, key=_order) if named else places[0]
        tensors, nets, notes = _tensors(value, chosen), {chosen: ""}, []
    else:
        # Which of them is meant, nobody says: all together are one net.
        chosen, nets = (), {place: ".".join(place) for place in places}
        tensors = {f"{nets[of]}.{key}": each for of in places for key, each in _tensors(value, of).items()}
        shown = f"{', '.join(list(nets.values())[:6])}{' ...' if len(nets) > 6 else ''}"
        if _are_mixed(nets.values()):
            raise CheckpointError(
                f"{path} holds tensors of {len(places)} nets with names inside each other: {shown}",
                hint="write a file with the state dict of one net",
            )
        notes = [f"{len(places)} nets are taken as one: {shown}"]
    beside = layout.Layout(nets)
    text = beside.text(value)
    return Contents(
        tensors,
        "torch",
        list(chosen),
        layout=text,
        beside=beside.tensors,
        left_out=beside.left_out,
        notes=notes,
    )


def _tensors(value: Any, place: tuple[str, ...]) -> dict[str, Tensor]:
    """Return the tensors of a table inside, by key."""
    for key in place:
        value = value[key]
    return {key: of for key, of in value.items() if isinstance(of, Tensor) and isinstance(key, str)}


def _are_mixed(names: Iterable[str]) -> bool:
    """Return whether a key that begins with one net's name could be another's."""
    each = list(names)
    return any(a != b and b.startswith(f"{a}.") for a in each for b in each) or len(set(each)) < len(each)


def _places(value: Mapping[Any, Any], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Yield the ways to dicts that hold tensors by name, without those of optimizers."""
    inner: list[tuple[str, ...]] = []
    if len(above) < _DEPTH:
        for key, of in value.items():
            if isinstance(of, Mapping) and isinstance(key, str) and "optim" not in key.lower():
                inner += _places(of, (*above, key))
    own = sum(isinstance(of, Tensor) and isinstance(key, str) for key, of in value.items())
    # A loose number, such as the best loss, stands beside a net and makes none.
    if own and not any(_size(value, place[len(above) :]) > own for place in inner):
        yield above
    else:
        yield from inner


def _size(value: Mapping[Any, Any], place: tuple[str, ...]) -> int:
    """Return how many tensors a table inside has."""
    for key in place:
        value = value[key]
    return sum(isinstance(of, Tensor) for of in value.values())


def _order(place: tuple[str, ...]) -> tuple[int, int]:
    return len(place), CONTAINERS.index(place[-1]) if place else -1


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


def _owned(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors whose memory holds nothing else, for that is what `torch.save` writes."""
    views, hidden = tensor_views.find(tensors)
    own = {}
    for key, value in {**tensors, **hidden}.items():
        if key not in views:
            whole = value.detach().cpu().contiguous()
            own[key] = whole if whole.untyped_storage().nbytes() == whole.nbytes else whole.clone()
    return {key: views[key].of(own[views[key].source]) if key in views else own[key] for key in tensors}
