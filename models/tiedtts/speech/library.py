"""The library of voices: those of the package by name, others by file."""

from pathlib import Path

from tiedtts.errors import VoiceError
from tiedtts.speech.renderer import Renderer

DEFAULT = "kathleen"
"""Name of the voice that speaks when none is named."""
CHECKPOINT = ".safetensors"
"""Suffix of checkpoints."""
FOLDER = Path(__file__).parents[1] / "voices"
"""Folder of the package's voices."""


def list_voices() -> list[str]:
    """Return the names of the voices in the package."""
    return sorted(path.stem for path in FOLDER.glob("*.onnx"))


def find(voice: str | Path) -> Path:
    """Return the file of a voice of the package, or of any other.

    Raises:
        VoiceError: There is no such voice.
    """
    path = Path(voice)
    if path.suffix == CHECKPOINT:
        raise VoiceError(
            f"{path} is a checkpoint, not a voice",
            hint=f"tiedtts export {path} -o {path.with_suffix('.onnx').name}",
        )
    if not path.is_file():
        path = FOLDER / f"{voice}.onnx"
        if Path(voice).name != str(voice) or not path.is_file():
            raise VoiceError(
                f"no such voice: {voice}",
                hint=f"name an .onnx file or one of: {', '.join(list_voices()) or 'none is installed'}",
            )
    return path


def renderer(voice: str | Path = DEFAULT, *, vocoder: str | None = None) -> Renderer:
    """Load the renderer of a voice: ONNX Runtime for voice files, torch for checkpoints.

    Args:
        voice: Name or file.
        vocoder: Another waveform generator than its own, see `tiedtts.speech.vocoders.choose`.

    Raises:
        VoiceError: There is no such voice or vocoder, or the file is not a voice.
        CheckpointError: The checkpoint cannot be read.
    """
    if Path(voice).suffix == CHECKPOINT:
        # Torch is loaded for checkpoints only.
        from tiedtts.speech.torch_renderer import TorchRenderer

        return TorchRenderer.load(Path(voice), vocoder=vocoder)
    from tiedtts.speech.onnx_renderer import OnnxRenderer

    path = find(voice)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise VoiceError(f"cannot read {path}: {error.strerror}") from error
    # A voice of the package is as safe as the package.
    return OnnxRenderer(data, str(voice), vocoder=vocoder, trusted=path.parent == FOLDER)
