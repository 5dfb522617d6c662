"""Sizes of a WaveNet, its inputs, and the scale of them."""

from dataclasses import dataclass

from tiedtts.audio.lpc import ORDER
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import ConfigError
from tiedtts.nets.checks import LARGEST, MOST, check_counts, check_scales, check_sizes
from tiedtts.nets.wavenet.mulaw import LEVELS

CONTEXT = 2
"""Frames on either side that the conditioning of a frame depends on."""
CONDITIONS = ("mel", "lpc")
OUTPUTS = ("logistics", "mu-law")
MOST_DILATED = 20
"""Layers in a stack: the last of them looks back for many seconds."""


@dataclass(frozen=True, kw_only=True)
class WaveNetConfig:
    """Sizes of the net, what it reads, and the scale of that."""

    residual: int = 48
    """Channels that run through all layers."""
    gate: int = 48
    """Channels behind a layer's gate."""
    skip: int = 64
    """Channels of the sum of all layers."""
    stacks: int = 1
    """Times the dilations 1, 2, 4 ... are run through."""
    layers: int = 10
    """Layers in a stack."""
    kernel: int = 2
    """Taps of a dilated convolution."""
    condition: str = "mel"
    """Frames that it reads beside pitch: `mel`, or `lpc` (line spectral frequencies and gain)."""
    condition_width: int = 64
    """Channels of the net that reads the frames."""
    substeps: int = 4
    """Times in a frame that conditioning and linear predictor change."""
    output: str = "logistics"
    """`logistics`, a mixture, or `mu-law`, 256 numbers."""
    components: int = 3
    """Components of the mixture, K."""
    linear_prediction: bool = True
    """Whether the net models the residual of the frames' linear predictor."""
    order: int = ORDER
    """Poles of the linear predictor, P."""
    emphasis: float = 0.0
    """Without `linear_prediction`: share of the last sample that is the prediction (pre-emphasis)."""
    lagged: int = 5
    """Inputs from one pitch period ago; 0 for none."""
    clock: bool = True
    """Whether the place in the pitch period is an input."""
    hop: int = 256
    """Samples a frame."""
    sample_rate: int = 24_000
    """Hz."""
    n_fft: int = 1024
    """Window of the mel spectrogram, samples."""
    n_mels: int = 80
    """Mel bands, M."""
    f_min: float = 0.0
    """Lower edge of the first mel band, Hz."""
    f_max: float = 12_000.0
    """Upper edge of the last mel band, Hz."""
    mel_mean: float = -5.0
    """Mean log mel amplitude of the corpus; inputs are scaled by it."""
    mel_std: float = 2.0
    """Standard deviation of log mel amplitudes in the corpus."""
    log_f0_mean: float = 5.1
    """Mean log F0 of the corpus' voiced frames, natural logarithm of Hz."""
    log_f0_std: float = 0.25
    """Standard deviation of log F0 in the corpus' voiced frames."""

    def __post_init__(self) -> None:
        sizes = ("residual", "gate", "skip", "condition_width", "substeps", "components", "n_fft")
        check_sizes(self, *sizes, "hop", "sample_rate", "n_mels")
        check_counts(self, "stacks", "layers")
        if self.stacks * self.layers > MOST or self.layers > MOST_DILATED:
            raise ConfigError(
                f"there must be at most {MOST} layers, {MOST_DILATED} in a stack, "
                f"got: {self.stacks} times {self.layers}"
            )
        check_scales(self, "mel_std", "log_f0_std")
        for name, known in (("condition", CONDITIONS), ("output", OUTPUTS)):
            if getattr(self, name) not in known:
                raise ConfigError(f"`{name}` must be {' or '.join(known)}, got: {getattr(self, name)}")
        if not 2 <= self.kernel <= LARGEST:
            raise ConfigError(f"`kernel` must be 2 to {LARGEST}, got: {self.kernel}")
        if not 2 <= self.order <= 64:
            raise ConfigError(f"`order` must be 2 to 64, got: {self.order}")
        if not 0 <= self.emphasis < 1:
            raise ConfigError(f"`emphasis` must be in [0, 1), got: {self.emphasis}")
        if self.lagged and (self.lagged < 0 or self.lagged % 2 == 0 or self.lagged > 31):
            raise ConfigError(f"`lagged` must be 0 or odd and at most 31, got: {self.lagged}")

    @property
    def step(self) -> int:
        """Samples between changes of conditioning and predictor."""
        return self.hop // self.substeps

    @property
    def dilations(self) -> tuple[int, ...]:
        """Samples between the taps of each layer."""
        return tuple(2**n for _ in range(self.stacks) for n in range(self.layers))

    @property
    def receptive_field(self) -> int:
        """Moments of the inputs that one output depends on."""
        return 1 + (self.kernel - 1) * sum(self.dilations)

    @property
    def inputs(self) -> int:
        """Channels that the net reads at every sample."""
        return 3 + 2 * self.clock + self.lagged

    @property
    def outputs(self) -> int:
        """Channels of its answer."""
        return 3 * self.components if self.output == "logistics" else LEVELS

    @property
    def features(self) -> int:
        """Channels of a frame."""
        return 2 + (self.n_mels if self.condition == "mel" else self.order + 1)

    @property
    def audio(self) -> AudioSettings:
        """Settings of the mel spectrogram."""
        return AudioSettings(
            sample_rate=self.sample_rate,
            n_fft=self.n_fft,
            hop=self.hop,
            n_mels=self.n_mels,
            f_min=self.f_min,
            f_max=self.f_max,
        )
