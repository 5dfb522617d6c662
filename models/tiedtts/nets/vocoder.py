"""Mel spectrogram and pitch to samples: a harmonic-plus-noise vocoder.

A net reads mel and pitch and says, for 72 frequencies and every 128 samples, how loud and with which phase
the harmonics sound and how loud the noise. These shape the spectra of a pulse train and of white noise.
After the idea of DDSP (Engel et al., 2020) and of neural source-filter models (Wang et al., 2019), with
the filter applied in the short-time spectrum.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from tiedtts.errors import ConfigError
from tiedtts.nets.blocks import ConvNeXtStack
from tiedtts.nets.checks import check_counts, check_kernels, check_scales, check_sizes

LONGEST_WINDOW = 2**13
"""Samples of the filter bank's window; pulses would be smeared over a third of a second."""
LOG_GAIN_RANGE = (-9.0, 4.0)
"""Natural logarithm of the harmonic gain is kept inside this range."""
LOG_NOISE_RANGE = (-12.0, 3.0)
"""Natural logarithm of the noise gain is kept inside this range."""
NOISE_OFFSET = 4.0
"""Taken from the noise output, so that a fresh net starts nearly without noise."""
PHASE_SCALE = 3.0
"""Radians for an output of one."""


@dataclass(frozen=True, kw_only=True)
class VocoderConfig:
    """Sizes of the vocoder, and the scale of what it reads."""

    width: int = 192
    """Channels, C."""
    stem_kernel: int = 5
    """Frames seen by the first layer, which has a full matrix for each of them."""
    blocks: int = 6
    """ConvNeXt blocks."""
    kernel: int = 7
    """Frames seen by one block."""
    expansion: int = 2
    """Inner width of a block as a multiple of `width`."""
    knots: int = 72
    """Frequencies at which gains and phase are predicted, K."""
    n_fft: int = 512
    """Window of the filter bank, samples."""
    substeps: int = 2
    """Filter frames to a mel frame."""
    hop: int = 256
    """Samples a mel frame."""
    sample_rate: int = 24_000
    """Hz."""
    n_mels: int = 80
    """Mel bands, M."""
    mel_mean: float = -5.0
    """Mean log mel amplitude of the corpus; inputs are scaled by it."""
    mel_std: float = 2.0
    """Standard deviation of log mel amplitudes in the corpus."""
    log_f0_mean: float = 5.1
    """Mean log F0 of the corpus' voiced frames, natural logarithm of Hz."""
    log_f0_std: float = 0.25
    """Standard deviation of log F0 in the corpus' voiced frames."""

    def __post_init__(self) -> None:
        sizes = ("width", "expansion", "knots", "n_fft", "substeps", "hop", "sample_rate")
        check_sizes(self, *sizes, "n_mels")
        check_counts(self, "blocks")
        if self.n_fft > LONGEST_WINDOW or self.knots > self.n_fft // 2 + 1:
            raise ConfigError(
                f"`n_fft` must be at most {LONGEST_WINDOW} and `knots` at most half of it, "
                f"got: {self.n_fft} and {self.knots}"
            )
        check_kernels(self, "stem_kernel", "kernel")
        check_scales(self, "mel_std", "log_f0_std")

    @property
    def step(self) -> int:
        """Samples between filter frames."""
        return self.hop // self.substeps


class Filters(NamedTuple):
    """Filters of the excitation; all (B, G, n_fft / 2 + 1) for G = F * substeps filter frames."""

    harmonic: Tensor
    """Natural logarithm of the gain of the pulses' spectrum."""
    phase: Tensor
    """Radians added to the phase of the pulses' spectrum."""
    noise: Tensor
    """Natural logarithm of the gain of the noise's spectrum."""


class HarmonicVocoder(nn.Module):
    """The vocoder; `filters` is the net, `forward` the whole way to samples.

    Raises:
        ConfigError: `hop`, `substeps` and `n_fft` do not fit each other. A recipe leaves `hop` to the corpus:
            so this cannot be known any earlier.
    """

    interpolation: Tensor
    window: Tensor

    def __init__(self, config: VocoderConfig) -> None:
        super().__init__()
        if config.hop % config.substeps or config.n_fft < 2 * config.step or config.n_fft % config.step:
            raise ConfigError(
                f"`hop` {config.hop}, `substeps` {config.substeps} and `n_fft` {config.n_fft} do not fit",
                hint="`hop / substeps` is whole, and `n_fft` is a multiple of it, at least twice it",
            )
        self.config = config
        kernel = config.stem_kernel
        self.stem = nn.Conv1d(config.n_mels + 2, config.width, kernel, padding=kernel // 2)
        self.body = ConvNeXtStack(config.blocks, config.width, config.kernel, config.expansion)
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, config.substeps * 3 * config.knots)
        # A fresh net is nearly a constant filter, from which the spectral loss pulls in any direction.
        nn.init.normal_(self.head.weight, 0.0, 0.01)
        nn.init.zeros_(self.head.bias)
        weights = knot_interpolation(config.n_fft // 2 + 1, config.knots, config.sample_rate)
        self.register_buffer("interpolation", weights, persistent=False)
        self.register_buffer("window", torch.hann_window(config.n_fft), persistent=False)

    def filters(self, mel: Tensor, log_f0: Tensor, voiced: Tensor) -> Filters:
        """Predict the filters.

        Args:
            mel: Natural logarithm of mel band amplitudes, (B, F, M).
            log_f0: Natural logarithm of Hz, (B, F).
            voiced: 0 to 1, (B, F).
        """
        config = self.config
        pitch = (log_f0 - config.log_f0_mean) / config.log_f0_std * voiced
        x = torch.cat([(mel - config.mel_mean) / config.mel_std, pitch[..., None], voiced[..., None]], 2)
        x = self.body(self.stem(x.transpose(1, 2)))
        out = self.head(self.norm(x.transpose(1, 2)))
        batch, frames = out.shape[:2]
        out = out.reshape(batch, frames * config.substeps, 3, config.knots) @ self.interpolation
        return Filters(
            out[:, :, 0].clamp(*LOG_GAIN_RANGE),
            out[:, :, 1] * PHASE_SCALE,
            (out[:, :, 2] - NOISE_OFFSET).clamp(*LOG_NOISE_RANGE),
        )

    def forward(
        self, mel: Tensor, log_f0: Tensor, voiced: Tensor, pulses: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Shape pulses and noise.

        Args:
            mel: (B, F, M), see `filters`.
            log_f0: (B, F).
            voiced: (B, F).
            pulses: Pulse train at the pitch, (B, S), S = F * hop.
            noise: White noise of variance one, (B, S); or several drawings of it, (B, N, S).

        Returns:
            The harmonic and the noise part of the signal, (B, S) and as `noise`; their sum is the voice.
        """
        filters = self.filters(mel, log_f0, voiced)
        # Spectra in full precision whatever the net runs in: complex bfloat16 does not exist.
        with torch.autocast(mel.device.type, enabled=False):
            harmonic, phase, gain = (f.float().transpose(1, 2) for f in filters)
            steps = harmonic.shape[-1]
            shaped = self._spectrum(pulses)[..., :steps] * torch.polar(torch.exp(harmonic), phase)
            drawings = noise.shape[1] if noise.dim() == 3 else 1
            loudness = torch.exp(gain).repeat_interleave(drawings, 0)
            hiss = self._spectrum(noise.flatten(0, -2))[..., :steps] * loudness
            return self._signal(shaped), self._signal(hiss).reshape(noise.shape)

    def _spectrum(self, signal: Tensor) -> Tensor:
        config = self.config
        return torch.stft(signal, config.n_fft, config.step, window=self.window, return_complex=True)

    def _signal(self, spectrum: Tensor) -> Tensor:
        config = self.config
        length = spectrum.shape[-1] * config.step
        # `istft` wants the frame centred on the end of the signal, too.
        padded = nn.functional.pad(spectrum, (0, 1))
        return torch.istft(padded, config.n_fft, config.step, window=self.window, length=length)


def knot_frequencies(knots: int, sample_rate: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the frequencies of knots spaced evenly on a mel scale, Hz, (K,)."""
    mels = np.linspace(0, np.log1p(sample_rate / 2 / 700), knots)
    return np.asarray(700 * np.expm1(mels))


def knot_interpolation(bins: int, knots: int, sample_rate: int) -> Tensor:
    """Return weights, (K, bins), that draw straight lines between knots spaced evenly on a mel scale."""
    frequencies = np.linspace(0, sample_rate / 2, bins)
    mels = np.log1p(frequencies / 700.0)
    position = np.interp(mels, np.linspace(0, mels[-1], knots), np.arange(knots))
    distance = np.abs(position[None] - np.arange(knots)[:, None])
    return torch.tensor(np.maximum(0.0, 1.0 - distance), dtype=torch.float32)
