"""Checkpoint to voice: acoustic net and vocoder filters in one ONNX graph."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from tiedtts import __version__, storage
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.architectures import architecture
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.checkpoints.header import inventory
from tiedtts.choices import VOICE_PRECISIONS
from tiedtts.errors import CheckpointError, ConfigError, VoiceError
from tiedtts.export import tacotron, voice_net
from tiedtts.export.voice_net import VoiceNet
from tiedtts.measure import counting, macs
from tiedtts.nets.acoustic import AcousticNet
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.nets.vocoder import HarmonicVocoder
from tiedtts.paths import StrPath, several
from tiedtts.speech.metadata import FORMAT
from tiedtts.speech.onnx_renderer import OnnxRenderer
from tiedtts.speech.voice import Voice
from tiedtts.tying import count_parameters


def export(
    checkpoints: Sequence[StrPath],
    voice: StrPath,
    *,
    name: str | None = None,
    precision: str = "fp16",
) -> dict[str, Any]:
    """Write the acoustic net and the vocoder of checkpoints as a voice.

    Args:
        checkpoints: One with both parts, or one each; a later one wins.
        voice: The `.onnx` file.
        name: Of the voice; the file's name without its suffix if None.
        precision: How weights are stored, `int8`, `fp16` or `fp32`; arithmetic is 32-bit either way.

    Returns:
        The voice's metadata, with `parameters` and `file_bytes`.

    Raises:
        CheckpointError: A part is missing or the parts do not fit each other.
        ConfigError: The precision or the suffix is unknown.
        OutputError: The voice cannot be written there.
    """
    checkpoints = several(checkpoints)
    voice = Path(voice)
    _check(voice, precision)
    return _voice(checkpoints, map(checkpoint.load, checkpoints), voice, name, precision)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exported:
    """Files that were written."""

    files: list[Path]
    """The voice, or the graphs of a Tacotron's loop."""
    voice: dict[str, Any] | None = None
    """Result of `export`, if it is a voice."""


def export_files(
    checkpoints: Sequence[StrPath], target: StrPath, *, name: str | None = None, precision: str = "fp16"
) -> Exported:
    """Write checkpoints as a voice, or a Tacotron's as the graphs of its loop, see `tiedtts.export.tacotron`.

    Args:
        checkpoints: As for `export`.
        target: As for `export`.
        name: As for `export`.
        precision: As for `export`.

    Raises:
        CheckpointError: As for `export`.
        ConfigError: As for `export`.
        OutputError: As for `export`.
    """
    checkpoints = several(checkpoints)
    target = Path(target)
    if len(checkpoints) > 1:
        return Exported(files=[target], voice=export(checkpoints, target, name=name, precision=precision))
    storage.check_writable(target)
    loaded = checkpoint.load(checkpoints[0])
    steps = _steps(loaded, target, name)
    if steps is not None:
        return Exported(files=steps)
    _check(target, precision)
    return Exported(files=[target], voice=_voice(checkpoints, [loaded], target, name, precision))


def _check(voice: Path, precision: str) -> None:
    """Refuse a voice that could not be written in the end."""
    if precision not in VOICE_PRECISIONS:
        raise ConfigError(f"`precision` must be one of {', '.join(VOICE_PRECISIONS)}, got: {precision}")
    if voice.suffix != ".onnx":
        raise ConfigError(f"a voice's name ends in .onnx, got: {voice}")
    storage.check_writable(voice)


def _voice(
    checkpoints: Sequence[Path],
    loaded: Iterable[Checkpoint],
    voice: Path,
    name: str | None,
    precision: str,
) -> dict[str, Any]:
    """Write a voice of loaded checkpoints."""
    data, metadata = made(checkpoints, loaded, name or voice.stem, precision)
    storage.write_bytes(voice, data)
    return {**metadata, "file_bytes": len(data)}


def made(
    checkpoints: Sequence[StrPath], loaded: Iterable[Checkpoint], name: str, precision: str
) -> tuple[bytes, dict[str, Any]]:
    """Return the bytes of a voice file, and its metadata.

    Args:
        checkpoints: Files that errors name.
        loaded: What is in them.
        name: Name of the voice.
        precision: As for `export`.

    Raises:
        CheckpointError: As for `export`.
    """
    checkpoints = several(checkpoints)
    found, audio, provenance = _parts(checkpoints, loaded)
    acoustic, vocoder = found["acoustic"], found["vocoder"]
    for part, net, kind in (("acoustic", acoustic, AcousticNet), ("vocoder", vocoder, HarmonicVocoder)):
        if not isinstance(net, kind):
            raise CheckpointError(
                f"a voice file cannot hold a {architecture(net)} as its {part} part",
                hint=f"let the checkpoint speak: tiedtts synth --voice {checkpoints[0]}, which needs torch",
            )
    assert isinstance(acoustic, AcousticNet)
    assert isinstance(vocoder, HarmonicVocoder)
    net = VoiceNet(voice_net.with_scales(acoustic), vocoder).eval()
    metadata = {
        "format": FORMAT,
        "version": __version__,
        "name": name,
        "language": "en-US",
        "audio": audio.to_dict(),
        "filter": {"n_fft": vocoder.config.n_fft, "step": vocoder.config.step},
        "text": inventory(),
        "precision": precision,
        "parameters": {
            "acoustic": count_parameters(acoustic),
            "vocoder": count_parameters(vocoder),
        },
        "named_parameters": {
            "acoustic": counting.count(acoustic).named_parameters,
            "vocoder": counting.count(vocoder).named_parameters,
        },
        "macs_per_second": {
            "acoustic": round(speech_macs(acoustic)),
            "vocoder": round(speech_macs(vocoder)),
        },
        "provenance": provenance,
    }
    data = voice_net.graph(net, metadata, precision, checkpoint.described(_whole(found, audio)))
    check_speaks(data, name)
    return data, metadata


def _whole(found: dict[str, nn.Module], audio: Any) -> Checkpoint:
    """Return the nets of a voice as one checkpoint."""
    return Checkpoint({part: found[part] for part in ("acoustic", "vocoder")}, audio)


def check_speaks(data: bytes, name: str) -> None:
    """Let a voice speak before it is kept: weights that are numbers may still lead to none.

    Raises:
        CheckpointError: It cannot speak.
    """
    try:
        Voice(OnnxRenderer(data, name)).say("It speaks.")
    except VoiceError as error:
        raise CheckpointError(
            f"these nets cannot speak: {error}", hint="take an earlier checkpoint, or `--precision fp32`"
        ) from error


def speech_macs(net: nn.Module) -> float:
    """Return the multiply-accumulates of a second of speech."""
    counted = macs.speech(net)
    assert counted is not None, type(net)
    return counted[0]


def _steps(loaded: Checkpoint, target: Path, name: str | None) -> list[Path] | None:
    """Write the graphs of a Tacotron; nothing if the checkpoint has none."""
    net = loaded.parts.get("acoustic")
    if not isinstance(net, Tacotron):
        return None
    metadata = {
        "version": __version__,
        "name": name or target.stem,
        "language": "en-US",
        "audio": None if loaded.audio is None else loaded.audio.to_dict(),
        "text": inventory(),
        "net": dataclasses.asdict(net.config),
        "provenance": loaded.provenance.get("acoustic", {}),
    }
    if net.config.lpc_order:
        metadata["lpc"] = {"mean": net.lpc_mean.tolist(), "std": net.lpc_std.tolist()}
    return tacotron.export(net, target, metadata)


def _parts(
    checkpoints: Sequence[Path], opened: Iterable[Checkpoint]
) -> tuple[dict[str, nn.Module], Any, dict[str, Any]]:
    """Collect both nets and check that they were made for each other."""
    found: dict[str, nn.Module] = {}
    provenance: dict[str, Any] = {}
    audio = None
    for path, loaded in zip(checkpoints, opened, strict=True):
        if loaded.audio is None:
            raise CheckpointError(
                f"{path} holds nets of another program", hint="a voice is made of what `tiedtts train` writes"
            )
        if audio is not None and loaded.audio != audio:
            raise CheckpointError(
                f"{path} was trained on other audio settings than {checkpoints[0]}",
                hint="train both parts on one data folder",
            )
        audio = loaded.audio
        found |= loaded.parts
        provenance |= loaded.provenance
    for part in ("acoustic", "vocoder"):
        if part not in found:
            raise CheckpointError(
                f"no {part} part in {', '.join(str(p) for p in checkpoints)}",
                hint="a voice needs both: name RUN/voice.safetensors, or a checkpoint of each",
            )
    kept = {part: provenance.get(part, {}) for part in ("acoustic", "vocoder")}
    return found, audio, kept
