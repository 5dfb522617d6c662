"""Safetensors packed by xz: the entropy of indices in place of their bits. Whatever knows xz unpacks them.

A file is unpacked as a whole and read from memory: safetensors are mapped into memory otherwise.
"""

import json
import lzma
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from tiedtts.errors import CheckpointError

SUFFIX = ".xz"
_MAGIC = b"\xfd7zXZ\x00"
_START = 9
"""Bytes at which safetensors are known: a length, then JSON."""
_MOST_TIMES = 128
"""Times that a file may be larger unpacked, beyond `_SMALL`: indices shrink by far less."""
_SMALL = 1 << 26
"""Bytes that are no burden."""
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6, "lc": 0, "lp": 2, "pb": 2}]
"""Literals by their place in four bytes, not by the byte before, which tells nothing of an index."""


def is_packed(path: Path) -> bool:
    """Return whether a file holds safetensors packed by xz."""
    try:
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return False
        with lzma.open(path) as inside:
            return inside.read(_START)[_START - 1 :] == b"{"
    except (OSError, EOFError, lzma.LZMAError):
        return False


def pack(data: bytes) -> bytes:
    """Return safetensors packed."""
    return lzma.compress(data, filters=_FILTERS)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read tensors and texts.

    Raises:
        CheckpointError: The file is damaged, or far larger than what it comes from could be.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    most = _SMALL + _MOST_TIMES * path.stat().st_size
    try:
        with lzma.open(path) as inside:
            data = inside.read(most + 1)
        if len(data) > most:
            raise CheckpointError(f"{path} unpacks to more than {most:,} bytes, which no checkpoint does")
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        texts = header.get("__metadata__") or {}
        return load(data), {key: str(text) for key, text in texts.items()}
    except (
        EOFError,
        lzma.LZMAError,
        SafetensorError,
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
    ) as error:
        raise CheckpointError(f"{path} is damaged: {error}", hint="copy or download it again") from error


def texts(path: Path) -> Mapping[str, str]:
    """Return the texts beside the tensors; none where they cannot be read."""
    try:
        with lzma.open(path) as inside:
            size = int.from_bytes(inside.read(8), "little")
            header = json.loads(inside.read(min(size, _SMALL)))
        return dict(header.get("__metadata__") or {})
    except (OSError, EOFError, lzma.LZMAError, ValueError, AttributeError, TypeError, RecursionError):
        return {}
