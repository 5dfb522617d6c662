"""The settings that the recipes of all parts share, and how values of recipes are held to their bounds."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tiedtts.errors import ConfigError
from tiedtts.quoting import shown
from tiedtts.tying.adapters import MOST_RANK


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stretch of training with one learning-rate curve: a short rise, then half a cosine wave down."""

    steps: int
    """Optimiser steps."""
    learning_rate: float
    """Learning rate at the top of the curve."""
    warmup: int = 150
    """Steps of the rise."""
    final: float = 0.02
    """Learning rate at the end, as a share of the top."""
    adversarial: float = 0.0
    """Weight of the adversarial loss; 0 trains without a discriminator."""
    feature_matching: float = 2.0
    """Weight, in the adversarial loss, of the distance between the discriminator's inner values."""
    discriminator_lead: int = 100
    """Steps the discriminator trains alone before the adversarial loss counts."""
    discriminator_rate: float = 1.0
    """Highest learning rate of the discriminator; where that of the net is lower, it has the same. Adapters
    learn at rates that would be too high for a discriminator, which learns as a whole."""
    only: tuple[str, ...] = ()
    """Patterns of the names of the parameters that are trained; all if there are none."""
    frozen: tuple[str, ...] = ()
    """Patterns of the names of parameters that stay as they are."""
    own_frames: float = 0.0
    """Share of a Tacotron's steps that follow its own frames, not the recording's (scheduled sampling)."""
    repulsion: float = 0.0
    """Weight of the distance between two samples that a vocoder draws of a segment. At 1 the spectral loss is
    an energy distance, which asks for as much noise as was recorded; at 0 it is a plain distance."""

    def __post_init__(self) -> None:
        check(self, "at least 1", lambda v: v >= 1, "steps")
        check(self, "in (0, 1)", lambda v: 0 < v < 1, "learning_rate")
        check(self, "in (0, 1]", lambda v: 0 < v <= 1, "discriminator_rate")
        check(self, "0 or more", lambda v: v >= 0, "warmup", "discriminator_lead")
        check(self, "0 or more", is_weight, "adversarial", "feature_matching")
        check(self, "in [0, 1]", lambda v: 0 <= v <= 1, "final", "own_frames", "repulsion")


@dataclass(frozen=True, kw_only=True)
class PartRecipe:
    """Settings that the recipes of all parts share."""

    architecture: str
    """Kind of net; the part's default if a recipe does not name one."""
    batch_size: int = 8
    """Utterances or segments in a step of one process."""
    weight_decay: float = 0.02
    """Weight decay of AdamW."""
    betas: tuple[float, float] = (0.9, 0.98)
    """Decay of AdamW's running means."""
    clip: float = 1.0
    """Largest norm of the gradient: a longer one is scaled down."""
    ema: float = 0.995
    """Decay of the exponential moving average of the weights, which is what a checkpoint holds."""
    adapter_rank: int = 0
    """Rank of adapters: with 1 or more, only a small difference from the net to start from is trained, see
    `tiedtts.tying.adapters`."""
    stages: tuple[Stage, ...]
    """Stages, trained one after the other."""

    def __post_init__(self) -> None:
        check(self, f"0 to {MOST_RANK}", lambda v: 0 <= v <= MOST_RANK, "adapter_rank")
        check(self, "at least 1", lambda v: v >= 1, "batch_size")
        check(self, "0 or more", is_weight, "weight_decay")
        check(self, "two numbers in [0, 1)", lambda v: all(0 <= beta < 1 for beta in v), "betas")
        check(self, "more than 0", lambda v: v > 0, "clip")
        check(self, "in [0, 1)", lambda v: 0 <= v < 1, "ema")
        if not self.stages:
            raise ConfigError("a part needs at least one stage")

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)


def check(config: Any, wanted: str, fits: Callable[[Any], bool], *names: str) -> None:
    """Hold named fields to a condition."""
    for name in names:
        if not fits(getattr(config, name)):
            raise ConfigError(f"`{name}` must be {wanted}, got: {shown(getattr(config, name))}")


def is_weight(value: float) -> bool:
    """Return whether a value can be a weight: 0 or more, and finite."""
    return 0 <= value < math.inf
