"""Kinds of files: what a file that cannot be used is, by its first bytes, and the way out."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HEAD = 1 << 16
"""Bytes that are looked at."""
WEIGHTS = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
"""Suffixes of weight files."""
_MOST_PICKLED = 1 << 24
"""Bytes of a pickle that are searched for names."""
_HIFIGAN = (b"conv_pre", b"resblocks.", b"ups.")
"""Parts of keys that only such generators have together."""


@dataclass(frozen=True)
class Kind:
    """A kind of file."""

    what: str
    """With its article, such as `a web page`."""
    hint: str | None = None
    """The way out, where there is one whatever the file was wanted for."""
    is_checkpoint: bool = False
    """Whether `tie` and `stats` read it."""
    is_own: bool = False
    """Whether it is a checkpoint of this program."""


_UNPACK = "unpack it, and name the file in it"
_CONVERT = "save its tensors as .safetensors in the program that reads it"
_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"GGUF", Kind("a GGUF file", _CONVERT)),
    (4, b"TFL3", Kind("a TensorFlow Lite model", _CONVERT)),
    (0, b"\x89HDF", Kind("an HDF5 file, such as Keras writes", _CONVERT)),
    (0, b"\x93NUMPY", Kind("one array of NumPy", _CONVERT)),
    (0, b"\x1f\x8b", Kind("a file packed by gzip", _UNPACK)),
    (0, b"BZh", Kind("a file packed by bzip2", _UNPACK)),
    (0, b"\xfd7zXZ", Kind("a file packed by xz", _UNPACK)),
    (0, b"\x28\xb5\x2f\xfd", Kind("a file packed by Zstandard", _UNPACK)),
    (0, b"7z\xbc\xaf", Kind("a 7z archive", _UNPACK)),
    (0, b"Rar!", Kind("a RAR archive", _UNPACK)),
    (257, b"ustar", Kind("a tar archive", _UNPACK)),
    (0, b"RIFF", Kind("a sound file")),
    (0, b"fLaC", Kind("a sound file")),
    (0, b"OggS", Kind("a sound file")),
)


def kind(path: Path) -> Kind | None:
    """Return what a file is; nothing if it is missing, empty, or of a kind that is not known here."""
    try:
        if path.is_dir():
            return _folder(path)
        with path.open("rb") as file:
            head = file.read(HEAD)
        return _by_bytes(path, head)
    except OSError:
        return None


def _by_bytes(path: Path, head: bytes) -> Kind | None:
    text = head[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith(b"version https://git-lfs"):
        size = re.search(rb"^size (\d+)", text, re.MULTILINE)
        of = f" of {int(size[1][:18]):,} bytes" if size else ""
        return Kind(
            f"a Git LFS pointer, which stands for a file{of}",
            "fetch the file itself: `git lfs pull`, or its link for downloads",
        )
    if text[:64].lower().startswith((b"<!doctype html", b"<html", b"<head")):
        return Kind("a web page", "the link leads to a page: take the one that downloads the file itself")
    if head.startswith(b"\xfd7zXZ") and path.name.lower().endswith(".safetensors.xz"):
        return Kind("a packed checkpoint", is_checkpoint=True)
    for at, magic, found in _MAGIC:
        if head[at : at + len(magic)] == magic:
            return found
    if head.startswith(b"PK"):
        return _archive(path)
    if head[8:9] == b"{":
        return _safetensors(path, head)
    if head.startswith(b"\x80"):
        what = "a HiFi-GAN generator" if _is_hifigan(head) else "a PyTorch checkpoint"
        return Kind(what, is_checkpoint=True)
    if path.suffix.lower() == ".onnx" and head.startswith(b"\x08"):
        return Kind("an ONNX model")
    if text.startswith(b"{"):
        if b'"weight_map"' in head:
            return Kind("the index of a checkpoint in several files", is_checkpoint=True)
        return Kind("a JSON file")
    return None


def _safetensors(path: Path, head: bytes) -> Kind:
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = file.read(min(size, _MOST_PICKLED))
    if b'"tiedtts"' in header:
        return Kind("a checkpoint", is_checkpoint=True, is_own=True)
    what = "a HiFi-GAN generator" if _is_hifigan(header) else "a checkpoint of another program"
    return Kind(what, is_checkpoint=True)


def _archive(path: Path) -> Kind | None:
    """Tell apart what is written as a zip archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if any(name.endswith("/constants.pkl") for name in names):
                return Kind(
                    "a TorchScript program", "save the `state_dict()` of the module that it was made of"
                )
            if any(name.endswith(("archive_format", "serialized_exported_program.json")) for name in names):
                return Kind(
                    "a program of `torch.export`", "save the `state_dict()` of the module that it was made of"
                )
            pickles = [name for name in names if name.endswith("/data.pkl")]
            if pickles:
                with archive.open(pickles[0]) as file:
                    keys = file.read(_MOST_PICKLED)
                what = "a HiFi-GAN generator" if _is_hifigan(keys) else "a PyTorch checkpoint"
                return Kind(what, is_checkpoint=True)
            if names and all(name.endswith(".npy") for name in names):
                return Kind("a file of NumPy arrays, .npz", is_checkpoint=True)
            return Kind("a zip archive", _UNPACK)
    # Whatever a damaged archive leads to.
    except Exception:
        return None


def _is_hifigan(data: bytes) -> bool:
    return all(name in data for name in _HIFIGAN)


def _folder(path: Path) -> Kind:
    found = sorted(each.name for each in _weights(path))
    if not found:
        return Kind("a folder", "name a file")
    more = f" and {len(found) - 4} more" if len(found) > 4 else ""
    return Kind("a folder", f"name a file in it: {', '.join(found[:4])}{more}")


def _weights(path: Path) -> Iterator[Path]:
    """Yield the weight files in a folder, those without a suffix, too."""
    for each in sorted(path.iterdir())[:1000]:
        if not each.is_file():
            continue
        found = each.suffix.lower() in (*WEIGHTS, ".onnx", ".voice") or each.name.endswith(".index.json")
        if found or ((not each.suffix or re.fullmatch(r"\.\d+", each.suffix)) and is_checkpoint(each)):
            yield each


def is_checkpoint(path: Path) -> bool:
    """Return whether a file is one that `tie` and `stats` read, by its first bytes."""
    found = None if path.is_dir() else kind(path)
    return found is not None and found.is_checkpoint
