"""Durations, pitch and energy: what is predicted of each phone before any frame is made."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tiedtts.nets.blocks import ConvNeXtStack
from tiedtts.text.phones import FACTORS

PLACE_FEATURES = 4
"""Numbers that tell the predictor where in its sentence a phone lies."""
NEAR_EDGE = 16
"""Phones over which the start and the end of a sentence are felt."""


class Variances(NamedTuple):
    """Predictions for each phone; all (B, T)."""

    log_duration: Tensor
    """log(1 + frames)."""
    pitch: Tensor
    """Mean log F0, in standard deviations of the corpus."""
    energy: Tensor
    """Mean log mel, in standard deviations of the corpus."""


class PhoneEmbedding(nn.ModuleList):
    """A vector for each phone: those of its symbol, stress, position and clause added up."""

    def __init__(self, width: int) -> None:
        tables = [nn.Embedding(size, width) for size in FACTORS]
        for table in tables:
            nn.init.normal_(table.weight, 0.0, 0.3)
        super().__init__(tables)

    def forward(self, ids: Tensor) -> Tensor:
        """Map ids, (B, T, 4), to vectors, (B, T, C)."""
        x: Tensor = self[0](ids[..., 0])
        for column in range(1, len(FACTORS)):
            x = x + self[column](ids[..., column])
        return x


class VariancePredictor(nn.Module):
    """Phones to duration, pitch and energy.

    It shares nothing with the encoder: what serves the spectrum learns the few thousand durations and
    pitches of a small corpus by heart long before the spectrum is done.

    Args:
        width: Channels, C.
        blocks: ConvNeXt blocks.
        kernel: Phones seen by one block.
        expansion: Inner width of a block as a multiple of `width`.
        dropout: Share of values that is zeroed in training.
        sentence_position: Whether it is told where in its sentence a phone stands.
    """

    def __init__(
        self, width: int, blocks: int, kernel: int, expansion: int, dropout: float, *, sentence_position: bool
    ) -> None:
        super().__init__()
        self.embeddings = PhoneEmbedding(width)
        self.place = nn.Linear(PLACE_FEATURES, width) if sentence_position else None
        self.stack = ConvNeXtStack(blocks, width, kernel, expansion, dropout)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 3)
        self.dropout = nn.Dropout(dropout)

    def forward(self, ids: Tensor, mask: Tensor) -> Variances:
        """Map phone, stress, position and clause ids, (B, T, 4), to three values a phone."""
        x = self.embeddings(ids)
        if self.place is not None:
            x = x + self.place(sentence_places(mask))
        x = self.dropout(x) * mask[..., None]
        x = self.stack(x.transpose(1, 2), mask[:, None]).transpose(1, 2)
        values = self.head(self.dropout(self.norm(x)))
        return Variances(values[..., 0], values[..., 1], values[..., 2])


def sentence_places(mask: Tensor) -> Tensor:
    """Tell where in its sentence each phone stands.

    Args:
        mask: 1 for phones, 0 for what fills up a batch, (B, T).

    Returns:
        Share of the sentence that is over, nearness of its start and of its end (the last of 16 phones as
        0 to 1), logarithm of its length, (B, T, 4).
    """
    count = mask.sum(1, keepdim=True)
    number = mask.cumsum(1) - 1
    length = (torch.log(count) - 4).expand_as(mask)
    start, end = ((n / NEAR_EDGE).clamp(0, 1) for n in (number, count - 1 - number))
    return torch.stack([number / count, start, end, length], 2)
