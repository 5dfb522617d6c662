"""Location-sensitive attention, for decoders that read phones one after another."""

import torch
from torch import Tensor, nn


class Map(nn.Module):
    """A linear map, by the name that Tacotron 2 checkpoints have for it."""

    def __init__(self, inputs: int, outputs: int, *, bias: bool = True) -> None:
        super().__init__()
        self.linear_layer = nn.Linear(inputs, outputs, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., inputs) to (..., outputs)."""
        y: Tensor = self.linear_layer(x)
        return y


class Convolution(nn.Module):
    """A convolution that keeps the length, by the name that Tacotron 2 checkpoints have for it."""

    def __init__(self, inputs: int, outputs: int, kernel: int, *, bias: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, F) to (B, outputs, F)."""
        y: Tensor = self.conv(x)
        return y


class Location(nn.Module):
    """Filters over the attention of the last step and of all steps before."""

    def __init__(self, filters: int, kernel: int, width: int) -> None:
        super().__init__()
        self.location_conv = Convolution(2, filters, kernel, bias=False)
        self.location_dense = Map(filters, width, bias=False)

    def forward(self, weights: Tensor) -> Tensor:
        """Map (B, 2, T) to (B, T, width)."""
        y: Tensor = self.location_dense(self.location_conv(weights).transpose(1, 2))
        return y


class LocationAttention(nn.Module):
    """Additive attention with a term for location (Chorowski et al., 2015)."""

    def __init__(self, query: int, memory: int, width: int, filters: int, kernel: int) -> None:
        super().__init__()
        self.query_layer = Map(query, width, bias=False)
        self.memory_layer = Map(memory, width, bias=False)
        self.v = Map(width, 1, bias=False)
        self.location_layer = Location(filters, kernel, width)

    def forward(
        self, query: Tensor, memory: Tensor, processed: Tensor, weights: Tensor, allowed: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Read the memory.

        Args:
            query: State of the decoder, (B, Q).
            memory: Encoded phones, (B, T, C).
            processed: `memory_layer` of it, (B, T, width), which is the same for all steps.
            weights: Attention of the last step and the sum of all steps before, (B, 2, T).
            allowed: True where it may look, (B, T).

        Returns:
            What was read, (B, C), and the attention, (B, T).
        """
        energies = self.v(
            torch.tanh(self.query_layer(query)[:, None] + self.location_layer(weights) + processed)
        )[..., 0]
        if allowed is not None:
            energies = energies.masked_fill(~allowed, float("-inf"))
        attention = torch.softmax(energies, 1)
        return torch.bmm(attention[:, None], memory)[:, 0], attention
