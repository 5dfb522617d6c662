"""The decoder of Tacotron 2: one step reads the phones once and says a few frames."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tiedtts.nets.tacotron.attention import LocationAttention, Map
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.tying.recurrent import lstm_step

PRENET_DROPOUT = 0.5
"""Dropout of the pre-net."""
STATE_DROPOUT = 0.1
"""Dropout of both recurrent states, in training."""


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
    """State that a step leaves to the next."""

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
    """Context: the memory weighed by attention, (B, C)."""


class Step(NamedTuple):
    """Output of a step."""

    frames: Tensor
    """(B, r * outputs)."""
    stop: Tensor
    """Logit of this being the last step, (B,)."""
    attention: Tensor
    """(B, T)."""


class Decoder(nn.Module):
    """Pre-net, attention, two recurrent layers and the maps that speak."""

    def __init__(self, config: TacotronConfig) -> None:
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
            state: State after the step before.
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

        It is `step` after `step`; in training only what needs the step before is done in turn, which are
        the maps of the recurrent layers' states, and attention.

        Args:
            memory: (B, T, C).
            mel: (B, F, M), F a multiple of r.
            mask: 1 for real phones, (B, T).
            drop: Whether the pre-net drops values.

        Returns:
            All steps: frames (B, F, outputs), stop (B, N) and attention (B, N, T), N = F / r.
        """
        batch, frames, bands = mel.shape
        reduction = self.config.reduction
        before = mel.reshape(batch, frames // reduction, reduction * bands).transpose(0, 1)
        before = torch.cat([torch.zeros_like(before[:1]), before[:-1]])
        said = self.prenet(before, drop=drop)
        if self.training:
            hidden, context, attention = self._read(said, memory, mask)
            spoken = self._speak(torch.cat([hidden, context], 2))
            known = torch.cat([spoken, context], 2)
            made, stop = self.linear_projection(known), self.gate_layer(known)[..., 0]
        else:
            # The layers themselves are called, so that whoever counts their work finds it with them.
            made, stop, attention = self._step_by_step(said, memory, mask)
        # (N, B, ...) -> (B, N, ...)
        made, stop, attention = made.transpose(0, 1), stop.transpose(0, 1), attention.transpose(0, 1)
        return Step(made.reshape(batch, frames, -1), stop, attention)

    def _step_by_step(
        self, said: Tensor, memory: Tensor, mask: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Take all steps, (N, B, P), one after another: frames, stop and attention, (N, B, ...)."""
        processed = self.attention_layer.memory_layer(memory)
        allowed = None if mask is None else mask > 0
        state, steps = self.start(memory), []
        for now in said.unbind(0):
            step, state = self.step(now, state, memory, processed, allowed)
            steps.append(step)
        frames, stops, attentions = zip(*steps, strict=True)
        return torch.stack(frames), torch.stack(stops), torch.stack(attentions)

    def _read(self, said: Tensor, memory: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Attend in all steps, which takes nothing from the layer that speaks.

        Args:
            said: Pre-net of the frames before each step, (N, B, P).
            memory: (B, T, C).
            mask: 1 for real phones, (B, T).

        Returns:
            States of the layer that attends (N, B, A), what was read (N, B, C), attention (N, B, T).
        """
        layer, width = self.attention_rnn, said.shape[2]
        inputs = F.linear(said, layer.weight_ih[:, :width], layer.bias_ih + layer.bias_hh)
        back = torch.cat([layer.weight_ih[:, width:], layer.weight_hh], 1).t()
        kept = _kept(said, layer.hidden_size)
        processed = self.attention_layer.memory_layer(memory)
        allowed = None if mask is None else mask > 0
        state = self.start(memory)
        hidden, cell, context = state.attention_hidden, state.attention_cell, state.context
        weights, steps = state.weights, []
        for at, now in enumerate(inputs.unbind(0)):
            gates = torch.addmm(now, torch.cat([context, hidden], 1), back)
            hidden, cell = lstm_step(gates, cell)
            hidden = hidden * kept[at]
            context, attention = self.attention_layer(hidden, memory, processed, weights, allowed)
            weights = torch.stack([attention, weights[:, 1] + attention], 1)
            steps.append((hidden, context, attention))
        hiddens, contexts, attentions = zip(*steps, strict=True)
        return torch.stack(hiddens), torch.stack(contexts), torch.stack(attentions)

    def _speak(self, x: Tensor) -> Tensor:
        """Run the layer that speaks over what was read in all steps, (N, B, A + C) to (N, B, D)."""
        layer = self.decoder_rnn
        inputs = F.linear(x, layer.weight_ih, layer.bias_ih + layer.bias_hh)
        back, kept = layer.weight_hh.t(), _kept(x, layer.hidden_size)
        hidden = cell = x.new_zeros(x.shape[1], layer.hidden_size)
        steps = []
        for at, now in enumerate(inputs.unbind(0)):
            hidden, cell = lstm_step(torch.addmm(now, hidden, back), cell)
            hidden = hidden * kept[at]
            steps.append(hidden)
        return torch.stack(steps)


def _kept(like: Tensor, width: int) -> Tensor:
    """Draw what is left of a recurrent state in each step of training, (N, B, ...) to (N, B, width)."""
    return F.dropout(like.new_ones(*like.shape[:2], width), STATE_DROPOUT)
