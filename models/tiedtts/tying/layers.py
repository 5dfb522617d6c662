"""The layers that can be tied: how they are made, how their weights are laid out, how they run.

Letters: O outputs, I inputs, g groups, K taps of a kernel (the product over its axes), B batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.linear import NonDynamicallyQuantizableLinear

from tiedtts.tying.turned import TurnedLinear

_LINEAR = ("in_features", "out_features")
_CONV = (
    "in_channels",
    "out_channels",
    "kernel_size",
    "stride",
    "padding",
    "dilation",
    "groups",
    "padding_mode",
)
_RECURRENT = ("input_size", "hidden_size", "num_layers", "batch_first", "dropout", "bidirectional")
_CELL = ("input_size", "hidden_size")
_ARGUMENTS: dict[type[nn.Module], tuple[str, ...]] = {
    nn.Linear: _LINEAR,
    TurnedLinear: _LINEAR,
    NonDynamicallyQuantizableLinear: _LINEAR,
    nn.Conv1d: _CONV,
    nn.Conv2d: _CONV,
    nn.Conv3d: _CONV,
    nn.ConvTranspose1d: (*_CONV, "output_padding"),
    nn.ConvTranspose2d: (*_CONV, "output_padding"),
    nn.ConvTranspose3d: (*_CONV, "output_padding"),
    nn.Embedding: ("num_embeddings", "embedding_dim", "padding_idx"),
    nn.LSTM: (*_RECURRENT, "proj_size"),
    nn.GRU: _RECURRENT,
    nn.LSTMCell: _CELL,
    nn.GRUCell: _CELL,
}
_CONVOLUTIONS = {
    nn.Conv1d: F.conv1d,
    nn.Conv2d: F.conv2d,
    nn.Conv3d: F.conv3d,
    nn.ConvTranspose1d: F.conv_transpose1d,
    nn.ConvTranspose2d: F.conv_transpose2d,
    nn.ConvTranspose3d: F.conv_transpose3d,
}
_KNOWN_AS: dict[type[nn.Module], str] = {NonDynamicallyQuantizableLinear: "Linear", TurnedLinear: "Conv1D"}
_TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_POINTWISE = (F.conv1d, F.conv2d, F.conv3d)


@dataclass(frozen=True)
class LayerSpec:
    """A plain layer without its weights."""

    type: type[nn.Module]
    """Class of the plain layer."""
    arguments: Mapping[str, Any]
    """Arguments of its constructor."""

    @classmethod
    def of(cls, layer: nn.Module) -> "LayerSpec":
        """Describe a layer for which `refusal` has nothing to say."""
        kind = plain_type(layer)
        assert kind is not None, type(layer)
        arguments = {name: getattr(layer, name) for name in _ARGUMENTS[kind]}
        if kind is not nn.Embedding:
            bias = getattr(layer, "bias", None)
            arguments["bias"] = bias if isinstance(bias, bool) else bias is not None
        return cls(kind, arguments)

    @classmethod
    def linear(cls, inputs: int, outputs: int) -> "LayerSpec":
        """Describe a matrix without bias, such as one of a recurrent layer."""
        return cls(nn.Linear, {"in_features": inputs, "out_features": outputs, "bias": False})

    @property
    def is_linear(self) -> bool:
        """Whether it is a matrix."""
        return issubclass(self.type, nn.Linear)

    @property
    def is_embedding(self) -> bool:
        """Whether it is a table of vectors."""
        return self.type is nn.Embedding

    @property
    def is_transposed(self) -> bool:
        """Whether it is a transposed convolution, whose weight begins with the inputs."""
        return self.type in _TRANSPOSED

    @property
    def is_convolution(self) -> bool:
        """Whether it slides a kernel over time or space."""
        return self.type in _CONVOLUTIONS

    @property
    def is_recurrent(self) -> bool:
        """Whether it has several matrices and a state."""
        return self.type in (nn.LSTM, nn.GRU) or self.is_cell

    @property
    def is_cell(self) -> bool:
        """Whether it is one step of a recurrent layer, which a loop of the model's own calls."""
        return self.type in (nn.LSTMCell, nn.GRUCell)

    @property
    def is_norm(self) -> bool:
        """Whether it is a batch norm, which has no matrix."""
        return "num_features" in self.arguments

    @property
    def inputs(self) -> int:
        """Channels it reads; of a table, its entries."""
        names = ("in_features", "in_channels", "num_embeddings", "input_size", "num_features")
        return next(int(self.arguments[name]) for name in names if name in self.arguments)

    @property
    def outputs(self) -> int:
        """Channels it writes; of a table, the width of its vectors."""
        names = ("out_features", "out_channels", "embedding_dim", "hidden_size", "num_features")
        return next(int(self.arguments[name]) for name in names if name in self.arguments)

    @property
    def groups(self) -> int:
        """Groups of channels that do not see each other."""
        return int(self.arguments.get("groups", 1))

    @property
    def kernel(self) -> tuple[int, ...]:
        """Taps along each axis; empty without a kernel."""
        return tuple(self.arguments.get("kernel_size", ()))

    @property
    def taps(self) -> int:
        """Number of taps, K."""
        return prod(self.kernel)

    @property
    def weight_shape(self) -> tuple[int, ...]:
        """Shape of the one weight of a layer that is not recurrent."""
        if self.is_linear:
            return self.outputs, self.inputs
        if self.is_transposed:
            return self.inputs, self.outputs // self.groups, *self.kernel
        if self.is_convolution:
            return self.outputs, self.inputs // self.groups, *self.kernel
        return self.inputs, self.outputs

    @property
    def canonical_shape(self) -> tuple[int, int, int, int]:
        """Shape of the weight as `canonical` lays it out."""
        if not self.is_convolution:
            rows, columns = self.weight_shape
            return 1, rows, columns, 1
        return self.groups, self.outputs // self.groups, self.inputs // self.groups, self.taps

    @property
    def has_bias(self) -> bool:
        """Whether something is added to its outputs."""
        return bool(self.arguments.get("bias", False))

    @property
    def channel_axis(self) -> int:
        """Axis of the channels in what it writes."""
        return -1 - len(self.kernel)

    @property
    def name(self) -> str:
        """Class of the layer, as users know it."""
        return _KNOWN_AS.get(self.type, self.type.__name__)

    @property
    def title(self) -> str:
        """Short text for messages, such as `Conv1d(4, 8, kernel 3)`."""
        if self.is_norm:
            return f"{self.name}({self.inputs})"
        kernel = f", kernel {'x'.join(map(str, self.kernel))}" if self.kernel else ""
        groups = f", groups {self.groups}" if self.groups > 1 else ""
        return f"{self.name}({self.inputs}, {self.outputs}{kernel}{groups})"

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the names and shapes of its parameters."""
        return dict(self._shapes)

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(value.shape) for name, value in self.empty().named_parameters()}

    def empty(self) -> nn.Module:
        """Make the plain layer without memory for its weights."""
        arguments = dict(self.arguments)
        if arguments.get("num_layers") == 1:
            # Between one layer and no other nothing is dropped, of which torch warns each time.
            arguments["dropout"] = 0.0
        return self.type(**arguments, device="meta")

    def sized(self, x: Tensor, output_size: Any) -> "LayerSpec":
        """Return the layer as it writes that size, `output_size` of torch's transposed convolutions.

        Args:
            x: Input of the layer.
            output_size: With or without the axes before the last; nothing for what its arguments give.

        Raises:
            TypeError: It is no transposed convolution.
            ValueError: It cannot write that size.
        """
        if output_size is None:
            return self
        if not self.is_transposed:
            raise TypeError(f"a {self.type.__name__} takes nothing beside its input")
        layer = self.empty()
        padding = layer._output_padding(  # type: ignore[operator]
            x,
            list(output_size),
            layer.stride,
            layer.padding,
            layer.kernel_size,
            len(self.kernel),
            layer.dilation,
        )
        return replace(self, arguments={**self.arguments, "output_padding": tuple(padding)})

    def plain(self, parameters: Mapping[str, Tensor]) -> nn.Module:
        """Make the plain layer with these parameters."""
        layer = self.empty()
        for name, value in parameters.items():
            setattr(layer, name, nn.Parameter(value.detach().clone(memory_format=torch.contiguous_format)))
        return layer

    def canonical(self, weight: Tensor) -> Tensor:
        """Lay out a weight as (g, O / g, I / g, K); a view."""
        if self.is_transposed:
            return torch.unflatten(weight, 0, (self.groups, -1)).flatten(3).transpose(1, 2)
        if self.is_convolution:
            return torch.unflatten(weight, 0, (self.groups, -1)).flatten(3)
        return weight[None, :, :, None]

    def native(self, canonical: Tensor) -> Tensor:
        """Undo `canonical`; the channels may be more or fewer than the layer's own."""
        if not self.is_convolution:
            return canonical[0, :, :, 0]
        weight = canonical.transpose(1, 2) if self.is_transposed else canonical
        return torch.unflatten(weight.flatten(0, 1), -1, self.kernel)

    def convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None, groups: int | None = None) -> Tensor:
        """Run the convolution with another weight; its geometry stays, its channels may differ.

        Args:
            x: (B, I, ...) or (I, ...).
            weight: In the layout of the layer's type.
            bias: (O,).
            groups: In place of the layer's own.
        """
        arguments = self.arguments
        groups = self.groups if groups is None else groups
        padding = arguments["padding"]
        if arguments["padding_mode"] != "zeros":
            x = F.pad(x, self._margins(), mode=arguments["padding_mode"])
            padding = 0
        if self.is_transposed:
            return _CONVOLUTIONS[self.type](  # type: ignore[operator, no-any-return]
                x,
                weight,
                bias,
                stride=arguments["stride"],
                padding=padding,
                output_padding=arguments["output_padding"],
                groups=groups,
                dilation=arguments["dilation"],
            )
        return _CONVOLUTIONS[self.type](  # type: ignore[operator, no-any-return]
            x,
            weight,
            bias,
            stride=arguments["stride"],
            padding=padding,
            dilation=arguments["dilation"],
            groups=groups,
        )

    def pointwise(self, x: Tensor, weight: Tensor, bias: Tensor | None, groups: int | None = None) -> Tensor:
        """Map channels, position by position, with `weight`, (O, I / g)."""
        groups = self.groups if groups is None else groups
        weight = weight.reshape(*weight.shape, *(1 for _ in self.kernel))
        return _POINTWISE[len(self.kernel) - 1](x, weight, bias, groups=groups)

    def run(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Do what the plain layer does; not for recurrent layers."""
        if self.is_linear:
            return F.linear(x, weight, bias)
        if self.is_embedding:
            return F.embedding(x, weight, self.arguments["padding_idx"])
        return self.convolve(x, weight, bias)

    def _margins(self) -> list[int]:
        margins: list[int] = []
        padding = self.arguments["padding"]
        for axis in reversed(range(len(self.kernel))):
            if padding == "same":
                total = self.arguments["dilation"][axis] * (self.kernel[axis] - 1)
                margins += [total // 2, total - total // 2]
            else:
                margins += [0, 0] if padding == "valid" else [padding[axis], padding[axis]]
        return margins


def plain_type(layer: nn.Module) -> type[nn.Module] | None:
    """Return the class of a layer that can be tied, without what parametrisations made of it."""
    for kind in (type(layer), *type(layer).__mro__[1:2]):
        if kind in _ARGUMENTS:
            return kind
    return None
