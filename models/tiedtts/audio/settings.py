"""Audio settings: the rates, sizes and ranges by which samples become features."""

from dataclasses import asdict, dataclass
from typing import Any

from tiedtts import schema
from tiedtts.errors import ConfigError

MOST_BANDS = 1024
"""Mel bands; more have no frequencies of their own."""
LONGEST_WINDOW = 2**16
"""Samples; more than a second of sound is no frame."""


@dataclass(frozen=True, kw_only=True)
class AudioSettings:
    """Sampling rate, analysis frames and pitch range of a corpus and of the voice made from it."""

    sample_rate: int = 24_000
    """Hz."""
    n_fft: int = 1024
    """Length of the analysis window, samples."""
    hop: int = 256
    """Step between frames, samples."""
    n_mels: int = 80
    """Mel bands, M."""
    f_min: float = 0.0
    """Lower edge of the first mel band, Hz."""
    f_max: float = 12_000.0
    """Upper edge of the last mel band, Hz."""
    f0_min: float = 80.0
    """Lowest pitch looked for, Hz."""
    f0_max: float = 400.0
    """Highest pitch looked for, Hz."""
    level: float = 0.06
    """Root mean square of the speech after level normalisation, full scale 1."""

    def __post_init__(self) -> None:
        if not 8_000 <= self.sample_rate <= 48_000:
            raise ConfigError(
                f"`sample_rate` must be 8000 to 48000 Hz, got: {self.sample_rate}",
            )
        if not 1 <= self.n_mels <= MOST_BANDS:
            raise ConfigError(f"`n_mels` must be 1 to {MOST_BANDS}, got: {self.n_mels}")
        if not 0 < self.level < 1:
            raise ConfigError(f"`level` must be in (0, 1), got: {self.level}")
        if self.n_fft > LONGEST_WINDOW:
            raise ConfigError(f"`n_fft` must be at most {LONGEST_WINDOW}, got: {self.n_fft}")
        if self.hop < 1 or self.n_fft < 2 * self.hop:
            raise ConfigError(
                f"`n_fft` must be at least twice `hop`, got: {self.n_fft} and {self.hop}",
            )
        if not 0 <= self.f_min < self.f_max <= self.sample_rate / 2:
            raise ConfigError(
                f"mel range {self.f_min}-{self.f_max} Hz does not fit {self.sample_rate} Hz",
                hint="`f_max` is at most half the sampling rate",
            )
        if not 40 <= self.f0_min < self.f0_max <= 1_000:
            raise ConfigError(f"pitch range {self.f0_min}-{self.f0_max} Hz is not a voice's")

    @property
    def frame_rate(self) -> float:
        """Frames per second."""
        return self.sample_rate / self.hop

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for a file's header."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> "AudioSettings":
        """Read what `to_dict` wrote.

        Raises:
            ConfigError: A key is unknown or a value does not fit.
        """
        return schema.build(cls, values, "the audio settings")
