"""Forced alignment of a recording with its known text, by a net that was trained with CTC."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import checkpoint
from tiedtts.corpus.alignment import Alignment, collect, with_pauses
from tiedtts.errors import CheckpointError, CorpusError
from tiedtts.measure import ctc, listener, symbols
from tiedtts.measure.listener import Listener
from tiedtts.nets.deepspeech import DeepSpeech
from tiedtts.text.phones import Phone


class NetAligner:
    """Aligns the recordings of a corpus by the net of a checkpoint, in place of the flat start of `prepare`.

    Args:
        path: Checkpoint with a DeepSpeech that writes phones.

    Raises:
        CheckpointError: It cannot be read, or has another net.
    """

    def __init__(self, path: Path) -> None:
        file = checkpoint.load(path)
        net = file.part("aligner")
        if not isinstance(net, DeepSpeech) or net.config.units != "phones" or file.audio is None:
            raise CheckpointError(
                f"the aligner of {path} cannot say when a phone was said",
                hint="train one: tiedtts train data -o run --recipe deepspeech --part aligner",
            )
        self._net = net.eval()
        self._audio = file.audio
        self.key: str = hashlib.sha256(path.read_bytes()).hexdigest()
        """Key that changes when recordings must be aligned anew."""

    def __call__(
        self,
        items: Sequence[tuple[npt.NDArray[np.float32], Sequence[Phone]]],
        settings: AudioSettings,
        progress: Callable[[float, str], None],
    ) -> list[Alignment]:
        """Align log mel spectrograms, (F, M), with their phones; a score of minus infinity if that cannot be.

        Raises:
            CheckpointError: The net was trained on other audio settings.
        """
        if not Listener(self._net, self._audio).understands(settings):
            raise CheckpointError(
                "the aligner was trained on other audio settings than the corpus is prepared with",
                hint="leave `--aligner` out",
            )
        made = []
        for number, (mel, phones) in enumerate(items):
            progress(number / len(items), "aligning by DeepSpeech")
            made.append(self._one(mel, phones))
        progress(1.0, "aligned")
        return made

    def _one(self, mel: npt.NDArray[np.float32], phones: Sequence[Phone]) -> Alignment:
        line, given = with_pauses(phones)
        log_probs = symbols.log_softmax(listener.logits(self._net, mel).astype(np.float64))
        path = ctc.force(log_probs, listener.spoken(line))
        if path is None:
            return Alignment(tuple(phones), (0,) * len(phones), float("-inf"))
        frames = durations(log_probs, line, len(mel), self._net.config.stride)
        return collect(line, given, frames, path.log_probability / len(log_probs))


def durations(
    log_probs: symbols.Scores, phones: Sequence[Phone], frames: int, stride: int
) -> npt.NDArray[np.int64]:
    """Return how many frames each phone lasts, (T,), F in all.

    A phone that is said lasts a step of the net at least, its `stride` in frames; a pause may have none.

    Args:
        log_probs: Log probabilities of each step of the net, (F', C).
        phones: Phones and pauses of the recording, (T,).
        frames: Length of the recording, F.
        stride: Frames of a step; the last one may stand for fewer.

    Raises:
        CorpusError: There are fewer frames than the phones need, or none of the phones is speech.
    """
    said = listener.spoken(phones)
    path = ctc.force(log_probs, said) if said else None
    if path is None:
        raise CorpusError(f"{frames} frames cannot hold {len(said)} phones", hint="is it the right text?")
    spoken = np.array([phone.is_speech for phone in phones])
    ends = np.cumsum(ctc.durations(log_probs, path, said, spoken)) * stride
    return np.diff(np.minimum(ends, frames), prepend=0)
