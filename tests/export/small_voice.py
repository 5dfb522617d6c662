"""A small voice of 8 bits, and nets in which all weights learnt from it."""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import nn

from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.export import voice
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.speech import voice_nets


def small_voice(folder: Path) -> Path:
    """Write `base.onnx`, and its nets beside it."""
    torch.manual_seed(0)
    acoustic = AcousticNet(
        AcousticConfig(width=32, variance_width=32, encoder_blocks=2, variance_blocks=1, decoder_blocks=2)
    )
    torch.nn.init.constant_(acoustic.variance.head.bias, 1.5)
    nets = {"acoustic": acoustic.eval(), "vocoder": HarmonicVocoder(VocoderConfig(width=32, blocks=2)).eval()}
    move(nets.values(), 0.05)
    saved = folder / "base.safetensors"
    checkpoint.save(saved, Checkpoint(nets, AudioSettings(), {"acoustic": {"steps": 3}}))
    voice.export([saved], folder / "base.onnx", precision="int8")
    return folder / "base.onnx"


def learnt(base: Path, path: Path) -> Checkpoint:
    """Write and return nets of a voice whose weights all moved a little."""
    loaded = voice_nets.load(base)
    torch.manual_seed(2)
    move(loaded.parts.values(), 0.03)
    checkpoint.save(path, loaded)
    return loaded


def move(nets: Iterable[nn.Module], size: float) -> None:
    """Add noise to all parameters of nets."""
    with torch.no_grad():
        for net in nets:
            for value in net.parameters():
                value += size * torch.randn_like(value)
