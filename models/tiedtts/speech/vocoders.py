"""Waveform generators: frames of features become samples, with a net or without one."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tiedtts.audio import griffinlim, harmonic, lpc
from tiedtts.audio.frames import Frames
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import VoiceError

if TYPE_CHECKING:
    from torch import nn

MODEL_FREE = ("lpc", "griffinlim")
"""Vocoders that need no net."""
NETS = ("harmonic", "wavenet")
"""Vocoders that are nets, by the names of their architectures in checkpoints."""

TEMPERATURE = 0.8
"""Temperature of a WaveNet's voiced frames: below 1, for less noise in vowels."""

Samples = npt.NDArray[np.float32]


Generator = Callable[[Frames, Sequence[int]], Samples]
"""Makes samples, (F * hop,), of frames, with a seed."""


def choose(vocoder: str | None, settings: AudioSettings, own: Generator | None, voice: str) -> Generator:
    """Return a waveform generator.

    Args:
        vocoder: One of `MODEL_FREE` or `NETS`, or a checkpoint with a vocoder; the voice's own, or the best
            that needs no net, if it is None.
        settings: Audio settings of the voice.
        own: The voice's own generator.
        voice: Name of the voice in errors.

    Raises:
        VoiceError: The voice has no such vocoder, or there is none of that name.
        CheckpointError: The checkpoint cannot be read.
    """
    if vocoder is None:
        return own or (lambda frames, seed: _lpc(frames, settings, seed))
    if vocoder == "lpc":
        return lambda frames, seed: _lpc(frames, settings, seed)
    if vocoder == "griffinlim":
        return lambda frames, seed: griffinlim.griffin_lim(frames.mel, settings, seed=_number(seed))
    if vocoder.endswith(".safetensors"):
        return _load(Path(vocoder), settings)
    if vocoder in NETS:
        raise VoiceError(
            f"{voice} has no {vocoder} vocoder",
            hint="name a checkpoint that has one: `--vocoder run/vocoder.safetensors`",
        )
    from tiedtts import file_kinds

    kind = file_kinds.kind(Path(vocoder))
    raise VoiceError(
        f"there is no vocoder `{vocoder}`"
        if kind is None
        else f"{vocoder} is {kind.what}, not a vocoder of this program",
        hint=(kind.hint if kind is not None else None)
        or f"one of {', '.join((*NETS, *MODEL_FREE))}, or a checkpoint, .safetensors",
    )


def of_net(net: "nn.Module", settings: AudioSettings) -> Generator:
    """Return the generator that a trained net is; needs torch.

    Raises:
        VoiceError: The net is no vocoder.
    """
    from tiedtts.nets.vocoder import HarmonicVocoder
    from tiedtts.nets.wavenet.net import WaveNet

    if isinstance(net, HarmonicVocoder):
        return lambda frames, seed: _harmonic(net, frames, settings, seed)
    if isinstance(net, WaveNet):
        return lambda frames, seed: _wavenet(net, frames, settings, seed)
    raise VoiceError(f"a {type(net).__name__} is no vocoder of this program")


def _load(path: Path, settings: AudioSettings) -> Generator:
    """Return the generator of a checkpoint."""
    from tiedtts.checkpoints import checkpoint

    loaded = checkpoint.load(path)
    if loaded.audio is None:
        raise VoiceError(
            f"{path} holds a net of another program, which this one cannot speak with",
            hint=f"one of {', '.join((*NETS, *MODEL_FREE))}, or a checkpoint of this program",
        )
    if loaded.audio != settings:
        raise VoiceError(
            f"{path} was trained on other audio settings than the voice's",
            hint="train both on one data folder",
        )
    return of_net(loaded.part("vocoder"), settings)


def _lpc(frames: Frames, settings: AudioSettings, seed: Sequence[int]) -> Samples:
    return lpc.synthesise(
        frames.filters(settings), frames.log_f0, frames.voiced, settings, seed=_number(seed)
    )


def _harmonic(net: Any, frames: Frames, settings: AudioSettings, seed: Sequence[int]) -> Samples:
    """Do what a voice file does, with the net in torch."""
    import torch

    arrays = (frames.mel, frames.log_f0, frames.voiced)
    with torch.no_grad():
        filters = net.filters(*(torch.from_numpy(np.ascontiguousarray(of))[None] for of in arrays))
    size, phase, gain = (of[0].numpy() for of in filters)
    size = np.exp(size)
    shapes = harmonic.Filters(
        size * np.cos(phase), size * np.sin(phase), np.exp(gain), net.config.n_fft, net.config.step
    )
    return harmonic.synthesise(shapes, frames.log_f0, frames.voiced, settings, seed)


def _wavenet(net: Any, frames: Frames, settings: AudioSettings, seed: Sequence[int]) -> Samples:
    """Draw one sample after the other."""
    from tiedtts.nets.wavenet import synthesis

    filters = frames.filters(settings) if net.config.condition == "lpc" else None
    return synthesis.generate(
        net,
        frames.mel,
        filters,
        frames.log_f0,
        frames.voiced,
        seed=_number(seed),
        temperature=TEMPERATURE,
    )


def _number(seed: Sequence[int]) -> int:
    """Return one seed for several numbers."""
    return int(np.random.SeedSequence(list(seed)).generate_state(1)[0])
