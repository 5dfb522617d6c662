"""Sizes of a Tacotron, and the scale of its frames."""

from dataclasses import dataclass

from tiedtts.errors import ConfigError
from tiedtts.nets.checks import LARGEST, check_counts, check_kernels, check_scales, check_shares, check_sizes

EXTRAS = 3
"""Values of a frame beside its line spectral frequencies: gain, pitch, voicing."""


@dataclass(frozen=True, kw_only=True)
class TacotronConfig:
    """Sizes of the net, and the scale of what it says."""

    symbols: int = 0
    """Single symbols it reads; 0 reads this project's phones with their factors."""
    encoder_width: int = 160
    """Channels of the encoder, C; even."""
    encoder_convolutions: int = 3
    """Convolutions of the encoder."""
    encoder_kernel: int = 5
    """Phones seen by one of them."""
    attention_rnn: int = 192
    """Cells of the recurrent layer that attends, A."""
    decoder_rnn: int = 192
    """Cells of the recurrent layer that speaks, D."""
    attention: int = 64
    """Channels in which query and memory are compared."""
    location_filters: int = 16
    """Filters over past attention."""
    location_kernel: int = 31
    """Phones seen by one of them."""
    prenet: int = 96
    """Channels of the pre-net."""
    postnet_width: int = 128
    """Channels of the post-net."""
    postnet_convolutions: int = 5
    """Convolutions of the post-net; all but the first and last are square."""
    postnet_kernel: int = 5
    """Frames seen by one of them."""
    reduction: int = 4
    """Frames said in one step, r."""
    dropout: float = 0.3
    """In encoder and post-net, in training."""
    lpc_order: int = 0
    """Line spectral frequencies of a frame, P; 0 says mel spectrograms only."""
    n_mels: int = 80
    """Mel bands, M."""
    mel_mean: float = 0.0
    """Mean log mel amplitude of the corpus; predictions are scaled by it."""
    mel_std: float = 1.0
    """Standard deviation of log mel amplitudes in the corpus."""
    log_f0_mean: float = 5.1
    """Mean log F0 of the corpus' voiced frames, natural logarithm of Hz."""
    log_f0_std: float = 0.25
    """Standard deviation of log F0 in the corpus' voiced frames."""
    mel_spread: float = 1.0
    """Mel bands are spread by it around their mean over a sentence in synthesis: what is learnt is close to
    a mean, which alone would mumble (global variance: Toda and Tokuda, 2007)."""

    def __post_init__(self) -> None:
        check_sizes(self, "encoder_width", "attention_rnn", "decoder_rnn", "attention")
        check_counts(self, "encoder_convolutions")
        check_sizes(self, "location_filters", "prenet", "postnet_width", "reduction", "n_mels")
        check_kernels(self, "encoder_kernel", "location_kernel", "postnet_kernel")
        check_shares(self, "dropout")
        check_scales(self, "mel_std", "log_f0_std", "mel_spread")
        if self.encoder_width % 2:
            raise ConfigError(f"`encoder_width` must be even, got: {self.encoder_width}")
        if self.postnet_convolutions < 2:
            raise ConfigError(f"`postnet_convolutions` must be at least 2, got: {self.postnet_convolutions}")
        check_counts(self, "postnet_convolutions")
        if not 0 <= self.symbols <= LARGEST or not (self.lpc_order == 0 or 2 <= self.lpc_order <= 64):
            raise ConfigError(
                "`symbols` must be 0 or more and `lpc_order` 0 or 2 to 64, got: "
                f"{self.symbols} and {self.lpc_order}"
            )

    @property
    def outputs(self) -> int:
        """Values of a frame."""
        return self.n_mels + (self.lpc_order + EXTRAS if self.lpc_order else 0)
