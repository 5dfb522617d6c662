"""The listener: a recogniser hears the phones of speech, and counts how many of them are wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.architectures import architecture
from tiedtts.errors import CheckpointError
from tiedtts.measure import ctc, recognition, symbols
from tiedtts.nets.deepspeech import DeepSpeech
from tiedtts.nets.recognizer import CLASSES, Recognizer
from tiedtts.paths import StrPath
from tiedtts.text.phones import Phone

SHIPPED = Path(__file__).parent / "data" / "recognizer.safetensors.xz"
"""The recogniser inside the package."""
DRAWS = 2_000
"""Resamplings behind an interval."""
_CLASS_OF = {symbol: index for index, symbol in enumerate(CLASSES)}


class Listener:
    """A phone recogniser at work, on one thread.

    Args:
        net: Gives each frame a distribution over phones.
        audio: How what it hears has to be analysed.
    """

    def __init__(self, net: Recognizer | DeepSpeech, audio: AudioSettings) -> None:
        self.audio = audio
        self._net = net.eval()

    @classmethod
    def load(cls, path: StrPath) -> "Listener":
        """Read the recogniser of a checkpoint.

        Raises:
            CheckpointError: The file is not a checkpoint or has no recogniser.
        """
        path = Path(path)
        file = checkpoint.load(path)
        net = file.part("aligner")
        if not isinstance(net, Recognizer | DeepSpeech):
            raise CheckpointError(f"the aligner of {path} is a {architecture(net)}")
        if isinstance(net, DeepSpeech) and net.config.units != "phones":
            raise CheckpointError(
                f"the aligner of {path} writes {net.config.units}, and wrong phones are to be counted",
                hint='train one with `units = "phones"`',
            )
        if file.audio is None:
            raise CheckpointError(f"{path} does not say what its recogniser listens to")
        return cls(net, file.audio)

    def understands(self, audio: AudioSettings) -> bool:
        """Return whether features made with these settings are what the net was trained on."""
        return _analysis(audio) == _analysis(self.audio)

    def hear(self, mel: npt.NDArray[np.float32]) -> list[int]:
        """Return the phones of a mel spectrogram, (F, M), as indices into `CLASSES`."""
        net, scores = self._net, logits(self._net, mel)
        if isinstance(net, DeepSpeech):
            return ctc.beam_search(
                symbols.log_softmax(scores.astype(np.float64)), log_bigram=net.log_bigram.numpy()
            )
        return recognition.decode(scores, recognition.Grammar(net.log_prior.numpy(), net.log_bigram.numpy()))


def logits(net: nn.Module, mel: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return what a net makes of a mel spectrogram, (F, M) to (F', C), on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.inference_mode():
            found: npt.NDArray[np.float32] = net(torch.from_numpy(mel)[None])[0].numpy()
    finally:
        torch.set_num_threads(threads)
    return found


def spoken(phones: Iterable[Phone]) -> list[int]:
    """Return indices into `CLASSES`; silences and pauses are dropped."""
    return [_CLASS_OF[phone.symbol] for phone in phones if phone.is_speech]


@dataclass(frozen=True, kw_only=True)
class PhoneErrorRate:
    """Substitutions, deletions and insertions a phone said."""

    synthesised: float
    """Rate of the voice."""
    natural: float
    """Rate of recordings of the same texts: the errors of the recogniser itself."""
    ratio: float | None
    """The first over the second; None where nothing is wrong in the recordings, or the judge is none."""
    interval: tuple[float, float] | None
    """Where the ratio lies in 95% of resamplings of the texts (Efron's bootstrap, 1979)."""
    judge: str = ""
    """Name of the recogniser."""
    reliable: bool = True
    """Whether it hears the recordings well enough for a ratio to mean something."""
    passed_over: dict[str, float] = field(default_factory=dict)
    """Names of recognisers that were preferred and are no judges, with their rates in recordings."""


def phone_error_rate(
    synthesised: Sequence[tuple[float, float]],
    natural: Sequence[tuple[float, float]],
    judge: str = "",
    most: float = 1.0,
) -> PhoneErrorRate:
    """Compare the errors in synthetic and natural renderings of the same texts.

    Args:
        synthesised: Errors and phones said, of each text.
        natural: The same of recordings, in the same order; means where there are several.
        judge: Name of the recogniser.
        most: Largest rate in recordings at which it is a judge.
    """
    counts = np.stack([np.array(synthesised), np.array(natural)], dtype=np.float64)  # (2, texts, 2)
    texts = counts.shape[1]
    rates = counts[..., 0].sum(1) / counts[..., 1].sum(1)
    draws = np.random.default_rng(0).integers(0, texts, (DRAWS, texts))
    sums = counts[:, draws].sum(2)  # (2, texts, 2) -> (2, draws, texts, 2) -> (2, draws, 2)
    drawn = sums[..., 0] / sums[..., 1]
    reliable = bool(rates[1] <= most)
    return PhoneErrorRate(
        synthesised=float(rates[0]),
        natural=float(rates[1]),
        ratio=float(rates[0] / rates[1]) if reliable and rates[1] > 0 else None,
        interval=_middle(drawn[0] / drawn[1]) if reliable and drawn[1].min() > 0 else None,
        judge=judge,
        reliable=reliable,
    )


def _middle(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the bounds of the middle 95% of values."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _analysis(audio: AudioSettings) -> tuple[float, ...]:
    """Return the settings that the look of a mel spectrogram depends on."""
    return (
        audio.sample_rate,
        audio.n_fft,
        audio.hop,
        audio.n_mels,
        audio.f_min,
        audio.f_max,
        audio.level,
    )
