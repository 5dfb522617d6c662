"""A Tacotron as ONNX graphs: what is computed once, one step of the loop, and what mends the result.

The loop itself stays with the caller: how far attention may look, when to stop and what the pre-net drops are
its decisions, as in `tiedtts.nets.tacotron_synthesis`.
"""

import io
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tiedtts import __version__, storage
from tiedtts.errors import ConfigError
from tiedtts.nets.tacotron.decoder import State
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.paths import StrPath
from tiedtts.speech.metadata import METADATA_KEY
from tiedtts.tying import TiedLayer

OPSET = 17
GRAPHS = ("encoder", "step", "postnet")
"""Parts of the files' names between stem and suffix."""
STATE = ("attention_hidden", "attention_cell", "decoder_hidden", "decoder_cell", "weights", "context")
"""State that a step hands to the next; zeros before the first."""


class _Encoder(nn.Module):
    def __init__(self, net: Tacotron) -> None:
        super().__init__()
        self.net = net

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        memory = self.net.encode(ids)
        return memory, self.net.decoder.attention_layer.memory_layer(memory)


class _Step(nn.Module):
    def __init__(self, net: Tacotron) -> None:
        super().__init__()
        self.decoder = net.decoder

    def forward(
        self,
        before: Tensor,
        keep0: Tensor,
        keep1: Tensor,
        memory: Tensor,
        processed: Tensor,
        allowed: Tensor,
        *state: Tensor,
    ) -> tuple[Tensor, ...]:
        said = before
        for layer, keep in zip(self.decoder.prenet.layers, (keep0, keep1), strict=True):
            said = torch.relu(layer(said)) * keep
        step, after = self.decoder.step(said, State(*state), memory, processed, allowed)
        return (step.frames, step.stop, step.attention, *(getattr(after, name) for name in STATE))


class _Postnet(nn.Module):
    def __init__(self, net: Tacotron) -> None:
        super().__init__()
        self.net = net

    def forward(self, frames: Tensor) -> Tensor:
        # Without the values of linear prediction, which need no mending.
        coarse = frames[..., : self.net.config.n_mels]
        mel: Tensor = coarse + self.net.postnet(coarse)
        return mel


def export(net: Tacotron, target: StrPath, metadata: Mapping[str, Any]) -> list[Path]:
    """Write three graphs: `NAME.encoder.onnx`, `NAME.step.onnx` and `NAME.postnet.onnx`.

    Args:
        net: In evaluation mode.
        target: `NAME.onnx`, the name that theirs are made of.
        metadata: Plain values, kept in each of them.

    Returns:
        The files.

    Raises:
        ConfigError: The name does not end in `.onnx`.
        OutputError: The folder cannot be written.
    """
    target = Path(target)
    if target.suffix != ".onnx":
        raise ConfigError(f"a graph's name ends in .onnx, got: {target}")
    config, decoder = net.config, net.decoder
    ids = torch.ones(1, 9, dtype=torch.int64) if config.symbols else torch.ones(1, 9, 4, dtype=torch.int64)
    memory = torch.zeros(1, 9, config.encoder_width)
    state = decoder.start(memory)
    keep = torch.ones(1, config.prenet)
    inputs = (
        torch.zeros(1, config.reduction * config.n_mels),
        keep,
        keep,
        memory,
        torch.zeros(1, 9, config.attention),
        torch.ones(1, 9, dtype=torch.bool),
        *(getattr(state, name) for name in STATE),
    )
    graphs: dict[str, tuple[nn.Module, tuple[Tensor, ...], Sequence[str], Sequence[str]]] = {
        "encoder": (_Encoder(net), (ids,), ("ids",), ("memory", "processed")),
        "step": (
            _Step(net),
            inputs,
            ("before", "keep0", "keep1", "memory", "processed", "allowed", *STATE),
            ("frames", "stop", "attention", *(f"next_{name}" for name in STATE)),
        ),
        "postnet": (_Postnet(net), (torch.zeros(1, 8, config.outputs),), ("frames",), ("mel",)),
    }
    written = []
    for name in GRAPHS:
        module, example, given, said = graphs[name]
        path = target.with_suffix(f".{name}.onnx")
        storage.write_bytes(path, _graph(module.eval(), example, given, said, {**metadata, "graph": name}))
        written.append(path)
    return written


_LENGTHS = {
    "ids": (1, "phones"),
    "memory": (1, "phones"),
    "processed": (1, "phones"),
    "allowed": (1, "phones"),
    "attention": (1, "phones"),
    "weights": (2, "phones"),
    "next_weights": (2, "phones"),
    "mel": (1, "frames"),
}
"""Axes of any length; `frames` of the post-net is one, too."""


def _graph(
    module: nn.Module,
    example: tuple[Tensor, ...],
    inputs: Sequence[str],
    outputs: Sequence[str],
    metadata: Mapping[str, Any],
) -> bytes:
    import onnx

    lengths = dict(_LENGTHS) | ({"frames": (1, "frames")} if "mel" in outputs else {})
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # The tracer warns of every Python number it meets; the tests compare its graphs with torch.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            example,
            buffer,  # type: ignore[arg-type]
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={
                name: {axis: title} for name, (axis, title) in lengths.items() if name in (*inputs, *outputs)
            },
            opset_version=OPSET,
            # It would write out what a tie leaves to be computed.
            do_constant_folding=not any(isinstance(layer, TiedLayer) for layer in module.modules()),
            dynamo=False,
        )
    model = onnx.load_from_string(buffer.getvalue())
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, json.dumps(dict(metadata), sort_keys=True)
    model.producer_name, model.producer_version = "tiedtts", __version__
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data
