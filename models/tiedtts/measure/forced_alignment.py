"""Which frames belong to which phone of a known text, by a net that was trained with CTC."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tiedtts.errors import ConfigError, CorpusError
from tiedtts.measure import ctc, listener
from tiedtts.nets.deepspeech import DeepSpeech
from tiedtts.text.phones import Phone


def align(net: DeepSpeech, mel: npt.NDArray[np.float32], phones: Sequence[Phone]) -> npt.NDArray[np.int64]:
    """Return how many frames each phone lasts, (T,), F in all.

    A phone that is said lasts a step of the net at least, its `stride` in frames; a pause may have none.

    Args:
        net: Ready for use, on the CPU; reads the mel spectrogram.
        mel: Natural logarithm of mel band amplitudes, (F, M).
        phones: What is said, with pauses, (T,).

    Raises:
        ConfigError: The net writes letters.
        CorpusError: There are fewer frames than the phones need, or none of the phones is speech.
    """
    if net.config.units != "phones":
        raise ConfigError(
            f"a net that writes {net.config.units} cannot align phones",
            hint='train one with `units = "phones"`',
        )
    log_probs = ctc.log_softmax(listener.logits(net, mel))
    return durations(log_probs, phones, len(mel), net.config.stride)


def durations(
    log_probs: ctc.Scores, phones: Sequence[Phone], frames: int, stride: int
) -> npt.NDArray[np.int64]:
    """Do the same with what the net made of a recording.

    Args:
        log_probs: Of each step of the net, (F', C).
        phones: What is said, with pauses, (T,).
        frames: Of the recording, F.
        stride: Frames of a step; the last one may stand for fewer.
    """
    said = listener.spoken(phones)
    path = ctc.force(log_probs, said) if said else None
    if path is None:
        raise CorpusError(f"{frames} frames cannot hold {len(said)} phones", hint="is it the right text?")
    spoken = np.array([phone.is_speech for phone in phones])
    ends = np.cumsum(ctc.durations(log_probs, path, said, spoken)) * stride
    return np.diff(np.minimum(ends, frames), prepend=0)
