"""Frames of features: what waveform generators read."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.audio import lpc
from tiedtts.audio.interpolation import rows_between
from tiedtts.audio.lpc import LpcFrames
from tiedtts.audio.settings import AudioSettings
from tiedtts.comparing import ByContent


@dataclass(frozen=True, eq=False)
class Frames(ByContent):
    """F frames of features, from which samples are made."""

    mel: npt.NDArray[np.float32]
    """Natural logarithm of mel band amplitudes, (F, M)."""
    log_f0: npt.NDArray[np.float32]
    """Natural logarithm of Hz, (F,)."""
    voiced: npt.NDArray[np.float32]
    """1 where there is a pitch, else 0, (F,)."""
    lpc: LpcFrames | None = None
    """All-pole filters, if the acoustic net gives them; else they come from the mel spectrogram."""

    def filters(self, settings: AudioSettings) -> LpcFrames:
        """Return all-pole filters, wherever they come from."""
        return lpc.from_mel(self.mel, settings) if self.lpc is None else self.lpc

    def stretched(self, speed: float) -> "Frames":
        """Return the same in fewer or more frames; `speed` above 1 is faster."""
        count = max(1, round(len(self.mel) / speed))
        at = np.minimum((np.arange(count) + 0.5) * len(self.mel) / count - 0.5, len(self.mel) - 1).clip(0)
        filters = (
            None
            if self.lpc is None
            else LpcFrames(rows_between(self.lpc.lsf, at), rows_between(self.lpc.log_gain, at))
        )
        voiced = np.asarray(rows_between(self.voiced, at) > 0.5, np.float32)
        return Frames(rows_between(self.mel, at), rows_between(self.log_f0, at), voiced, filters)
