"""The level of a vocoder's noise, low down and high up, which can be set without training."""

import numpy as np
import torch

from tiedtts.errors import ConfigError
from tiedtts.nets.vocoder import HarmonicVocoder, knot_frequencies


def check(vocoder: HarmonicVocoder) -> None:
    """Refuse a vocoder whose last layer has no bias for the noise.

    Raises:
        ConfigError: It is tied in such a way.
    """
    config = vocoder.config
    bias = getattr(vocoder.head, "bias", None)
    if not isinstance(bias, torch.Tensor) or bias.numel() != config.substeps * 3 * config.knots:
        raise ConfigError(
            "the noise of this vocoder cannot be set: its last layer is tied and has no biases of its own",
            hint="leave `noise` out of the recipe",
        )


@torch.no_grad()
def change(vocoder: HarmonicVocoder, low: float, high: float, hertz: float) -> None:
    """Make the noise louder or softer.

    Args:
        vocoder: The vocoder, which is changed; its weights are plain parameters.
        low: Factor of the noise below a frequency.
        high: Factor from an octave above it on; between, the factor changes evenly with the octave.
        hertz: The frequency.
    """
    if (low, high) == (1.0, 1.0):
        return
    check(vocoder)
    config = vocoder.config
    knots = np.maximum(knot_frequencies(config.knots, config.sample_rate), 1.0)
    above = np.clip(np.log2(knots / hertz), 0.0, 1.0)
    shift = (1 - above) * np.log(low) + above * np.log(high)
    # Harmonic gain, phase and noise gain, for each substep.
    biases = vocoder.head.bias.view(config.substeps, 3, config.knots)
    biases[:, 2] += torch.from_numpy(shift).to(biases)
