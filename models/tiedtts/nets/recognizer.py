"""Mel spectrogram to phones: the net that aligns recordings and judges whether speech is understood.

A convolutional net gives each frame a distribution over 39 phones and silence. Divided by how often each
occurs, these are the frame scores of a hidden Markov model over free phone sequences (hybrid recognition,
Bourlard and Morgan, 1994).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tiedtts.nets.blocks import ConvNeXtStack
from tiedtts.nets.checks import check_counts, check_kernels, check_scales, check_shares, check_sizes
from tiedtts.text.phones import CONSONANTS, SILENCE, VOWELS

CLASSES = (SILENCE, *CONSONANTS, *VOWELS)
"""Classes of a frame; every pause is silence, stress is not told apart."""


@dataclass(frozen=True, kw_only=True)
class RecognizerConfig:
    """Sizes of the recogniser, and the scale of what it reads."""

    width: int = 160
    """Channels, C."""
    blocks: int = 6
    """ConvNeXt blocks."""
    kernel: int = 9
    """Frames seen by one block."""
    expansion: int = 2
    """Inner width of a block as a multiple of `width`."""
    dropout: float = 0.15
    """After each block, in training."""
    n_mels: int = 80
    """Mel bands, M."""
    mel_mean: float = -5.0
    """Mean log mel amplitude of the corpus; inputs are scaled by it."""
    mel_std: float = 2.0
    """Standard deviation of log mel amplitudes in the corpus."""

    def __post_init__(self) -> None:
        check_sizes(self, "width", "expansion", "n_mels")
        check_counts(self, "blocks")
        check_kernels(self, "kernel")
        check_shares(self, "dropout")
        check_scales(self, "mel_std")


class Recognizer(nn.Module):
    """Frame classifier over `CLASSES`, C of them; it carries the frequencies that decoding needs."""

    log_prior: Tensor
    """Log share of the training frames, (C,)."""
    log_bigram: Tensor
    """Log probability of a class after another, (C, C)."""

    def __init__(self, config: RecognizerConfig) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("log_prior", torch.zeros(len(CLASSES)))
        self.register_buffer("log_bigram", torch.zeros(len(CLASSES), len(CLASSES)))
        self.stem = nn.Conv1d(config.n_mels, config.width, 5, padding=2)
        self.body = ConvNeXtStack(
            config.blocks, config.width, config.kernel, config.expansion, config.dropout
        )
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, len(CLASSES))

    def set_grammar(self, log_prior: npt.NDArray[np.float32], log_bigram: npt.NDArray[np.float32]) -> None:
        """Keep frequencies counted in transcripts, (C,) and (C, C)."""
        self.log_prior.copy_(torch.from_numpy(log_prior))
        self.log_bigram.copy_(torch.from_numpy(log_bigram))

    def forward(self, mel: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return class logits of each frame.

        Args:
            mel: Natural logarithm of mel band amplitudes, (B, F, M).
            mask: 1 for real frames, (B, F).

        Returns:
            Logits, (B, F, C).
        """
        x = ((mel - self.config.mel_mean) / self.config.mel_std).transpose(1, 2)
        if mask is not None:
            x = x * mask[:, None]
        x = self.stem(x)
        if mask is not None:
            x = x * mask[:, None]
        x = self.body(x, None if mask is None else mask[:, None])
        logits: Tensor = self.head(self.norm(x.transpose(1, 2)))
        return logits
