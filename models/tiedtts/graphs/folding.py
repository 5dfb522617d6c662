"""Folding: what a graph computes of nothing but sizes and constants is written down as its result."""

import tempfile
from pathlib import Path
from typing import Any


def fold(model: Any) -> Any:
    """Let ONNX Runtime compute what is known, but not what comes from stored tensors.

    Tensors that are inputs as well could be given by a caller, so their values are not known to it. A tie's
    arithmetic, such as a transpose or the values of a codebook's indices, thus stays arithmetic.
    """
    import onnx
    import onnxruntime
    from onnx import helper

    stored = {tensor.name for tensor in model.graph.initializer}
    for tensor in model.graph.initializer:
        model.graph.input.append(
            helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims))
        )
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        # Basic: what comes out is plain ONNX, for every machine.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(Path(folder, "folded.onnx"))
        options.log_severity_level = 3
        onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        folded = onnx.load(options.optimized_model_filepath)
    inputs = [value for value in folded.graph.input if value.name not in stored]
    del folded.graph.input[:]
    folded.graph.input.extend(inputs)
    del folded.graph.value_info[:]
    plain = [domain for domain in folded.opset_import if domain.domain in ("", "ai.onnx")]
    del folded.opset_import[:]
    folded.opset_import.extend(plain)
    return folded
