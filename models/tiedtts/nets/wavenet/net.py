"""WaveNet: samples one after the other, each from those before it and from frames of features.

Van den Oord et al., "WaveNet: a generative model for raw audio", 2016. Here it is small, and helped:
a linear predictor known from the features carries what can be foretold, the net models what is left,
scaled to a variance of about one (Valin & Skoglund, "LPCNet", 2019), and is told what was left one pitch
period ago (Wu et al., "Quasi-periodic WaveNet", 2019) and where in the period it is.
"""

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tiedtts.errors import ConfigError
from tiedtts.nets.wavenet.config import WaveNetConfig
from tiedtts.nets.wavenet.logistics import UNIT_LOG_SCALE


class GatedLayer(nn.Module):
    """A dilated causal convolution behind a gate, with ways past it."""

    def __init__(self, config: WaveNetConfig, dilation: int, *, last: bool) -> None:
        super().__init__()
        self.reach = (config.kernel - 1) * dilation
        self.dilated = nn.Conv1d(config.residual, 2 * config.gate, config.kernel, dilation=dilation)
        self.told = nn.Conv1d(config.condition_width, 2 * config.gate, 1, bias=False)
        self.skip = nn.Conv1d(config.gate, config.skip, 1)
        # Nothing comes after the last layer's residual.
        self.residual = None if last else nn.Conv1d(config.gate, config.residual, 1)

    def forward(self, x: Tensor, condition: Tensor) -> tuple[Tensor, Tensor]:
        """Run one layer.

        Args:
            x: (B, residual, S).
            condition: Upsampled by `upsample` to G steps, (B, 2 gate, G); S is a multiple of G.

        Returns:
            What goes to the next layer, (B, residual, S), and to the sum of all, (B, skip, S).
        """
        opened = self.dilated(F.pad(x, (self.reach, 0)))
        steps = condition.shape[-1]
        opened = (opened.unflatten(-1, (steps, -1)) + condition[..., None]).flatten(-2)
        signal, gate = opened.chunk(2, dim=1)
        passed = torch.tanh(signal) * torch.sigmoid(gate)
        return x if self.residual is None else x + self.residual(passed), self.skip(passed)


class WaveNet(nn.Module):
    """The net; what it reads and writes at each sample is made by `tiedtts.nets.wavenet.conditioning`.

    Raises:
        ConfigError: `hop` is no multiple of `substeps`. A recipe leaves `hop` to the corpus: so this cannot
            be known any earlier.
    """

    def __init__(self, config: WaveNetConfig) -> None:
        super().__init__()
        if config.hop % config.substeps:
            raise ConfigError(f"`hop` {config.hop} must be a multiple of `substeps` {config.substeps}")
        self.config = config
        # Without padding: a crop with its context is then exactly a crop of the whole.
        width = config.condition_width
        self.frames = nn.Sequential(
            nn.Conv1d(config.features, width, 3), nn.ReLU(), nn.Conv1d(width, width, 3), nn.ReLU()
        )
        self.stem = nn.Conv1d(config.inputs, config.residual, 1)
        count = len(config.dilations)
        self.layers = nn.ModuleList(
            GatedLayer(config, dilation, last=n == count - 1) for n, dilation in enumerate(config.dilations)
        )
        self.inner = nn.Conv1d(config.skip, config.skip, 1)
        self.head = nn.Conv1d(config.skip, config.outputs, 1)
        # A fresh net says: noise of variance one.
        nn.init.normal_(self.head.weight, 0.0, 0.01)
        bias = torch.zeros(config.outputs)
        if config.output == "logistics":
            _, location, log_scale = bias.chunk(3)
            location += torch.linspace(-0.5, 0.5, config.components) * (config.components > 1)
            log_scale += UNIT_LOG_SCALE
        self.head.bias = nn.Parameter(bias)

    def gated(self) -> list[GatedLayer]:
        """Return the layers in the order in which they run."""
        return cast("list[GatedLayer]", list(self.layers))

    def upsample(self, features: Tensor) -> list[Tensor]:
        """Compute every layer's conditioning at frame rate, and draw lines between the frames.

        Args:
            features: F frames, `CONTEXT` before and `CONTEXT` + 1 behind them, (B, F + 2 CONTEXT + 1, C).

        Returns:
            Of each layer (B, 2 gate, G), G = F * substeps.
        """
        read = self.frames(features.transpose(1, 2))
        return [self._between(layer.told(read)) for layer in self.gated()]

    def _between(self, x: Tensor) -> Tensor:
        share = (torch.arange(self.config.substeps, device=x.device) + 0.5) / self.config.substeps
        left, right = x[..., :-1, None], x[..., 1:, None]
        return torch.lerp(left, right, share.to(x.dtype)).flatten(-2)

    def forward(self, inputs: Tensor, features: Tensor) -> Tensor:
        """Say how each sample is distributed, from what was before it.

        Args:
            inputs: (B, `config.inputs`, S), S = F * hop; nothing in them is from their own or a later sample.
            features: See `upsample`.

        Returns:
            (B, `config.outputs`, S): parameters of `logistics`, or logits of `mulaw` numbers.
        """
        return self.respond(inputs, self.upsample(features))

    def respond(self, inputs: Tensor, conditions: Sequence[Tensor]) -> Tensor:
        """Do the same with what `upsample` makes of the features."""
        x = self.stem(inputs)
        total: Tensor | None = None
        for layer, condition in zip(self.gated(), conditions, strict=True):
            x, skip = layer(x, condition)
            total = skip if total is None else total + skip
        assert total is not None
        # Of unit size whatever the depth.
        total = F.relu(total * (1.0 / math.sqrt(len(self.layers))))
        answer: Tensor = self.head(F.relu(self.inner(total)))
        return answer
