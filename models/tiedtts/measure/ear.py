"""The recogniser of a checkpoint as it listens to a corpus, recorded or said by a teacher."""

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts.audio.mel import log_mel
from tiedtts.corpus.features import normalise_level
from tiedtts.measure.listener import SHIPPED, Listener
from tiedtts.nets.recognizer import CLASSES


class CheckpointEar:
    """Hears the phones of a clip by a recogniser.

    Args:
        path: Checkpoint with a recogniser; that of the package by default.

    Raises:
        CheckpointError: It cannot be read or has no recogniser.
    """

    def __init__(self, path: Path = SHIPPED) -> None:
        self._listener = Listener.load(path)
        self.key: str = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        """Key that changes when clips must be listened to anew."""

    def hear(self, samples: npt.NDArray[np.float32], rate: int) -> list[str]:
        """Return the symbols of the phones in mono samples, (S,), at `rate` Hz."""
        import soxr

        audio = self._listener.audio
        resampled = soxr.resample(samples, rate, audio.sample_rate, "VHQ")
        mel = log_mel(normalise_level(resampled, audio), audio)
        return [CLASSES[index] for index in self._listener.hear(mel)]
