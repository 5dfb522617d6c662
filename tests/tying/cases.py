"""Small layers of every kind, and ways to tie them."""

from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from tiedtts.tying import SCHEMES, TiedLayer, TiePlan, TieRule, tie

CONVOLUTIONS = {
    "conv1d": nn.Conv1d,
    "conv2d": nn.Conv2d,
    "conv3d": nn.Conv3d,
    "transposed1d": nn.ConvTranspose1d,
    "transposed2d": nn.ConvTranspose2d,
    "transposed3d": nn.ConvTranspose3d,
}
FEEDFORWARD = ("linear", "embedding", *CONVOLUTIONS)
RECURRENT = ("lstm", "gru", "lstm_cell", "gru_cell")
FITS = {
    "identity": ("linear", *CONVOLUTIONS),
    "diagonal": ("linear", *CONVOLUTIONS),
    "separable": tuple(CONVOLUTIONS),
    "lowrank": (*FEEDFORWARD, *RECURRENT),
    "cluster": FEEDFORWARD,
    "share": (*FEEDFORWARD, *RECURRENT),
    "codebook": (*FEEDFORWARD, *RECURRENT),
}
"""Kinds of layers that a scheme ties, `io` apart."""
PAIRS = [(scheme, kind) for scheme, kinds in FITS.items() for kind in kinds]


@st.composite
def layers(draw: st.DrawFn, kind: str, square: bool = False) -> Callable[[], nn.Module]:
    """Draw what makes a layer, the same geometry at every call and other weights."""
    whole = st.integers
    bias = draw(st.booleans())
    if kind == "linear":
        inputs = draw(whole(2, 6))
        outputs = inputs if square else draw(whole(2, 6))
        return lambda: nn.Linear(inputs, outputs, bias)
    if kind == "embedding":
        entries, width, padding = draw(whole(2, 8)), draw(whole(2, 6)), draw(st.sampled_from([None, 1]))
        return lambda: nn.Embedding(entries, width, padding)
    if kind in RECURRENT:
        inputs, hidden = draw(whole(2, 4)), draw(whole(2, 4))
        if kind.endswith("cell"):
            cell = {"lstm_cell": nn.LSTMCell, "gru_cell": nn.GRUCell}[kind]
            return lambda: cell(inputs, hidden, bias)
        depth, both, first = draw(whole(1, 2)), draw(st.booleans()), draw(st.booleans())
        cls = {"lstm": nn.LSTM, "gru": nn.GRU}[kind]
        return lambda: cls(inputs, hidden, depth, bias, batch_first=first, bidirectional=both)
    axes = int(kind[-2])
    groups = draw(whole(1, 2))
    inputs = groups * draw(whole(2, 3))
    outputs = inputs if square else groups * draw(whole(2, 3))
    each = lambda low, high: tuple(draw(whole(low, high)) for _ in range(axes))  # noqa: E731
    kernel = (draw(whole(2, 4)), *each(1, 3)[1:])
    stride, padding, dilation = each(1, 2), each(0, 2), each(1, 2)
    if kind.startswith("transposed"):
        # Padding above what the kernel reaches would leave nothing of a short input.
        extra = tuple(draw(whole(0, max(s, d) - 1)) for s, d in zip(stride, dilation, strict=True))
        return lambda: CONVOLUTIONS[kind](
            inputs, outputs, kernel, stride, padding, extra, groups, bias, dilation
        )
    mode = draw(st.sampled_from(["zeros", "circular", "reflect", "replicate"]))
    # torch warns of a copy where an even kernel leaves a side longer.
    if stride == (1,) * axes and all(size % 2 for size in kernel):
        return lambda: CONVOLUTIONS[kind](inputs, outputs, kernel, 1, "same", dilation, groups, bias, mode)
    return lambda: CONVOLUTIONS[kind](inputs, outputs, kernel, stride, padding, dilation, groups, bias, mode)


def input_for(layer: nn.Module) -> Tensor:
    """Return what a plain layer can read, batched."""
    if isinstance(layer, nn.Embedding):
        return torch.randint(layer.num_embeddings, (2, 5))
    if isinstance(layer, nn.RNNBase):
        return torch.randn(3, 3, layer.input_size)
    if isinstance(layer, nn.RNNCellBase):
        return torch.randn(3, layer.input_size)
    if isinstance(layer, nn.Linear):
        return torch.randn(2, 3, layer.in_features)
    assert isinstance(layer, _ConvNd)
    return torch.randn(2, layer.in_channels, *(9 for _ in layer.kernel_size))


def plan(scheme: str, layers: str = "*", bias: str = "keep", **options: Any) -> TiePlan:
    """Return a plan of one rule."""
    return TiePlan((TieRule(layers, scheme, bias, options),))  # type: ignore[arg-type]


def tied(scheme: str, make: Callable[[], nn.Module], bias: str = "keep", **options: Any) -> nn.Module:
    """Tie a layer; where the scheme needs several, three of them, in a list."""
    several = SCHEMES[scheme].ties_layers(SCHEMES[scheme].options_type(**options))
    model = nn.ModuleList(make() for _ in range(3)) if several else nn.ModuleList([make()])
    return tie(model, plan(scheme, bias=bias, **options))[0]


def last(model: nn.Module) -> TiedLayer:
    """Return the last layer of what `tied` made: the one that stores least."""
    layer = model[-1]  # type: ignore[index]
    assert isinstance(layer, TiedLayer)
    return layer


def outputs(result: Any) -> list[Tensor]:
    """Return all tensors in what a layer returns."""
    return [result] if isinstance(result, Tensor) else [of for part in result for of in outputs(part)]


def assert_alike(result: Any, expected: Any, tolerance: float = 1e-5) -> None:
    for a, b in zip(outputs(result), outputs(expected), strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)
