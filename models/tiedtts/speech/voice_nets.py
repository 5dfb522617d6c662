"""The nets of a voice file: read back as a checkpoint, to train on from a voice; needs torch."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.checkpoints.header import FORMAT
from tiedtts.errors import VoiceError
from tiedtts.speech import library, metadata, onnx_file, onnx_tensors


def load(voice: str | Path) -> Checkpoint:
    """Read the nets of a voice file; weights in 8 or 16 bits become the 32-bit numbers they stand for.

    Args:
        voice: Name of a voice in the package, or a voice file.

    Raises:
        VoiceError: There is no such voice, or an older version made it, without the names of its weights.
        CheckpointError: Its weights do not fit its nets.
    """
    data = library.read(voice)
    name = str(voice)
    onnx_file.check(data, name)
    _, about = metadata.read(onnx_tensors.metadata(data, name), name)
    nets, tensors = about.get("nets"), about.get("tensors")
    if not isinstance(nets, dict) or not isinstance(tensors, dict):
        raise VoiceError(
            f"{name} was made by an older version, without the names of its weights",
            hint="name its checkpoint, or export that again",
        )
    header = {
        "format": FORMAT,
        "parts": nets.get("parts"),
        "ties": nets.get("ties"),
        "text": about["text"],
        "audio": about["audio"],
        "provenance": about.get("provenance", {}),
    }
    return checkpoint.build(Path(name), header, weights(data, tensors, name))


def weights(data: bytes, tensors: dict[str, Any], name: str) -> dict[str, Tensor]:
    """Return the parameters and buffers of a voice's nets by name, in 32 bits.

    Args:
        data: All of the file.
        tensors: `tensors` of its metadata.
        name: What errors call it.

    Raises:
        VoiceError: It is damaged.
    """
    places = onnx_tensors.places(data, name)
    found: dict[str, Tensor] = {}
    try:
        for parameter, stored in tensors["stored"].items():
            values: Any = places[stored].read(data)
            if values.dtype == np.int8 and stored in tensors["scales"]:
                values = values * places[tensors["scales"][stored]].read(data)
            if values.dtype.kind == "f":
                values = values.astype(np.float32)
            found[parameter] = torch.from_numpy(np.array(values))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise VoiceError(
            f"{name} is damaged: its weights are not those it names",
            hint="make it again with `tiedtts export`",
        ) from None
    return found
