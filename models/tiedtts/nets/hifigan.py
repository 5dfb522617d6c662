"""Mel spectrogram to samples: the generator of HiFi-GAN.

Kong et al., "HiFi-GAN: Generative Adversarial Networks for Efficient and High Fidelity Speech Synthesis",
2020 (arXiv 2010.05646), section 2.2 and appendix A.1. Parameters are named as in the authors' program, so
that its checkpoints fit once their weight norm is folded into the weights.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tiedtts.errors import ConfigError
from tiedtts.nets.checks import check_sizes

SLOPE = 0.1
"""Slope of every leaky ReLU but the last, which has the 0.01 that torch has by default."""
KINDS = ("1", "2")
"""Names of the two kinds of residual blocks, as in the authors' configurations."""


def _sizes(name: str, values: Any) -> tuple[int, ...]:
    """Return a list of sizes as a tuple.

    Raises:
        ConfigError: It is no list, is empty, or holds something but whole numbers from one up.
    """
    if not isinstance(values, (list, tuple)) or not values:
        raise ConfigError(f"`{name}` must be a list of whole numbers, got: {values!r}")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"`{name}` must hold whole numbers from 1 up, got: {value!r}")
    return tuple(values)


@dataclass(frozen=True, kw_only=True)
class HifiganConfig:
    """Sizes of a generator; those of V1 by default. Lists are taken for tuples."""

    n_mels: int = 80
    """Mel bands, M."""
    channels: int = 512
    """Width before the first upsampling, C; each upsampling halves it."""
    upsample_rates: tuple[int, ...] = (8, 8, 2, 2)
    """By how much each upsampling lengthens the signal; their product is the samples of a mel frame."""
    upsample_kernels: tuple[int, ...] = (16, 16, 4, 4)
    """Taps of each upsampling."""
    resblock: str = "1"
    """`1`: pairs of convolutions, as in V1 and V2; `2`: single ones, as in V3."""
    resblock_kernels: tuple[int, ...] = (3, 7, 11)
    """Taps in the blocks that are summed after an upsampling, odd."""
    resblock_dilations: tuple[tuple[int, ...], ...] = ((1, 3, 5), (1, 3, 5), (1, 3, 5))
    """Dilations of the convolutions of each of these blocks."""
    post_bias: bool = True
    """Whether the last convolution has a bias; those inside some larger nets have none."""

    def __post_init__(self) -> None:
        for name in ("upsample_rates", "upsample_kernels", "resblock_kernels"):
            object.__setattr__(self, name, _sizes(name, getattr(self, name)))
        if not isinstance(self.resblock_dilations, (list, tuple)):
            raise ConfigError(f"`resblock_dilations` must be a list, got: {self.resblock_dilations!r}")
        dilations = tuple(_sizes("resblock_dilations", of) for of in self.resblock_dilations)
        object.__setattr__(self, "resblock_dilations", dilations)
        check_sizes(self, "n_mels", "channels")
        self._check_blocks()
        if len(self.upsample_rates) != len(self.upsample_kernels):
            raise ConfigError(
                f"{len(self.upsample_rates)} `upsample_rates` do not fit "
                f"{len(self.upsample_kernels)} `upsample_kernels`"
            )
        for rate, kernel in zip(self.upsample_rates, self.upsample_kernels, strict=True):
            if kernel < rate or (kernel - rate) % 2:
                raise ConfigError(f"an upsampling by {rate} cannot have {kernel} taps")
        if self.channels % 2 ** len(self.upsample_rates):
            raise ConfigError(f"`channels` {self.channels} cannot be halved {len(self.upsample_rates)} times")

    def _check_blocks(self) -> None:
        if self.resblock not in KINDS:
            raise ConfigError(f"`resblock` must be one of {', '.join(KINDS)}, got: {self.resblock!r}")
        if even := [kernel for kernel in self.resblock_kernels if kernel % 2 == 0]:
            raise ConfigError(f"`resblock_kernels` must be odd, got: {even[0]}")
        if len(self.resblock_kernels) != len(self.resblock_dilations):
            raise ConfigError(
                f"{len(self.resblock_kernels)} `resblock_kernels` do not fit "
                f"{len(self.resblock_dilations)} `resblock_dilations`"
            )

    @property
    def hop(self) -> int:
        """Samples a mel frame."""
        product = 1
        for rate in self.upsample_rates:
            product *= rate
        return product


V1 = HifiganConfig()
"""The large generator."""
V2 = HifiganConfig(channels=128)
"""The paper's V2: a quarter of the width."""
V3 = HifiganConfig(
    channels=256,
    upsample_rates=(8, 8, 4),
    upsample_kernels=(16, 16, 8),
    resblock="2",
    resblock_kernels=(3, 5, 7),
    resblock_dilations=((1, 2), (2, 6), (3, 12)),
)
"""The one with few layers."""


class PairBlock(nn.Module):
    """Residual block `1`: a dilated convolution and a plain one, added to the input; several in a row."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs1 = nn.ModuleList(_same(channels, kernel, dilation) for dilation in dilations)
        self.convs2 = nn.ModuleList(_same(channels, kernel, 1) for _ in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, S) to (B, C, S)."""
        for first, second in zip(self.convs1, self.convs2, strict=True):
            y = first(F.leaky_relu(x, SLOPE))
            x = x + second(F.leaky_relu(y, SLOPE))
        return x


class SingleBlock(nn.Module):
    """Residual block `2`: dilated convolutions, each added to its input."""

    def __init__(self, channels: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.convs = nn.ModuleList(_same(channels, kernel, dilation) for dilation in dilations)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, S) to (B, C, S)."""
        for convolution in self.convs:
            x = x + convolution(F.leaky_relu(x, SLOPE))
        return x


class Hifigan(nn.Module):
    """The generator: upsamplings, each followed by the mean of blocks that see differently far."""

    def __init__(self, config: HifiganConfig) -> None:
        super().__init__()
        self.config = config
        block = PairBlock if config.resblock == "1" else SingleBlock
        self.conv_pre = nn.Conv1d(config.n_mels, config.channels, 7, padding=3)
        self.ups = nn.ModuleList()
        self.resblocks = nn.ModuleList()
        width = config.channels
        for rate, taps in zip(config.upsample_rates, config.upsample_kernels, strict=True):
            self.ups.append(nn.ConvTranspose1d(width, width // 2, taps, rate, padding=(taps - rate) // 2))
            width //= 2
            for kernel, dilations in zip(config.resblock_kernels, config.resblock_dilations, strict=True):
                self.resblocks.append(block(width, kernel, dilations))
        self.conv_post = nn.Conv1d(width, 1, 7, padding=3, bias=config.post_bias)

    def forward(self, mel: Tensor) -> Tensor:
        """Map the natural logarithm of mel band amplitudes, (B, M, F), to samples, (B, S), S = F * hop."""
        parallel = len(self.config.resblock_kernels)
        x = self.conv_pre(mel)
        for at, up in enumerate(self.ups):
            x = up(F.leaky_relu(x, SLOPE))
            blocks = list(self.resblocks)[at * parallel : (at + 1) * parallel]
            total = blocks[0](x)
            for block in blocks[1:]:
                total = total + block(x)
            x = total / parallel
        return torch.tanh(self.conv_post(F.leaky_relu(x)))[:, 0]


def _same(channels: int, kernel: int, dilation: int) -> nn.Conv1d:
    """Return a convolution that leaves the length as it is."""
    return nn.Conv1d(channels, channels, kernel, dilation=dilation, padding=dilation * (kernel - 1) // 2)
