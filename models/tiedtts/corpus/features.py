"""Features of a recording: mel spectrogram, pitch, voicing and phase, computed once by `prepare`."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from tiedtts import storage
from tiedtts.audio import files, mel, pitch
from tiedtts.audio.settings import AudioSettings
from tiedtts.comparing import ByContent
from tiedtts.errors import CorpusError
from tiedtts.paths import StrPath

FEATURES_VERSION = 1
"""Part of the key under which features are kept: a change of the analysis computes them anew."""
PEAK = 0.95
"""Largest sample after level normalisation, full scale 1."""

_ARRAYS = {
    "samples": (np.dtype(np.int16), 1),
    "mel": (np.dtype(np.float16), 2),
    "log_f0": (np.dtype(np.float32), 1),
    "voiced": (np.dtype(np.bool_), 1),
    "phase": (np.dtype(np.float16), 1),
}
"""Kind and number of axes of each array in a file."""


@dataclass(frozen=True, eq=False)
class Features(ByContent):
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

    def save(self, path: StrPath) -> None:
        """Write all arrays as `.npz`; all of the file appears or none."""
        storage.write_bytes(Path(path), self.to_bytes(), sync=False)

    def to_bytes(self) -> bytes:
        """Return all arrays as `.npz`, 16 bits for samples and mel."""
        buffer = io.BytesIO()
        np.savez(
            buffer,
            samples=files.to_pcm16(self.samples),
            mel=self.mel.astype(np.float16),
            log_f0=self.log_f0,
            voiced=self.voiced,
            phase=self.phase.astype(np.float16),
        )
        return buffer.getvalue()

    @classmethod
    def load(cls, path: StrPath) -> "Features":
        """Read what `save` wrote.

        Raises:
            CorpusError: The file is missing or damaged.
        """
        path = Path(path)
        try:
            if path.exists() and not path.is_file():
                raise ValueError("it is no plain file")
            with path.open("rb") as file:
                _check_archive(file)
                with np.load(file) as data:
                    arrays = {name: data[name] for name in _ARRAYS}
            for name, (kind, axes) in _ARRAYS.items():
                if arrays[name].dtype != kind or arrays[name].ndim != axes:
                    raise ValueError(f"`{name}` is not an array of {kind} with {axes} axes")
            samples = arrays["samples"].astype(np.float32) / 32_767.0
            found = cls(
                samples,
                arrays["mel"].astype(np.float32),
                arrays["log_f0"],
                arrays["voiced"],
                arrays["phase"].astype(np.float32),
            )
            found.check()
            return found
        # A damaged archive fails in many ways, and one that claims too much with a lack of memory.
        except Exception as error:
            raise CorpusError(
                f"cannot read features {path}: {error or type(error).__name__}",
                hint="run `tiedtts prepare` again",
            ) from error

    def check(self) -> None:
        """Refuse arrays that do not fit each other, or hold what is no number.

        Raises:
            ValueError: Names the array.
        """
        frames = self.frames
        for name in ("log_f0", "voiced", "phase"):
            if len(getattr(self, name)) != frames:
                raise ValueError(f"`{name}` has {len(getattr(self, name))} frames, not {frames}")
        if frames and len(self.samples) % frames:
            raise ValueError(f"`samples` has {len(self.samples)} samples for {frames} frames")
        for name in ("samples", "mel", "log_f0", "phase"):
            if not np.isfinite(getattr(self, name)).all():
                raise ValueError(f"`{name}` holds what is no number")


def _check_archive(file: BinaryIO) -> None:
    """Refuse an archive that is compressed, since a small one could stand for a huge one."""
    with zipfile.ZipFile(file) as archive:
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
            raise ValueError("the archive is compressed")
    file.seek(0)


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
