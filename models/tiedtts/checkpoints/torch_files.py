"""Files of `torch.save`, read by the reader of torch that knows tensors and plain values only.

Nothing in a file is run.
"""

import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tiedtts import file_kinds, storage
from tiedtts.checkpoints import layout
from tiedtts.checkpoints.contents import Contents
from tiedtts.errors import CheckpointError
from tiedtts.nets import tensor_views

_MAGIC = b"\x80"
"""First byte of a pickle, as old versions of torch write them without an archive."""


def load(path: Path) -> Any:
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


def write(path: Path, contents: Contents) -> None:
    """Write contents as `torch.save` does, in the layout that they came from; all of the file or none.

    Raises:
        OutputError: The folder is missing or cannot be written.
        CheckpointError: The layout is damaged.
    """
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


def _owned(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors whose memory holds nothing else, for that is what `torch.save` writes."""
    views, hidden = tensor_views.find(tensors)
    own = {}
    for key, value in {**tensors, **hidden}.items():
        if key not in views:
            whole = value.detach().cpu().contiguous()
            own[key] = whole if whole.untyped_storage().nbytes() == whole.nbytes else whole.clone()
    return {key: views[key].of(own[views[key].source]) if key in views else own[key] for key in tensors}
