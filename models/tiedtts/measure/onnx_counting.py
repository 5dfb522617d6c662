"""Counts what a voice file stores, and the work it does for a second of speech."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import VoiceError, is_out_of_memory
from tiedtts.measure.macs import PHONES_PER_SECOND, SECONDS
from tiedtts.paths import StrPath
from tiedtts.speech import library, onnx_file
from tiedtts.speech import metadata as voice_metadata
from tiedtts.speech.metadata import CONSTANT, INPUTS, METADATA_KEY, OUTPUTS, SCALE, VoiceMetadata, check_graph

_PRODUCTS = ("MatMul", "Gemm", "Conv", "ConvTranspose")
_VALUES = (1, 3, 10, 11, 16)
"""ONNX's numbers for what weights are stored as: 32-bit floating point, 8-bit levels, 16, 64
and 16-bit (brain) floating point. Indices of a codebook have no sign, or more bits."""


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
    import onnx

    try:
        data = library.read(path)
        onnx_file.check(data, str(path))
        model = onnx.load_from_string(data)
    except VoiceError:
        raise
    # Whatever protobuf finds wrong with a file of another kind.
    except Exception as error:
        raise VoiceError(f"{path} is damaged or is not a voice") from error
    text = next((entry.value for entry in model.metadata_props if entry.key == METADATA_KEY), None)
    metadata, _ = voice_metadata.read(text, str(path))
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    sizes = {name: math.prod(tensor.dims) for name, tensor in tensors.items()}
    weights = {
        name
        for name, tensor in tensors.items()
        if tensor.data_type in _VALUES and not name.startswith((CONSTANT, SCALE))
    }
    return GraphCount(
        unique_parameters=sum(sizes[name] for name in weights),
        unique_bytes=sum(len(tensor.raw_data) or 4 * sizes[name] for name, tensor in tensors.items()),
        buffers=sum(size for name, size in sizes.items() if name not in weights),
        metadata=metadata,
        macs_per_second=_macs(path, model, metadata.audio),
    )


def _macs(path: Path, model: Any, audio: AudioSettings) -> float:
    """Run the graph and count its products.

    Raises:
        VoiceError: It cannot be run.
    """
    try:
        return _run(path, model, audio)
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


def _run(path: Path, model: Any, audio: AudioSettings) -> float:
    """Run the graph with the shapes of its products shown."""
    import onnx
    import onnxruntime

    products = [node for node in model.graph.node if node.op_type in _PRODUCTS]
    names = sorted({name for node in products for name in (*node.input, *node.output)})
    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    there = {value.name for value in probed.graph.output}
    stored = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    shown = [name for name in names if name and name not in stored]
    probed.graph.output.extend(onnx.ValueInfoProto(name=name) for name in shown if name not in there)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        probed.SerializeToString(), options, providers=["CPUExecutionProvider"], enable_fallback=0
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


def _product(node: Any, shapes: dict[str, tuple[int, ...]]) -> int:
    """Return the multiply-accumulates of one operation."""
    first, second = (shapes[name] for name in node.input[:2])
    out = math.prod(shapes[node.output[0]])
    if node.op_type == "MatMul":
        return out * first[-1]
    if node.op_type == "Gemm":
        turned = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
        return out * first[0 if turned else 1]
    if node.op_type == "Conv":
        return out * math.prod(second[1:])
    return math.prod(first) * math.prod(second[1:])
