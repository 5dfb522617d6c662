"""The graph of a voice: both nets as one, traced and stored as ONNX."""

import copy
import dataclasses
import io
import json
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tiedtts import __version__
from tiedtts.export import packing
from tiedtts.nets.acoustic import AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder
from tiedtts.speech import weight_names
from tiedtts.speech.metadata import INPUTS, METADATA_KEY, OUTPUTS
from tiedtts.speech.onnx_renderer import MEL
from tiedtts.speech.weight_names import WeightNames

OPSET = 17
_UNEVEN = {"duration_scale": 1, "pitch_scale": 2, "log_f0_mean": 1, "log_f0_std": 3}
"""Steps of a float of 32 bits, which nobody hears, by which a voice's own numbers are larger in its graph."""


class VoiceNet(nn.Module):
    """Phones to everything that the excitation needs; the graph of a voice."""

    def __init__(self, acoustic: AcousticNet, vocoder: HarmonicVocoder) -> None:
        super().__init__()
        self.acoustic = acoustic
        self.vocoder = vocoder

    def forward(self, ids: Tensor, speed: Tensor, shift: Tensor) -> tuple[Tensor, ...]:
        """Run both nets on one sentence.

        Args:
            ids: Phone, stress, position and clause ids, (1, T, 4).
            speed: Of each phone, larger is faster, (1, T).
            shift: Added to the pitch of each phone, natural logarithm of a ratio, (1, T).

        Returns:
            Frames of each phone, (T,); log F0 and voicing, (F,); real and imaginary part of the
            harmonic filter and the gain of the noise, (G, bins); the mel spectrogram, (F, M).
        """
        spoken = self.acoustic.speak(ids, speed, shift)
        filters = self.vocoder.filters(spoken.mel, spoken.log_f0, (spoken.voicing > 0.5).float())
        size = torch.exp(filters.harmonic[0])
        phase = filters.phase[0]
        return (
            spoken.durations,
            spoken.log_f0[0],
            spoken.voicing[0],
            size * torch.cos(phase),
            size * torch.sin(phase),
            torch.exp(filters.noise[0]),
            spoken.mel[0],
        )


def with_scales(net: AcousticNet) -> AcousticNet:
    """Return a net whose own numbers are none that stand elsewhere in the graph, with the weights of `net`.

    The graph leaves out what multiplies by 1, and stores equal numbers once: a scale of 1, a mean pitch that
    the vocoder knows, too. Then a small change of a voice, which has such numbers of its own, would have
    another graph than its base.
    """
    net = copy.copy(net)
    uneven: dict[str, Any] = {}
    for name, steps in _UNEVEN.items():
        value = np.float32(getattr(net.config, name))
        for _ in range(steps):
            value = np.nextafter(value, np.float32(np.inf))
        uneven[name] = float(value)
    net.config = dataclasses.replace(net.config, **uneven)
    return net


def graph(
    net: VoiceNet,
    metadata: dict[str, Any],
    precision: str,
    described: tuple[dict[str, Any], dict[str, str]],
) -> bytes:
    """Trace the graph, store its weights and describe it.

    Args:
        net: Both nets.
        metadata: The names of the weights are added to it.
        precision: How weights are stored.
        described: Parts and ties of the nets.
    """
    import onnx

    ids = torch.ones(1, 12, 4, dtype=torch.int64)
    ids[..., 0] = torch.arange(5, 17)
    one = torch.ones(ids.shape[:2])
    buffer = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # The tracer warns of every Python number it meets; the tests compare its graph with torch.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            net,
            (ids, one, 0 * one),
            buffer,  # type: ignore[arg-type]
            input_names=list(INPUTS),
            output_names=[*OUTPUTS, MEL],
            dynamic_axes={
                **{name: {1: "phones"} for name in INPUTS},
                "durations": {0: "phones"},
                "log_f0": {0: "frames"},
                "voicing": {0: "frames"},
                "real": {0: "steps"},
                "imaginary": {0: "steps"},
                "gain": {0: "steps"},
                MEL: {0: "frames"},
            },
            opset_version=OPSET,
            # It would write out what a tie leaves to be computed: a codebook's weights, a transpose.
            do_constant_folding=False,
            dynamo=False,
        )
    model = onnx.load_from_string(buffer.getvalue())
    model, stored, scales = packing.pack(model, precision)
    parts, ties = described
    names = WeightNames(parts=parts, ties=ties, stored=stored, scales=scales)
    metadata[weight_names.KEY] = weight_names.pack(names)
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, json.dumps(metadata, sort_keys=True)
    model.doc_string = f"{metadata['name']}, a TiedTTS voice"
    model.producer_name, model.producer_version = "tiedtts", __version__
    onnx.checker.check_model(model)
    data: bytes = model.SerializeToString()
    return data
