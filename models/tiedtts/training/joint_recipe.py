"""The recipe of joint training: acoustic net and vocoder together, on the waveform."""

from dataclasses import dataclass

from tiedtts.training.part_recipe import PartRecipe, check, is_weight


@dataclass(frozen=True, kw_only=True)
class JointRecipe(PartRecipe):
    """Training of acoustic net and vocoder together, from nets that can speak."""

    architecture: str = "joint"
    segment_frames: int = 48
    """Frames of each recording that samples are made of."""
    context_frames: int = 16
    """Frames before and after a segment that the acoustic net makes beside it, as it would in a sentence."""
    windows: tuple[int, ...] = (1024, 512, 2048)
    """Windows of the spectrograms that discriminators see, samples: each has its own."""
    in_turn: bool = True
    """Whether the discriminators take turns, one a step; else each step asks all of them, whose adversarial
    losses add up. All of them make a step longer, and the losses of neighbouring steps more alike."""
    channels: int = 16
    """Channels of the first layer of a discriminator."""
    discriminators: str = ""
    """State of another run's joint training, `RUN/joint/last.safetensors`, whose discriminators a run begins
    with; fresh ones if empty. They go on from stage to stage."""
    mel_weight: float = 1.0
    """Weight of the distance of mel spectra."""
    f0_weight: float = 0.3
    """Weight of the distance of the pitch of voiced frames."""
    voicing_weight: float = 0.2
    """Weight of how wrongly frames are voiced or not."""
    spectral_weight: float = 1.0
    """Weight of the distance of the waveform's spectra."""
    phase_weight: float = 0.5
    """Weight of the distance of the harmonics' phases."""
    phase_top_hz: float = 4_000.0
    """Highest frequency of that distance, Hz."""
    noise: tuple[float, float] = (1.0, 1.0)
    """Factors of the noise's loudness below `noise_hz` and from an octave above on, set when all steps are
    done: the spectral losses ask for noise wherever harmonics are not quite where the recording has them,
    which low down is heard as roughness."""
    noise_hz: float = 1_500.0
    """Frequency of these factors, Hz."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(self, "at least 1", lambda v: v >= 1, "segment_frames", "channels")
        check(self, "0 or more", lambda v: v >= 0, "context_frames")
        check(self, "windows of 64 to 8192 samples", _are_windows, "windows")
        weights = ("mel_weight", "f0_weight", "voicing_weight", "spectral_weight", "phase_weight")
        check(self, "0 or more", is_weight, *weights, "phase_top_hz")
        check(self, "two factors in [0.1, 10]", lambda v: all(0.1 <= each <= 10 for each in v), "noise")
        check(self, "more than 0", lambda v: v > 0, "noise_hz")


def _are_windows(windows: tuple[int, ...]) -> bool:
    return bool(windows) and all(64 <= window <= 8192 for window in windows)
