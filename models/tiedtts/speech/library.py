"""The library of voices: those of the package by name, others by file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tiedtts.choices import VOICE
from tiedtts.errors import VoiceError
from tiedtts.paths import StrPath

if TYPE_CHECKING:
    from tiedtts.speech.renderer import Renderer

DEFAULT = VOICE
"""Name of the voice that speaks when none is named."""
CHECKPOINT = ".safetensors"
"""Suffix of checkpoints."""
WHOLE, CHANGE = ".onnx", ".voice"
"""Suffixes of whole voice files, and of those that are a small change of another voice."""
SUFFIXES = (WHOLE, CHANGE)
FOLDER = Path(__file__).parents[1] / "voices"
"""Folder of the package's voices."""


def list_voices() -> list[str]:
    """Return the names of the voices in the package."""
    return sorted(path.stem for path in FOLDER.iterdir() if path.suffix in SUFFIXES)


def usual_first(usual: StrPath = DEFAULT) -> list[str]:
    """Return the names of the package's voices, behind that of the voice that speaks when none is named.

    Args:
        usual: That voice: one of the package, or a file.
    """
    name = plain_name(usual)
    return [name, *(other for other in list_voices() if other != name)]


def find(voice: StrPath) -> Path:
    """Return the file of a voice of the package, or of any other.

    Raises:
        VoiceError: There is no such voice.
    """
    path = Path(voice)
    if path.is_file():
        if path.suffix not in SUFFIXES:
            _refuse(path)
        return path
    if os.fspath(voice) and path.is_dir() and not own_file(voice):
        _refuse(path)
    if path.suffix == CHECKPOINT:
        raise VoiceError(
            f"{path} is a checkpoint, not a voice",
            hint=f"tiedtts export {path} -o {path.with_suffix('.onnx').name}",
        )
    if (own := own_file(voice)) is not None:
        return own
    raise VoiceError(
        f"no such voice: {os.fspath(voice)}",
        hint=f"name an .onnx file or one of: {', '.join(list_voices()) or 'none is installed'}",
    )


def own_file(voice: StrPath) -> Path | None:
    """Return the file of a voice of the package, by its name; nothing if there is no such voice."""
    files = [FOLDER / f"{os.fspath(voice)}{suffix}" for suffix in SUFFIXES]
    is_name = Path(voice).name == os.fspath(voice)
    return next((file for file in files if is_name and file.is_file()), None)


def _refuse(path: Path) -> None:
    """Raise if a file is known to be something else than a voice."""
    from tiedtts import file_kinds

    kind = file_kinds.kind(path)
    if kind is None or kind.what == "an ONNX model":
        return
    hint = kind.hint
    if kind.is_own:
        hint = f"tiedtts export {path} -o {path.with_suffix('.onnx').name}"
    elif kind.is_checkpoint:
        hint = f"voices are made of this program's checkpoints; `tiedtts tie` and `stats` read {path.name}"
    raise VoiceError(f"{path} is {kind.what}, not a voice", hint=hint)


def plain_name(voice: StrPath) -> str:
    """Return the name by which others find a voice: its file's, without folder and suffix."""
    path = Path(voice)
    return path.stem if path.suffix in SUFFIXES else path.name


def read(voice: StrPath) -> bytes:
    """Return the bytes of a voice file; one that is a change of another voice is put together.

    Args:
        voice: Name of a voice in the package, or a file.

    Raises:
        VoiceError: There is no such voice, or it is damaged.
    """
    return _whole(find(voice), os.fspath(voice))


def _whole(path: Path, name: str) -> bytes:
    """Return the bytes of a voice file, put together if need be; errors call it by the name."""
    data = _bytes(path)
    # An ONNX file begins with its version.
    if path.suffix != CHANGE and not data.startswith(b"\x08"):
        _refuse(path)
    if path.suffix != CHANGE:
        return data
    from tiedtts.speech import difference

    about, arrays = difference.unpack(data, name)
    return difference.compose(_bytes(_base(about.base, path, name)), about, arrays, name)


def files_of(voice: StrPath) -> tuple[Path, ...]:
    """Return the files that a voice needs: its own, and that of the voice which it is a change of.

    Args:
        voice: Name of a voice in the package, or a file.

    Raises:
        VoiceError: There is no such voice, or it is damaged.
    """
    path = find(voice)
    if path.suffix != CHANGE:
        return (path,)
    from tiedtts.speech import difference

    name = os.fspath(voice)
    return (path, _base(difference.unpack(_bytes(path), name)[0].base, path, name))


def _base(base: str, path: Path, name: str) -> Path:
    """Return the file of the whole voice that a voice is a change of."""
    if base != plain_name(base):
        raise VoiceError(f"{name} is damaged or is not a voice")
    beside = path.with_name(f"{base}{WHOLE}")
    found = beside if beside.is_file() else find(base)
    if found.suffix != WHOLE:
        raise VoiceError(f"{name} is a change of `{base}`, which is no whole voice")
    return found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise VoiceError(f"cannot read {path}: {error.strerror}") from error


def renderer(voice: StrPath = DEFAULT, *, vocoder: StrPath | None = None) -> "Renderer":
    """Load the renderer of a voice: ONNX Runtime for voice files, torch for checkpoints.

    Args:
        voice: Name or file.
        vocoder: Another waveform generator than its own, see `tiedtts.speech.vocoders.choose`.

    Raises:
        VoiceError: There is no such voice or vocoder, or the file is not a voice.
        CheckpointError: The checkpoint cannot be read.
    """
    vocoder = None if vocoder is None else os.fspath(vocoder)
    if Path(voice).suffix == CHECKPOINT:
        # Torch is loaded for checkpoints only.
        from tiedtts.speech.torch_renderer import TorchRenderer

        return TorchRenderer.load(Path(voice), vocoder=vocoder)
    from tiedtts.speech.onnx_renderer import OnnxRenderer

    # A voice of the package is as safe as the package.
    path, name = find(voice), os.fspath(voice)
    return OnnxRenderer(_whole(path, name), name, vocoder=vocoder, trusted=path.parent == FOLDER)
