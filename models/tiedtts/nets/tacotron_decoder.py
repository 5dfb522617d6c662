"""The decoder of Tacotron 2: one step reads the phones once and says a few frames."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tiedtts.nets.attention import LocationAttention, Map

if TYPE_CHECKING:
    from tiedtts.nets.tacotron import TacotronConfig

PRENET_DROPOUT = 0.5
"""Of the pre-net, in synthesis as well: Shen et al., 2018."""
STATE_DROPOUT = 0.1
"""Of both recurrent states, in training."""


class Prenet(nn.Module):
    """Two layers between the frames that were said and the decoder; they drop half of what they know."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Map(inputs, width, bias=False), Map(width, width, bias=False)])

    def forward(self, x: Tensor, *, drop: bool, generator: torch.Generator | None = None) -> Tensor:
        """Map (..., inputs) to (..., width); a generator makes what is dropped the same every time."""
        for layer in self.layers:
            x = F.relu(layer(x))
            if drop:
                kept = torch.empty_like(x).bernoulli_(1 - PRENET_DROPOUT, generator=generator)
                x = x * kept / (1 - PRENET_DROPOUT)
        return x


@dataclass
class State:
    """What a step leaves to the next."""

    attention_hidden: Tensor
    """(B, A)."""
    attention_cell: Tensor
    """(B, A)."""
    decoder_hidden: Tensor
    """(B, D)."""
    decoder_cell: Tensor
    """(B, D)."""
    weights: Tensor
    """Attention of the last step and the sum of all before, (B, 2, T)."""
    context: Tensor
    """What was read, (B, C)."""


class Step(NamedTuple):
    """What a step says."""

    frames: Tensor
    """(B, r * outputs)."""
    stop: Tensor
    """Logit of this being the last step, (B,)."""
    attention: Tensor
    """(B, T)."""


class Decoder(nn.Module):
    """Pre-net, attention, two recurrent layers and the maps that speak."""

    def __init__(self, config: "TacotronConfig") -> None:
        super().__init__()
        encoder, attention, decoder = config.encoder_width, config.attention_rnn, config.decoder_rnn
        self.config = config
        self.prenet = Prenet(config.n_mels * config.reduction, config.prenet)
        self.attention_rnn = nn.LSTMCell(config.prenet + encoder, attention)
        self.attention_layer = LocationAttention(
            attention, encoder, config.attention, config.location_filters, config.location_kernel
        )
        self.decoder_rnn = nn.LSTMCell(attention + encoder, decoder)
        self.linear_projection = Map(decoder + encoder, config.outputs * config.reduction)
        self.gate_layer = Map(decoder + encoder, 1)

    def start(self, memory: Tensor) -> State:
        """Return the state before the first step, for a memory, (B, T, C)."""
        batch, phones, width = memory.shape
        attention, decoder = self.config.attention_rnn, self.config.decoder_rnn
        zeros = memory.new_zeros
        return State(
            zeros(batch, attention),
            zeros(batch, attention),
            zeros(batch, decoder),
            zeros(batch, decoder),
            zeros(batch, 2, phones),
            zeros(batch, width),
        )

    def step(
        self, said: Tensor, state: State, memory: Tensor, processed: Tensor, allowed: Tensor | None
    ) -> tuple[Step, State]:
        """Take one step.

        Args:
            said: Pre-net of the frames of the step before, (B, P).
            state: Of the step before.
            memory: (B, T, C).
            processed: The attention's `memory_layer` of it, (B, T, width).
            allowed: Where it may look, (B, T).
        """
        hidden, cell = self.attention_rnn(
            torch.cat([said, state.context], 1), (state.attention_hidden, state.attention_cell)
        )
        hidden = F.dropout(hidden, STATE_DROPOUT, self.training)
        context, attention = self.attention_layer(hidden, memory, processed, state.weights, allowed)
        sums = state.weights[:, 1] + attention
        decoder_hidden, decoder_cell = self.decoder_rnn(
            torch.cat([hidden, context], 1), (state.decoder_hidden, state.decoder_cell)
        )
        decoder_hidden = F.dropout(decoder_hidden, STATE_DROPOUT, self.training)
        known = torch.cat([decoder_hidden, context], 1)
        said_now = Step(self.linear_projection(known), self.gate_layer(known)[:, 0], attention)
        weights = torch.stack([attention, sums], 1)
        return said_now, State(hidden, cell, decoder_hidden, decoder_cell, weights, context)

    def forward(self, memory: Tensor, mel: Tensor, mask: Tensor | None, *, drop: bool) -> Step:
        """Say frames that are known, each step after the true frames of the step before.

        Args:
            memory: (B, T, C).
            mel: (B, F, M), F a multiple of r.
            mask: 1 for real phones, (B, T).
            drop: Whether the pre-net drops values.

        Returns:
            All steps: frames (B, F, outputs), stop (B, S) and attention (B, S, T), S = F / r.
        """
        batch, frames, bands = mel.shape
        reduction = self.config.reduction
        before = mel.reshape(batch, frames // reduction, reduction * bands)
        before = torch.cat([torch.zeros_like(before[:, :1]), before[:, :-1]], 1)
        # Of all steps at once, and step by step from here on.
        said = self.prenet(before, drop=drop).unbind(1)
        processed = self.attention_layer.memory_layer(memory)
        allowed = None if mask is None else mask > 0
        state, steps = self.start(memory), []
        for at in said:
            step, state = self.step(at, state, memory, processed, allowed)
            steps.append(step)
        return Step(
            torch.stack([step.frames for step in steps], 1).reshape(batch, frames, -1),
            torch.stack([step.stop for step in steps], 1),
            torch.stack([step.attention for step in steps], 1),
        )
