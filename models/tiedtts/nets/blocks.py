"""The ConvNeXt block: acoustic net, vocoder and recogniser are stacks of it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class ConvNeXtBlock(nn.Module):
    """Depthwise convolution over time, then a two-layer map over channels, added to the input.

    Liu et al., "A ConvNet for the 2020s", 2022, in one dimension. The big matrices (`depthwise`, `expand`,
    `project`) and the small per-block vectors (`norm`, `scale`) are apart, so that blocks can share the
    former and keep the latter.
    """

    def __init__(self, channels: int, kernel: int, expansion: int, initial_scale: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.expand = nn.Linear(channels, expansion * channels)
        self.project = nn.Linear(expansion * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), initial_scale))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, F) to (B, C, F)."""
        y: Tensor = self.depthwise(x).transpose(1, 2)  # (B, C, F) -> (B, F, C)
        y = self.project(F.gelu(self.expand(self.norm(y))))
        return x + (y * self.scale).transpose(1, 2)


class ConvNeXtStack(nn.Module):
    """Blocks one after another; what a mask leaves out stays zero.

    Args:
        depth: Number of blocks.
        channels: Width, C.
        kernel: Taps of each depthwise convolution, odd.
        expansion: Inner width as a multiple of C.
        dropout: Share of the values a block adds that is zeroed in training.
    """

    def __init__(self, depth: int, channels: int, kernel: int, expansion: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            # The residual branches of a fresh stack add up to about one.
            ConvNeXtBlock(channels, kernel, expansion, 1.0 / depth)
            for _ in range(depth)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Map (B, C, F) to (B, C, F); `mask` is (B, 1, F), 1 where there is something."""
        for block in self.blocks:
            y = block(x)
            # What the block adds is dropped, never what goes past it.
            x = x + self.dropout(y - x) if self.training else y
            if mask is not None:
                x = x * mask
        return x
