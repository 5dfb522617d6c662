"""Nets that tell real spectrograms from made ones; only training uses them."""

from torch import Tensor, nn
from torch.nn import functional as F


class PatchDiscriminator(nn.Module):
    """Small 2-D convolutional net that judges overlapping patches of a spectrogram.

    Isola et al., "Image-to-image translation with conditional adversarial networks", 2017. A judge of
    patches asks for texture, which a regression loss smooths away.

    Args:
        channels: Channels of the first layer; later ones have two and three times as many.
    """

    def __init__(self, channels: int = 24) -> None:
        super().__init__()
        c = channels
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(1, c, (5, 5), (1, 2), (2, 2)),
                nn.Conv2d(c, 2 * c, (5, 5), (2, 2), (2, 2)),
                nn.Conv2d(2 * c, 3 * c, (3, 5), (2, 2), (1, 2)),
                nn.Conv2d(3 * c, 3 * c, (3, 3), (1, 2), (1, 1)),
            ]
        )
        self.head = nn.Conv2d(3 * c, 1, 3, padding=1)

    def forward(self, spectrogram: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Judge spectrograms, (B, F, bands).

        Returns:
            A score for each patch, near 1 for real and 0 for made, and the values inside the net.
        """
        x = spectrogram[:, None]
        inner = []
        for layer in self.layers:
            x = F.leaky_relu(layer(x), 0.2)
            inner.append(x)
        return self.head(x), inner


class MultiDiscriminator(nn.Module):
    """One `PatchDiscriminator` for each of several spectrograms of the same signal."""

    def __init__(self, count: int, channels: int = 24) -> None:
        super().__init__()
        self.judges = nn.ModuleList(PatchDiscriminator(channels) for _ in range(count))

    def forward(self, spectrograms: list[Tensor]) -> list[tuple[Tensor, list[Tensor]]]:
        """Judge each spectrogram, (B, F, bands), by its own net."""
        return [judge(spectrogram) for judge, spectrogram in zip(self.judges, spectrograms, strict=True)]
