"""DeepSpeech: a spectrogram to phones or letters, by convolutions, recurrent layers and CTC.

Hannun et al., "Deep Speech", 2014; Amodei et al., "Deep Speech 2", 2016.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from tiedtts.errors import ConfigError
from tiedtts.nets.checks import check_kernels, check_scales, check_shares, check_sizes
from tiedtts.nets.recognizer import CLASSES

STRIDE = 2
"""Frames of a step: the recurrent layers go through half of them."""
BLANK = 0
"""Class that says nothing, in the place that silence has among the phones of the recogniser."""
LETTERS = ("", *"abcdefghijklmnopqrstuvwxyz' ")
"""Classes of a net that writes; the first is the blank."""
UNITS = {"phones": CLASSES, "letters": LETTERS}
"""What a net may be trained to tell apart."""


@dataclass(frozen=True, kw_only=True)
class DeepSpeechConfig:
    """Sizes of the net, and the scale of what it reads."""

    units: str = "phones"
    """`phones` or `letters`."""
    filters: int = 24
    """Of each convolution over time and frequency."""
    kernel: int = 11
    """Frames and bands seen by the first; the second sees about half of it."""
    width: int = 192
    """Channels of the recurrent layers, both directions together, C; even."""
    layers: int = 4
    """Recurrent layers; all are alike, so that they can share weights."""
    dropout: float = 0.2
    """After each recurrent layer, in training."""
    n_mels: int = 80
    """Mel bands, M."""
    mel_mean: float = -5.0
    """Of the corpus; inputs are scaled by it."""
    mel_std: float = 2.0
    """Of the corpus."""

    def __post_init__(self) -> None:
        check_sizes(self, "filters", "width", "layers", "n_mels")
        check_kernels(self, "kernel")
        check_shares(self, "dropout")
        check_scales(self, "mel_std")
        if self.units not in UNITS:
            raise ConfigError(f"`units` must be {' or '.join(UNITS)}, got: {self.units}")
        if self.width % 2:
            raise ConfigError(f"`width` must be even, got: {self.width}")

    @property
    def classes(self) -> tuple[str, ...]:
        """What the net tells apart, the blank first."""
        return UNITS[self.units]


class DeepSpeech(nn.Module):
    """The net; logits of classes for every second frame."""

    def __init__(self, config: DeepSpeechConfig) -> None:
        super().__init__()
        self.config = config
        filters, kernel, width = config.filters, config.kernel, config.width
        narrow = kernel // 4 * 2 + 1
        self.first = nn.Conv2d(1, filters, kernel, stride=(STRIDE, 2), padding=kernel // 2)
        self.second = nn.Conv2d(filters, filters, narrow, stride=(1, 2), padding=narrow // 2)
        bands = ((config.n_mels + 1) // 2 + 1) // 2
        self.merge = nn.Linear(filters * bands, width)
        # A layer a module: so that ties can reach across depth.
        self.recurrent = nn.ModuleList(
            nn.GRU(width, width // 2, batch_first=True, bidirectional=True) for _ in range(config.layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(config.layers + 1))
        self.head = nn.Linear(width, len(config.classes))

    def forward(self, mel: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return logits of classes.

        Args:
            mel: Natural logarithm of mel band amplitudes, (B, F, M).
            lengths: Real frames of each, (B,); all of them without it.

        Returns:
            Logits, (B, G, classes), of G = ceil(F / 2) steps.
        """
        x = ((mel - self.config.mel_mean) / self.config.mel_std)[:, None]
        steps = None
        if lengths is not None:
            inside = torch.arange(mel.shape[1], device=mel.device) < lengths[:, None]
            x = x * inside[:, None, :, None]
            steps = steps_of(lengths)
        x = F.relu(self.first(x))
        if steps is not None:
            within = torch.arange(x.shape[2], device=mel.device) < steps[:, None]
            x = x * within[:, None, :, None]
        x = F.relu(self.second(x))  # (B, filters, G, bands)
        x = self.merge(x.transpose(1, 2).flatten(2))
        for layer, norm in zip(self.recurrent, self.norms, strict=False):
            y = _run(layer, norm(x), steps)
            x = x + F.dropout(y, self.config.dropout, self.training)
        logits: Tensor = self.head(self.norms[-1](x))
        return logits


def steps_of(lengths: Tensor) -> Tensor:
    """Return the steps that frames make, (B,) to (B,)."""
    return (lengths + STRIDE - 1) // STRIDE


def _run(layer: nn.Module, x: Tensor, steps: Tensor | None) -> Tensor:
    """Run a recurrent layer over real steps only: what comes after must not reach it from behind."""
    if steps is None:
        y: Tensor = layer(x)[0]
        return y
    packed = pack_padded_sequence(x, steps.cpu(), batch_first=True, enforce_sorted=False)
    y = pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=x.shape[1])[0]
    return y
