"""`identity`: each tap of a kernel is one number times the identity."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from tiedtts.errors import ConfigError
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.options import NoOptions
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values


class Identity(TiedLayer):
    """Ties the matrix between channels, (C, C) at each tap, to the identity times one stored number.

    The scheme of the article that this project starts from, where the biases of a layer are one number, too
    (`bias = "share"`). A layer of C * C * K weights keeps K. What that means: channels are no longer mixed.
    Every channel is filtered alone, all by the same short filter, so whatever the layer had learnt about how
    channels belong together is gone, and a trained net does not survive it without training. Use it beside
    layers that mix channels, best from the start of training.

    Free values: `taps`, (K axes); of a `Linear`, one number, ().
    """

    scheme = "identity"
    kind = "structural"
    scale_of = "taps"

    @classmethod
    def refusal(cls, spec: LayerSpec, options: Any) -> str | None:
        """Return why the layer cannot be tied, or nothing."""
        return square_refusal(spec)

    @classmethod
    def project(cls, spec: LayerSpec, weight: Tensor, options: Any) -> Values:
        """Take the mean of each tap's diagonal, the least-squares answer."""
        taps = torch.diagonal(spec.canonical(weight), dim1=1, dim2=2).mean((0, 2))
        return {"taps": taps.reshape(spec.kernel)}

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: Any) -> Tensor:
        """Put each tap on a diagonal."""
        return spread_on_diagonal(spec, values["taps"].reshape(1, -1).expand(spec.inputs, -1))

    def forward(self, x: Tensor, output_size: Any = None) -> Tensor:
        """Add shifted and scaled copies of each channel: K multiplications an output.

        Args:
            x: Input of the plain layer.
            output_size: Output size of a transposed convolution.
        """
        spec, taps = self.spec.sized(x, output_size), self.values()["taps"]
        if spec.is_linear:
            return scale_channels(x, taps, self.added())
        filters = taps.expand(spec.inputs, 1, *spec.kernel)
        return spec.convolve(x, filters, self.added(), groups=spec.inputs)


class WeightTyingConv2d(Identity):
    """A `Conv2d` whose channels share one small filter and one bias; see `Identity`.

    Args:
        in_channels: C.
        out_channels: The same C: channel n of the input is all that channel n of the output sees.
        kernel_size: Taps along each axis.
        stride: Step along each axis.
        padding: Zeros added on every side.
        device: Device of the weights.
        dtype: Type of the weights.

    Raises:
        ConfigError: `out_channels` is not `in_channels`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | str = 0,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        if in_channels != out_channels:
            raise ConfigError(
                f"`in_channels` {in_channels} and `out_channels` {out_channels} differ",
                hint="this layer passes each channel on alone; change their number with a 1x1 `Conv2d`",
            )
        plain = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding, device="meta")
        spec = LayerSpec.of(plain)
        # An output sees K inputs, not C * K: torch's own bound for such a layer.
        bound = 1 / math.sqrt(spec.taps)
        taps = torch.empty(spec.kernel, device=device, dtype=dtype).uniform_(-bound, bound)
        bias = torch.empty(1, device=device, dtype=dtype).uniform_(-bound, bound)
        super().__init__(spec, NoOptions(), {"weight": {"taps": taps}}, {"bias": bias}, "share")


def spread_on_diagonal(spec: LayerSpec, taps: Tensor) -> Tensor:
    """Return the weight, in the layer's layout, of channels that are filtered alone by `taps`, (C, K)."""
    grouped = taps.reshape(spec.groups, -1, taps.shape[-1])
    return spec.native(torch.diag_embed(grouped.transpose(1, 2)).permute(0, 2, 3, 1))


def scale_channels(x: Tensor, scale: Tensor, bias: Tensor | None) -> Tensor:
    """Return `x * scale + bias`."""
    return x * scale if bias is None else torch.addcmul(bias, x, scale)


def square_refusal(spec: LayerSpec) -> str | None:
    """Return why a layer's channels cannot be passed on one by one, or nothing."""
    if not (spec.is_linear or spec.is_convolution):
        return "it has no channels to pass on one by one"
    if spec.inputs != spec.outputs:
        return f"it has {spec.inputs} input and {spec.outputs} output channels, and these must be equal"
    return None
