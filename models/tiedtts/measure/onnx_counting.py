"""Counts what a voice file stores, and the work it does for a second of speech."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import VoiceError, is_out_of_memory
from tiedtts.measure.pace import PHONES_PER_SECOND, SECONDS
from tiedtts.paths import StrPath
from tiedtts.speech import library, onnx_file, onnx_nodes, onnx_tensors
from tiedtts.speech import metadata as voice_metadata
from tiedtts.speech.metadata import CONSTANT, INPUTS, OUTPUTS, SCALE, VoiceMetadata, check_graph
from tiedtts.speech.onnx_nodes import Node
from tiedtts.speech.onnx_tensors import Place

_PRODUCTS = ("MatMul", "Gemm", "Conv", "ConvTranspose")
_VALUES = tuple(map(np.dtype, ("f4", "i1", "f2", "f8")))
"""Types of stored weights: floating point, levels of 8 bits. Indices of a codebook have other types."""


@dataclass(frozen=True, kw_only=True)
class GraphCount:
    """Parameters, bytes and work of a voice."""

    unique_parameters: int
    """Numbers of its weights."""
    unique_bytes: int
    """Size of all tensors in the file, indices included."""
    buffers: int
    """Other numbers stored: indices of a codebook, scales of rows in 8 bits, what was never trained."""
    metadata: VoiceMetadata
    """Metadata of the voice."""
    macs_per_second: float
    """Multiply-accumulates of matrix products and convolutions for a second of speech."""


def count(path: StrPath) -> GraphCount:
    """Count a voice; it says a made-up utterance at the usual speaking rate.

    Raises:
        VoiceError: The file is not a voice.
    """
    path = Path(path)
    name = str(path)
    data = library.read(path)
    onnx_file.check(data, name)
    metadata, _ = voice_metadata.read(onnx_tensors.metadata(data, name), name)
    tensors = onnx_tensors.places(data, name)
    sizes = {key: math.prod(place.shape) for key, place in tensors.items()}
    weights = {
        key
        for key, place in tensors.items()
        if place.dtype in _VALUES and not key.startswith((CONSTANT, SCALE))
    }
    return GraphCount(
        unique_parameters=sum(sizes[key] for key in weights),
        unique_bytes=sum(place.stop - place.start for place in tensors.values()),
        buffers=sum(size for key, size in sizes.items() if key not in weights),
        metadata=metadata,
        macs_per_second=_macs(path, data, tensors, metadata.audio),
    )


def _macs(path: Path, data: bytes, tensors: Mapping[str, Place], audio: AudioSettings) -> float:
    """Run the graph and count its products.

    Raises:
        VoiceError: It cannot be run.
    """
    try:
        return _run(path, data, tensors, audio)
    except VoiceError:
        raise
    # ONNX Runtime's errors have no common class of their own.
    except Exception as error:
        if is_out_of_memory(error):
            raise MemoryError from error
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise VoiceError(
            f"{path} is damaged: its graph cannot be run: {reason[:160]}",
            hint="make it again with `tiedtts export`",
        ) from error


def _run(path: Path, data: bytes, tensors: Mapping[str, Place], audio: AudioSettings) -> float:
    """Run the graph with the shapes of its products shown."""
    import onnxruntime

    products = [node for node in onnx_nodes.nodes(data, str(path)) if node.operator in _PRODUCTS]
    names = sorted({name for node in products for name in (*node.inputs, *node.outputs)})
    stored = {key: place.shape for key, place in tensors.items()}
    shown = [name for name in names if name and name not in stored]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        onnx_nodes.showing(data, shown), options, providers=["CPUExecutionProvider"], enable_fallback=0
    )
    each_phone = check_graph(session.get_inputs(), session.get_outputs(), str(path))
    phones = round(SECONDS * PHONES_PER_SECOND)
    ids = np.ones((1, phones, 4), np.int64)
    ids[0, :, 0] = 6 + np.arange(phones) % 30
    # Voices of format 1 have one speed and one shift a sentence.
    one = np.ones((1, phones) if each_phone else (1,), np.float32)
    inputs = dict(zip(INPUTS, (ids, one, 0 * one), strict=True))
    wanted = [OUTPUTS[0], *shown]
    durations, *values = session.run(wanted, inputs)
    shapes = {**stored, **{name: value.shape for name, value in zip(shown, values, strict=True)}}
    seconds = float(durations.sum()) * audio.hop / audio.sample_rate
    if not seconds > 0:
        raise VoiceError(f"{path} is damaged: it says nothing", hint="make it again with `tiedtts export`")
    work = sum(_product(node, shapes) for node in products)
    return float(work / seconds)


def _product(node: Node, shapes: dict[str, tuple[int, ...]]) -> int:
    """Return the multiply-accumulates of one operation."""
    first, second = (shapes[name] for name in node.inputs[:2])
    out = math.prod(shapes[node.outputs[0]])
    if node.operator == "MatMul":
        return out * first[-1]
    if node.operator == "Gemm":
        return out * first[0 if node.numbers.get("transA") else 1]
    if node.operator == "Conv":
        return out * math.prod(second[1:])
    return math.prod(first) * math.prod(second[1:])
