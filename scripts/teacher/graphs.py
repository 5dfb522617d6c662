"""Graphs of teachers, asked for values inside them as well."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from phonemes import tokens

from tiedtts.text.frontend import Sentence


def session(graph: Path, tapped: Sequence[str]) -> Any:
    """Load a graph for one thread, with values inside it as further outputs."""
    import onnx
    import onnxruntime

    model = onnx.load(str(graph))
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in tapped)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 3
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder, "tapped.onnx"))
        onnx.save(model, path)
        return onnxruntime.InferenceSession(path, options)


def symbols(sentence: Sentence, ids: Mapping[str, int]) -> tuple[list[int], npt.NDArray[np.int64]]:
    """Return the phone of each symbol of a sentence, and their numbers, (1, N + 2), with 0 at both ends."""
    pairs = [(phone, character) for phone, token in tokens(sentence) for character in token]
    numbers = np.array([[0, *(ids[character] for _, character in pairs), 0]], np.int64)
    return [phone for phone, _ in pairs], numbers
