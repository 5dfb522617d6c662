"""Adaptation: a net that speaks with one voice begins to learn the small difference to another."""

import dataclasses
from typing import Any

from torch import nn

from tiedtts.errors import ConfigError
from tiedtts.nets.acoustic import AcousticNet
from tiedtts.training.corpus import Corpus
from tiedtts.tying import adapters


def begin(part: str, net: nn.Module | None, corpus: Corpus, rank: int, seed: int) -> nn.Module:
    """Give a net adapters; an acoustic net takes pitch from now on around the mean of the corpus.

    Spectra stay on the scale of the shared net: the vocoder, which is adapted too, reads them on that scale.

    Args:
        part: Name of the part.
        net: Net to start from, which is changed.
        corpus: Recordings of the other voice.
        rank: Rank of the adapters.
        seed: Seed of the numbers that adapters begin with.

    Returns:
        The net.

    Raises:
        ConfigError: There is no net to start from.
    """
    if net is None:
        raise ConfigError(
            f"adapters need {part} weights to start from",
            hint="name a voice or a checkpoint with `--init-from`",
        )
    if isinstance(net, AcousticNet):
        scale = corpus.scale
        pitch: dict[str, Any] = {"log_f0_mean": scale.log_f0_mean, "log_f0_std": scale.log_f0_std}
        net.config = dataclasses.replace(net.config, **pitch)
    return adapters.attach(net, rank, seed)
