"""The nets of a checkpoint as a voice, in torch: also those that cannot be a voice file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tiedtts.audio.frames import Frames
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.architectures import architecture
from tiedtts.errors import CheckpointError, VoiceError, is_out_of_memory
from tiedtts.nets.acoustic import AcousticNet
from tiedtts.nets.tacotron import synthesis
from tiedtts.nets.tacotron.net import Tacotron
from tiedtts.paths import StrPath
from tiedtts.speech import intonation, vocoders
from tiedtts.speech.renderer import Factors, Rendering, averaging, mean
from tiedtts.speech.vocoders import Generator
from tiedtts.text.frontend import Sentence


class TorchRenderer:
    """An acoustic net and a waveform generator, in torch.

    Args:
        name: Name of the voice.
        acoustic: Phones to frames.
        generator: Frames to samples.
        audio: Settings that both were trained with.

    Raises:
        VoiceError: The acoustic net is of another kind.
    """

    def __init__(
        self,
        name: str,
        acoustic: nn.Module,
        generator: Generator,
        audio: AudioSettings,
    ) -> None:
        if not isinstance(acoustic, AcousticNet | Tacotron):
            raise VoiceError(f"a {type(acoustic).__name__} is no acoustic net of this program")
        self.name = name
        self.audio = audio
        self.acoustic = acoustic
        self.acoustic.eval()
        self.generator = generator

    @classmethod
    def load(cls, path: StrPath, *, vocoder: str | None = None) -> "TorchRenderer":
        """Load the nets of a checkpoint.

        Args:
            path: Checkpoint with an acoustic part.
            vocoder: See `tiedtts.speech.vocoders.choose`; by default the checkpoint's own, or `lpc`.

        Raises:
            CheckpointError: It cannot be read, or has no acoustic part.
            VoiceError: There is no such vocoder.
        """
        path = Path(path)
        loaded = checkpoint.load(path)
        acoustic = loaded.part("acoustic")
        if loaded.audio is None:
            raise CheckpointError(f"{path} holds nets of another program")
        own = None
        net = loaded.parts.get("vocoder")
        if net is not None and vocoder in (None, architecture(net)):
            own, vocoder = vocoders.of_net(net, loaded.audio), None
        generator = vocoders.choose(vocoder, loaded.audio, own, str(path))
        return cls(path.stem, acoustic, generator, loaded.audio)

    def render(self, sentence: Sentence, *, speed: Factors, shift: Factors, seed: Sequence[int]) -> Rendering:
        """Make the samples of one sentence."""
        try:
            return self._render(sentence, speed, shift, seed)
        # Weights that lead to no numbers let torch and NumPy fail in many ways.
        except (RuntimeError, ValueError, IndexError, OverflowError, ArithmeticError) as error:
            if is_out_of_memory(error):
                raise
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise VoiceError(
                f"the nets of {self.name} cannot say this: {reason[:160]}", hint="take an earlier checkpoint"
            ) from error

    def _render(self, sentence: Sentence, speed: Factors, shift: Factors, seed: Sequence[int]) -> Rendering:
        if isinstance(self.acoustic, Tacotron):
            return self._attend(self.acoustic, sentence, speed, shift, seed)
        ids = torch.from_numpy(sentence.ids)[None]
        with torch.no_grad():
            spoken = self.acoustic.speak(ids, torch.from_numpy(speed[None]), torch.from_numpy(shift[None]))
        voiced, durations = _numpy((spoken.voicing[0] > 0.5).float()), spoken.durations.numpy()
        log_f0 = intonation.moved(sentence, _numpy(spoken.log_f0[0]), voiced, durations, shift)
        frames = Frames(_numpy(spoken.mel[0]), log_f0, voiced)
        return Rendering(self.generator(frames, seed), durations)

    def _attend(
        self, net: Tacotron, sentence: Sentence, speed: Factors, shift: Factors, seed: Sequence[int]
    ) -> Rendering:
        """Let a Tacotron say it."""
        drawn = int(np.random.SeedSequence(list(seed)).generate_state(1)[0])
        spoken = synthesis.speak(net, torch.from_numpy(sentence.ids), seed=drawn)
        warnings = (
            () if spoken.stopped else (f"the voice did not come to an end and was stopped: {sentence.text}",)
        )
        # It has no say in how long its phones are: the frames themselves are stretched.
        warnings = (*warnings, *averaging(speed, shift))
        frames = spoken.frames(net.config.log_f0_mean, float(mean(shift)[0])).stretched(float(mean(speed)[0]))
        ends = np.round(np.cumsum(spoken.durations) * len(frames.mel) / len(spoken.mel)).astype(np.int64)
        return Rendering(self.generator(frames, seed), np.diff(ends, prepend=0), warnings)


def _numpy(values: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    array: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = values.float().numpy()
    return array
