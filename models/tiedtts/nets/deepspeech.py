"""DeepSpeech: mel spectrogram to symbols without being told when each is said.

Convolutions over time and frequency, recurrent layers that read in both directions, and a distribution over
symbols and a blank for every few frames (Hannun et al., "Deep Speech", 2014; Amodei et al., "Deep Speech 2",
2016). It is trained by connectionist temporal classification (Graves et al., 2006).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tiedtts.errors import ConfigError
from tiedtts.nets.checks import check_counts, check_kernels, check_scales, check_shares, check_sizes
from tiedtts.nets.recognizer import CLASSES

SYMBOLS = {"phones": CLASSES, "letters": ("", " ", "'", *"abcdefghijklmnopqrstuvwxyz")}
"""Symbols of each kind of unit; the first is the blank, which among phones is silence, too."""
CELLS: dict[str, type[nn.GRU] | type[nn.LSTM]] = {"gru": nn.GRU, "lstm": nn.LSTM}
"""Kinds of recurrent layers."""
CEILING = 20.0
"""Largest output of a convolution."""


@dataclass(frozen=True, kw_only=True)
class DeepSpeechConfig:
    """Sizes of the net, and the scale of what it reads."""

    units: str = "phones"
    """Units of the output: `phones` or `letters`."""
    channels: int = 16
    """Channels of both convolutions."""
    kernel_frames: int = 7
    """Frames seen by a convolution."""
    kernel_bands: int = 9
    """Mel bands seen by a convolution."""
    stride: int = 2
    """Frames that become one."""
    cell: str = "lstm"
    """Kind of recurrent layer: `lstm`, or `gru`, which has fewer weights but trains slower on a CPU."""
    layers: int = 4
    """Recurrent layers, all of one shape."""
    width: int = 112
    """Cells of a recurrent layer in each direction, H."""
    dropout: float = 0.15
    """Before each recurrent layer and the last map, in training."""
    n_mels: int = 80
    """Mel bands, M."""
    mel_mean: float = -5.0
    """Mean log mel amplitude of the corpus; inputs are scaled by it."""
    mel_std: float = 2.0
    """Standard deviation of log mel amplitudes in the corpus."""

    def __post_init__(self) -> None:
        for name, known in (("units", SYMBOLS), ("cell", CELLS)):
            if getattr(self, name) not in known:
                raise ConfigError(f"`{name}` must be {' or '.join(known)}, got: {getattr(self, name)}")
        check_sizes(self, "channels", "stride", "width", "n_mels")
        check_counts(self, "layers")
        check_kernels(self, "kernel_frames", "kernel_bands")
        check_shares(self, "dropout")
        check_scales(self, "mel_std")

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of the classes, C of them, the blank first."""
        return SYMBOLS[self.units]


class DeepSpeech(nn.Module):
    """Scores of C symbols, of which number 0 is the blank; it carries the frequencies that decoding needs."""

    log_bigram: Tensor
    """Log probability of a symbol after another, (C, C); 0 is the start and the end."""

    def __init__(self, config: DeepSpeechConfig) -> None:
        super().__init__()
        self.config = config
        count = len(config.symbols)
        self.register_buffer("log_bigram", torch.zeros(count, count))
        kernel = config.kernel_frames, config.kernel_bands
        padding = kernel[0] // 2, kernel[1] // 2
        channels = config.channels
        self.convolutions = nn.ModuleList(
            nn.Conv2d(inputs, channels, kernel, stride=(stride, 2), padding=padding)
            for inputs, stride in ((1, config.stride), (channels, 1))
        )
        bands = (config.n_mels + 3) // 4
        self.reduce = nn.Linear(channels * bands, config.width)
        # One module a layer and direction, all of one shape: so that layers along depth can be tied.
        cell, width = CELLS[config.cell], config.width
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(config.layers))
        self.forwards = nn.ModuleList(cell(width, width) for _ in range(config.layers))
        self.backwards = nn.ModuleList(cell(width, width) for _ in range(config.layers))
        self.dropout = nn.Dropout(config.dropout)
        self.last_norm = nn.BatchNorm1d(config.width)
        self.head = nn.Linear(config.width, count)

    def set_bigram(self, log_bigram: npt.NDArray[np.float32]) -> None:
        """Keep frequencies counted in transcripts, (C, C)."""
        self.log_bigram.copy_(torch.from_numpy(log_bigram))

    def forward(self, mel: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return logits for every `stride` frames; number f is about frame f * stride.

        Args:
            mel: Natural logarithm of mel band amplitudes, (B, F, M).
            mask: 1 for real frames, (B, F).

        Returns:
            Logits, (B, F', C).
        """
        x = ((mel - self.config.mel_mean) / self.config.mel_std)[:, None]  # (B, 1, F, M)
        if mask is None:
            mask = mel.new_ones(mel.shape[:2])
        x = x * mask[:, None, :, None]
        coarse = mask[:, :: self.config.stride]
        for convolution in self.convolutions:
            x = F.hardtanh(convolution(x), 0.0, CEILING) * coarse[:, None, :, None]
        x = self.reduce(x.transpose(1, 2).flatten(2))  # (B, C, F', M / 4) -> (B, F', H)
        # From here on, all real frames of the batch are rows of one matrix. Normalised so, they are
        # normalised over sequences (Laurent et al., 2016), with nothing but real frames.
        rows = _Rows(coarse)
        x = x.flatten(0, 1)[rows.real]
        for norm, forwards, backwards in zip(self.norms, self.forwards, self.backwards, strict=True):
            x = self.dropout(norm(x))
            x = rows.run(forwards, x, rows.onward) + rows.run(backwards, x, rows.back)
        x = self.head(self.dropout(self.last_norm(x)))
        logits: Tensor = x.new_zeros(coarse.numel(), x.shape[1]).index_copy(0, rows.real, x)
        return logits.reshape(*coarse.shape, x.shape[1])


class _Rows:
    """Where the real frames of a batch lie.

    Recurrent layers of torch take packed sequences, too, but train on them in quadratic time.

    Args:
        mask: 1 for real frames, which come first, (B, F).
    """

    def __init__(self, mask: Tensor) -> None:
        self.batch, self.frames = mask.shape
        self.real = mask.flatten().nonzero()[:, 0]
        """Rows of (B, F) that are real frames, (N,)."""
        recording, frame = self.real // self.frames, self.real % self.frames
        self.onward = frame * self.batch + recording
        """Rows of (F, B) in which the real frames are put in their order, (N,)."""
        last = mask.sum(1).long()[recording] - 1
        self.back = (last - frame) * self.batch + recording
        """The same in reverse."""

    def run(self, layer: nn.Module, x: Tensor, places: Tensor) -> Tensor:
        """Run a recurrent layer over real frames, (N, C) to (N, H), put in places."""
        whole = x.new_zeros(self.frames * self.batch, x.shape[1]).index_copy(0, places, x)
        y: Tensor = layer(whole.reshape(self.frames, self.batch, -1))[0]
        return y.flatten(0, 1)[places]
