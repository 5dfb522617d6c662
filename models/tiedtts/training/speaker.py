"""The speaker of a run: it says the illustrated sentences with the net in training, at each step."""

import contextlib
from pathlib import Path

import numpy as np
from torch import nn

from tiedtts.audio import files
from tiedtts.checkpoints import checkpoint
from tiedtts.errors import TiedTTSError
from tiedtts.nets.joint import JointNet
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.speech import vocoders
from tiedtts.speech.torch_renderer import TorchRenderer
from tiedtts.text.frontend import Sentence
from tiedtts.training.corpus import Corpus, Utterance

SPOKEN, RECORDED = "spoken", "recorded"
"""Names of sound files: the sentence as it is made from its phones alone, and the recording."""


class Speaker:
    """Says sentences by one net in training and another that does not change.

    Args:
        part: Name of the part in training.
        corpus: Its illustrated recordings are said.
        other: The vocoder for an acoustic net, the acoustic net for a vocoder; none is needed where both are
            trained together. Without one, an acoustic net is heard through linear prediction, and a vocoder
            is not asked.
    """

    def __init__(self, part: str, corpus: Corpus, other: nn.Module | None) -> None:
        self.part, self.corpus, self.other = part, corpus, other

    def speak(self, net: nn.Module, folder: Path) -> None:
        """Write the recordings, and beside them what the net says, into the folder of a step.

        A net that cannot say a sentence yet leaves it out: no training ends for that.

        Args:
            net: The net in training; it is taken to the CPU.
            folder: Folder of the step.
        """
        rate = self.corpus.audio.sample_rate
        renderer = self._renderer(net)
        slow = isinstance(net, WaveNet) or isinstance(self.other, WaveNet)
        for number, utterance in enumerate(self.corpus.illustrated):
            recorded = folder / f"{RECORDED}{number}.wav"
            if not recorded.exists():
                files.write(recorded, utterance.features.samples, rate)
            if renderer is not None and not (slow and number):
                with contextlib.suppress(TiedTTSError):
                    files.write(folder / f"{SPOKEN}{number}.wav", _say(renderer, utterance), rate)

    def _renderer(self, net: nn.Module) -> TorchRenderer | None:
        audio = self.corpus.audio
        if isinstance(net, JointNet):
            return TorchRenderer(self.part, net.cpu().acoustic, vocoders.of_net(net.vocoder, audio), audio)
        if self.part == "acoustic":
            own = None if self.other is None else vocoders.of_net(self.other, audio)
            generator = vocoders.choose(None, audio, own, self.part)
            return TorchRenderer(self.part, net.cpu(), generator, audio)
        if self.part == "vocoder" and self.other is not None:
            return TorchRenderer(self.part, self.other, vocoders.of_net(net.cpu(), audio), audio)
        return None


def _say(
    renderer: TorchRenderer, utterance: Utterance
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """Return the samples of an utterance's phones, (S,), with durations and pitch of the net's own."""
    sentence = Sentence(utterance.text, (), utterance.phones)
    one = np.ones(len(utterance.phones), np.float32)
    return renderer.render(sentence, speed=one, shift=0 * one, seed=(0,)).samples


def find_other(part: str, run: Path, corpus: Corpus, starting: dict[str, nn.Module]) -> nn.Module | None:
    """Return the net that speaks beside the one in training: the run's own, or that it began from.

    Args:
        part: Name of the part in training.
        run: Folder of the run.
        corpus: Recordings of the run, whose settings the other net must share.
        starting: Nets that the run began from, by part.
    """
    other = {"acoustic": "vocoder", "vocoder": "acoustic"}.get(part)
    if other is None:
        return None
    path = run / f"{other}.safetensors"
    with contextlib.suppress(TiedTTSError):
        if path.is_file() and (loaded := checkpoint.load(path)).audio == corpus.audio:
            return loaded.part(other)
    return starting.get(other)
