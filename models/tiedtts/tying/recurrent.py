"""Recurrent layers run with weights that are computed, not stored."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tiedtts.tying.layers import LayerSpec

Map = Callable[[str, str, Tensor], Tensor]
"""Applies one of a recurrent layer's maps: `ih` or `hh`, the suffix of its name, the input."""


def run_recurrent(
    spec: LayerSpec, x: Any, state: Any, parameters: Mapping[str, Tensor], training: bool
) -> Any:
    """Do what the plain layer does, packed sequences and stacked directions included.

    Args:
        spec: An LSTM, a GRU, or a cell of one.
        x: Input of the plain layer.
        state: First state, or nothing for zeros.
        parameters: Parameters of the plain layer, by name, in its order.
        training: Whether to drop out between stacked layers.
    """
    if spec.is_cell:
        weights = dict(parameters)

        def apply(name: str, suffix: str, x: Tensor) -> Tensor:
            return F.linear(x, weights[f"weight_{name}"], weights.get(f"bias_{name}"))

        return run_cell(spec, x, state, apply)
    layer = spec.empty().train(training)
    assert isinstance(layer, nn.RNNBase)
    # torch's own forward takes its weights from this list alone, and so passes gradients on to them.
    layer._flat_weights = [parameters[name] for name in layer._flat_weights_names]
    return layer(x, state)


def run_steps(spec: LayerSpec, x: Tensor, state: Any, apply: Map, training: bool) -> Any:
    """Do what the plain layer does, with maps in place of its matrices: all inputs at once, states in turn.

    Args:
        spec: An LSTM or a GRU.
        x: (N, B, I), (B, N, I) with `batch_first`, or (N, I).
        state: First state, or nothing for zeros.
        apply: Called with `ih` or `hh`, the suffix of a layer and direction, and (..., I) or (..., H).
        training: Whether to drop out between stacked layers.
    """
    arguments, is_lstm = spec.arguments, spec.type is nn.LSTM
    is_batched = x.dim() == 3
    batch_first = arguments["batch_first"] and is_batched
    states = state if is_lstm and state is not None else (state,)
    if not is_batched:
        x, states = x[:, None], tuple(of if of is None else of[:, None] for of in states)
    elif batch_first:
        x = x.transpose(0, 1)
    suffixes = ("", "_reverse") if arguments["bidirectional"] else ("",)
    last: list[tuple[Tensor, ...]] = []
    for layer in range(arguments["num_layers"]):
        if layer:
            x = F.dropout(x, arguments["dropout"], training)
        sides = []
        for suffix in suffixes:
            zeros = x.new_zeros(x.shape[1], arguments["hidden_size"])
            now = tuple(zeros if of is None else of[len(last)] for of in states)
            now = (zeros, zeros) if is_lstm and state is None else now
            name = f"_l{layer}{suffix}"
            side, now = _one_direction(
                apply("ih", name, x), now, functools.partial(apply, "hh", name), bool(suffix)
            )
            sides.append(side)
            last.append(now)
        x = torch.cat(sides, -1)
    final = tuple(torch.stack(of) for of in zip(*last, strict=True))  # each (L * D, B, H)
    if not is_batched:
        x, final = x[:, 0], tuple(of[:, 0] for of in final)
    elif batch_first:
        x = x.transpose(0, 1)
    return x, final if is_lstm else final[0]


def run_cell(spec: LayerSpec, x: Tensor, state: Any, apply: Map) -> Any:
    """Take the one step that the plain cell takes, with maps in place of its matrices.

    Args:
        spec: An `LSTMCell` or a `GRUCell`.
        x: (B, I) or (I,).
        state: State after the step before, or nothing for zeros.
        apply: Called with `ih` or `hh`, an empty suffix, and (..., I) or (..., H).
    """
    is_lstm = spec.type is nn.LSTMCell
    if state is None:
        zeros = x.new_zeros(*x.shape[:-1], spec.arguments["hidden_size"])
        state = (zeros, zeros) if is_lstm else zeros
    before = tuple(state) if is_lstm else (state,)
    step = _lstm_step if is_lstm else _gru_step
    after = step(apply("ih", "", x), before, functools.partial(apply, "hh", ""))
    return after if is_lstm else after[0]


def _one_direction(
    inputs: Tensor, state: tuple[Tensor, ...], recur: Callable[[Tensor], Tensor], backwards: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return outputs, (N, B, H), and the last state, from what the inputs add to the gates."""
    outputs = []
    for at in reversed(range(len(inputs))) if backwards else range(len(inputs)):
        state = (
            _lstm_step(inputs[at], state, recur) if len(state) == 2 else _gru_step(inputs[at], state, recur)
        )
        outputs.append(state[0])
    return torch.stack(outputs[::-1] if backwards else outputs), state


def lstm_step(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Return hidden state and cell of a long short-term memory, (..., H), from its gates, (..., 4 H)."""
    keep_in, keep_old, new, out = gates.chunk(4, -1)
    cell = torch.sigmoid(keep_old) * cell + torch.sigmoid(keep_in) * torch.tanh(new)
    return torch.sigmoid(out) * torch.tanh(cell), cell


def _lstm_step(x: Tensor, state: tuple[Tensor, ...], recur: Callable[[Tensor], Tensor]) -> tuple[Tensor, ...]:
    return lstm_step(x + recur(state[0]), state[1])


def _gru_step(x: Tensor, state: tuple[Tensor, ...], recur: Callable[[Tensor], Tensor]) -> tuple[Tensor, ...]:
    old = state[0]
    (x_reset, x_keep, x_new), (h_reset, h_keep, h_new) = x.chunk(3, -1), recur(old).chunk(3, -1)
    keep = torch.sigmoid(x_keep + h_keep)
    new = torch.tanh(x_new + torch.sigmoid(x_reset + h_reset) * h_new)
    return (new + keep * (old - new),)
