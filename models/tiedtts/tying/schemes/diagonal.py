"""`diagonal`: each channel is filtered alone."""

from typing import Any

import torch
from torch import Tensor

from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.schemes.identity import scale_channels, spread_on_diagonal, square_refusal
from tiedtts.tying.tied_layer import TiedLayer
from tiedtts.tying.values import Values


class Diagonal(TiedLayer):
    """Ties all weights between different channels to zero: a depthwise convolution.

    A layer of C * C * K weights keeps C * K. Channels are no longer mixed, and the diagonal of a trained
    kernel holds about 1 / C of its energy: train after it, with layers beside it that do mix.

    Free values: `taps`, (C, K axes); of a `Linear`, (C,).
    """

    scheme = "diagonal"
    kind = "structural"
    scale_of = "taps"

    @classmethod
    def refusal(cls, spec: LayerSpec, options: Any) -> str | None:
        """Return why the layer cannot be tied, or nothing."""
        if spec.is_convolution and spec.groups == spec.inputs == spec.outputs:
            return "it is depthwise already"
        return square_refusal(spec)

    @classmethod
    def project(cls, spec: LayerSpec, weight: Tensor, options: Any) -> Values:
        """Take each tap's diagonal."""
        taps = torch.diagonal(spec.canonical(weight), dim1=1, dim2=2).transpose(
            1, 2
        )  # (g, K, C) -> (g, C, K)
        return {"taps": taps.reshape(spec.inputs, *spec.kernel)}

    @classmethod
    def expand(cls, spec: LayerSpec, values: Values, options: Any) -> Tensor:
        """Put the taps on diagonals."""
        return spread_on_diagonal(spec, values["taps"].reshape(spec.inputs, -1))

    def forward(self, x: Tensor, output_size: Any = None) -> Tensor:
        """Filter each channel alone: K multiplications an output.

        Args:
            x: Input of the plain layer.
            output_size: Output size of a transposed convolution.
        """
        spec, taps = self.spec.sized(x, output_size), self.values()["taps"]
        if spec.is_linear:
            return scale_channels(x, taps, self.added())
        return spec.convolve(x, taps[:, None], self.added(), groups=spec.inputs)
