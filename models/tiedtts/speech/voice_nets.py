"""The nets of a voice file: read back as a checkpoint, to train on from a voice; needs torch."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.checkpoints.header import FORMAT
from tiedtts.errors import VoiceError
from tiedtts.paths import StrPath
from tiedtts.speech import library, metadata, onnx_file, onnx_tensors, weight_names
from tiedtts.speech.weight_names import WeightNames


def load(voice: StrPath) -> Checkpoint:
    """Read the nets of a voice file; weights in 8 or 16 bits become the 32-bit numbers they stand for.

    Args:
        voice: Name of a voice in the package, or a voice file.

    Raises:
        VoiceError: There is no such voice, or an older version made it, without the names of its weights.
        CheckpointError: Its weights do not fit its nets.
    """
    data = library.read(voice)
    name = os.fspath(voice)
    onnx_file.check(data, name)
    _, about = metadata.read(onnx_tensors.metadata(data, name), name)
    names = weight_names.unpack(about.get(weight_names.KEY), name)
    header = {
        "format": FORMAT,
        "parts": names.parts,
        "ties": names.ties,
        "text": about["text"],
        "audio": about["audio"],
        "provenance": about.get("provenance", {}),
    }
    return checkpoint.build(Path(name), header, weights(data, names, name))


def weights(data: bytes, names: WeightNames, name: str) -> dict[str, Tensor]:
    """Return the parameters and buffers of a voice's nets by name, in 32 bits.

    Args:
        data: All of the file.
        names: Names of its weights.
        name: What errors call it.

    Raises:
        VoiceError: It is damaged.
    """
    places = onnx_tensors.places(data, name)
    found: dict[str, Tensor] = {}
    try:
        for parameter, stored in names.stored.items():
            values: Any = places[stored].read(data)
            if stored in names.scales:
                values = values * places[names.scales[stored]].read(data)
            if values.dtype.kind == "f":
                values = values.astype(np.float32)
            found[parameter] = torch.from_numpy(np.array(values))
    except (KeyError, TypeError, AttributeError, ValueError):
        raise VoiceError(
            f"{name} is damaged: its weights are not those it names",
            hint="make it again with `tiedtts export`",
        ) from None
    return found
