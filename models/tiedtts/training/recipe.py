"""Recipes: every choice of a training run, in one TOML file."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tiedtts import documents, schema
from tiedtts.choices import PARTS
from tiedtts.errors import ConfigError
from tiedtts.nets.acoustic import AcousticConfig
from tiedtts.nets.deepspeech import DeepSpeechConfig
from tiedtts.nets.recognizer import RecognizerConfig
from tiedtts.nets.tacotron.config import TacotronConfig
from tiedtts.nets.vocoder import VocoderConfig
from tiedtts.nets.wavenet.config import WaveNetConfig
from tiedtts.paths import StrPath
from tiedtts.quoting import shown
from tiedtts.tying.adapters import MOST_RANK

DEFAULT = "default"
"""Recipe used when none is named."""


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
        _check(self, "at least 1", lambda v: v >= 1, "steps")
        _check(self, "in (0, 1)", lambda v: 0 < v < 1, "learning_rate")
        _check(self, "0 or more", lambda v: v >= 0, "warmup", "discriminator_lead")
        _check(self, "0 or more", _is_weight, "adversarial", "feature_matching")
        _check(self, "in [0, 1]", lambda v: 0 <= v <= 1, "final", "own_frames", "repulsion")


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
        _check(self, f"0 to {MOST_RANK}", lambda v: 0 <= v <= MOST_RANK, "adapter_rank")
        _check(self, "at least 1", lambda v: v >= 1, "batch_size")
        _check(self, "0 or more", _is_weight, "weight_decay")
        _check(self, "two numbers in [0, 1)", lambda v: all(0 <= beta < 1 for beta in v), "betas")
        _check(self, "more than 0", lambda v: v > 0, "clip")
        _check(self, "in [0, 1)", lambda v: 0 <= v < 1, "ema")
        if not self.stages:
            raise ConfigError("a part needs at least one stage")

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)


@dataclass(frozen=True, kw_only=True)
class AcousticRecipe(PartRecipe):
    """Training of the acoustic net."""

    architecture: str = "acoustic"
    net: AcousticConfig = field(default_factory=AcousticConfig)
    """Sizes; the scale of the features comes from the corpus."""
    discard: float = 0.01
    """Share of the recordings left out because their alignment fits worst."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self, "in [0, 1)", lambda v: 0 <= v < 1, "discard")


@dataclass(frozen=True, kw_only=True)
class TacotronRecipe(PartRecipe):
    """Training of a Tacotron as acoustic net."""

    architecture: str = "tacotron"
    net: TacotronConfig = field(default_factory=TacotronConfig)
    """Sizes; the scale of the features comes from the corpus."""
    discard: float = 0.01
    """Share of the recordings left out because their alignment fits worst."""
    attention_weight: float = 0.5
    """Weight of the distance of attention from the alignment."""
    lpc_weight: float = 0.5
    """Weight of the distance of line spectral frequencies and gain."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self, "in [0, 1)", lambda v: 0 <= v < 1, "discard")
        _check(self, "0 or more", _is_weight, "attention_weight", "lpc_weight")
        if any(stage.adversarial for stage in self.stages):
            raise ConfigError("Tacotron is trained without a discriminator: `adversarial` must be 0")


@dataclass(frozen=True, kw_only=True)
class VocoderRecipe(PartRecipe):
    """Training of the vocoder."""

    architecture: str = "harmonic"
    net: VocoderConfig = field(default_factory=VocoderConfig)
    """Sizes; the scale of the features comes from the corpus."""
    segment_frames: int = 48
    """Length of a training segment."""
    complex_weight: float = 0.5
    """Weight of the complex spectral loss on the harmonics."""
    complex_top_hz: float = 1_000.0
    """Highest frequency of that loss, Hz: further up the phase of a harmonic cannot be foretold from the
    fundamental's, and the loss would be least without harmonics."""
    predicted_mels: float = 0.0
    """Share of segments whose mel is the trained acoustic net's, not the recording's."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self, "at least 1", lambda v: v >= 1, "segment_frames")
        _check(self, "0 or more", _is_weight, "complex_weight", "complex_top_hz")
        _check(self, "in [0, 1]", lambda v: 0 <= v <= 1, "predicted_mels")


@dataclass(frozen=True, kw_only=True)
class WaveNetRecipe(PartRecipe):
    """Training of a WaveNet as vocoder."""

    architecture: str = "wavenet"
    net: WaveNetConfig = field(default_factory=WaveNetConfig)
    """Sizes; rates and the scale of the features come from the corpus."""
    segment_frames: int = 8
    """Length of a training segment."""
    noise: float = 0.3
    """Largest standard deviation of the noise in the past that the net sees, against what it models."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self, "at least 1", lambda v: v >= 1, "segment_frames")
        _check(self, "0 or more", _is_weight, "noise")
        if any(stage.adversarial for stage in self.stages):
            raise ConfigError("WaveNet is trained without a discriminator: `adversarial` must be 0")


@dataclass(frozen=True, kw_only=True)
class AlignerRecipe(PartRecipe):
    """Training of the phone recogniser."""

    architecture: str = "recognizer"
    net: RecognizerConfig = field(default_factory=RecognizerConfig)
    """Sizes; the scale of the features comes from the corpus."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if any(stage.adversarial for stage in self.stages):
            raise ConfigError("the aligner has no use for a discriminator: `adversarial` must be 0")


@dataclass(frozen=True, kw_only=True)
class DeepSpeechRecipe(PartRecipe):
    """Training of DeepSpeech as phone recogniser."""

    architecture: str = "deepspeech"
    net: DeepSpeechConfig = field(default_factory=DeepSpeechConfig)
    """Sizes; the scale of the features comes from the corpus."""
    frame_weight: float = 2.0
    """Weight of comparing each frame with the phone it was aligned to, beside the loss of whole
    sequences; 0 leaves it to the net to find out when something is said. Letters have no such help."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check(self, "0 or more", _is_weight, "frame_weight")
        if any(stage.adversarial for stage in self.stages):
            raise ConfigError("DeepSpeech is trained without a discriminator: `adversarial` must be 0")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides the outcome of `train`, apart from the data."""

    seed: int = 1
    """Seed of all random choices."""
    evaluate_every: int = 250
    """Steps between held-out losses and log rows."""
    illustrate_every: int = 1000
    """Steps between pictures and audio samples."""
    keep_every: int = 1000
    """Steps between checkpoints."""
    keep_last: int = 2
    """Checkpoints that stay, the last ones; the one at the end is beside them."""
    parts: tuple[str, ...] = PARTS
    """Parts that are trained where none is named."""
    aligner: AlignerRecipe | DeepSpeechRecipe
    """The phone recogniser."""
    acoustic: AcousticRecipe | TacotronRecipe
    """Phones to features."""
    vocoder: VocoderRecipe | WaveNetRecipe
    """Features to samples."""

    def __post_init__(self) -> None:
        _check(self, "at least 1", lambda v: v >= 1, "evaluate_every", "illustrate_every", "keep_every")
        _check(self, "at least 1", lambda v: v >= 1, "keep_last")
        _check(self, f"some of {', '.join(PARTS)}", lambda v: bool(v) and set(v) <= set(PARTS), "parts")
        _check(self, "in [0, 2^32)", lambda v: 0 <= v < 2**32, "seed")


def _check(config: Any, wanted: str, fits: Callable[[Any], bool], *names: str) -> None:
    """Hold named fields to a condition."""
    for name in names:
        if not fits(getattr(config, name)):
            raise ConfigError(f"`{name}` must be {wanted}, got: {shown(getattr(config, name))}")


def _is_weight(value: float) -> bool:
    return 0 <= value < math.inf


def load(name: StrPath) -> Recipe:
    """Read a recipe that comes with the package, or a file.

    Raises:
        ConfigError: There is no such recipe, or it holds unknown keys or wrong values.
    """
    return parse(read_text(name), os.fspath(name))


def read_text(name: StrPath) -> str:
    """Return the text of a recipe that comes with the package, or of a file.

    Raises:
        ConfigError: There is no such recipe or it is not text.
    """
    return documents.read_text(name, "tiedtts.training", "recipes", "recipe")


def parse(text: str, source: str) -> Recipe:
    """Read a recipe from its text; what it does not name is as in the default recipe.

    Args:
        text: TOML.
        source: Named in errors.

    Raises:
        ConfigError: It is not TOML, or holds unknown keys or wrong values.
    """
    values = documents.from_toml(text, f"recipe `{source}`")
    default = documents.from_toml(read_text(DEFAULT), f"recipe `{DEFAULT}`")
    return schema.build(Recipe, _overlaid(default, values), f"`{source}`")


def _overlaid(base: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return nested tables with other values in their place; a list is replaced as a whole."""
    merged = dict(base)
    for key, value in values.items():
        below = merged.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            # Sizes and stages of one kind of net say nothing of another.
            same = value.get("architecture", below.get("architecture")) == below.get("architecture")
            value = _overlaid(below if same else {}, value)
        merged[key] = value
    return merged
