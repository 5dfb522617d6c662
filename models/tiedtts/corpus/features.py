"""What is computed from every recording, once, by `prepare`."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts.audio import files, mel, pitch
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import CorpusError

FEATURES_VERSION = 1
"""Part of the key under which features are kept: a change of the analysis computes them anew."""
PEAK = 0.95
"""Largest sample after level normalisation, full scale 1."""


@dataclass(frozen=True)
class Features:
    """A recording as training sees it; all arrays cover the same F frames, S = F * hop."""

    samples: npt.NDArray[np.float32]
    """Level-normalised recording, full scale 1, (S,)."""
    mel: npt.NDArray[np.float32]
    """Natural logarithm of mel band amplitudes, (F, M)."""
    log_f0: npt.NDArray[np.float32]
    """Natural logarithm of the pitch in Hz, straight lines where unvoiced, (F,)."""
    voiced: npt.NDArray[np.bool_]
    """Whether a frame has a pitch, (F,)."""
    phase: npt.NDArray[np.float32]
    """Phase of the fundamental against an oscillator at the pitch, radians, (F,)."""

    @property
    def frames(self) -> int:
        """Number of frames, F."""
        return len(self.mel)

    def save(self, path: Path) -> None:
        """Write all arrays as `.npz`, 16 bits for samples and mel; all of the file appears or none."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            samples=files.to_pcm16(self.samples),
            mel=self.mel.astype(np.float16),
            log_f0=self.log_f0,
            voiced=self.voiced,
            phase=self.phase.astype(np.float16),
        )
        files.write_bytes(path, buffer.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Features":
        """Read what `save` wrote.

        Raises:
            CorpusError: The file is missing or damaged.
        """
        try:
            with path.open("rb") as file, np.load(file) as data:
                return cls(
                    data["samples"].astype(np.float32) / 32_767.0,
                    data["mel"].astype(np.float32),
                    data["log_f0"],
                    data["voiced"],
                    data["phase"].astype(np.float32),
                )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise CorpusError(
                f"cannot read features {path}: {error}", hint="run `tiedtts prepare` again"
            ) from error


def normalise_level(samples: npt.NDArray[np.float32], settings: AudioSettings) -> npt.NDArray[np.float32]:
    """Bring the speech, not its pauses, to the level of the settings; (S,) to (S,)."""
    centred = samples - samples.mean()
    window = settings.sample_rate // 20
    padded = np.pad(centred, (0, 2 * window))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[:: window // 2]
    energies = (frames**2).mean(axis=1)
    active = energies[energies > 0.05 * np.percentile(energies, 95)]
    level = float(np.sqrt(active.mean())) if len(active) else 0.0
    if level > 0:
        centred = centred * (settings.level / level)
    peak = float(np.abs(centred).max(initial=0.0))
    if peak > PEAK:
        centred = centred * (PEAK / peak)
    return np.asarray(centred, np.float32)


def extract(samples: npt.NDArray[np.float32], settings: AudioSettings) -> Features:
    """Compute all features of one recording.

    Args:
        samples: Mono, at the settings' sampling rate, full scale 1, (S,).
        settings: Frames, mel bands, pitch range, level.
    """
    frames = len(samples) // settings.hop
    levelled = normalise_level(samples, settings)[: frames * settings.hop]
    track = pitch.track(levelled, settings)
    return Features(
        levelled,
        mel.log_mel(levelled, settings),
        track.log_f0,
        track.voiced,
        pitch.fundamental_phase(levelled, track.log_f0, settings),
    )
