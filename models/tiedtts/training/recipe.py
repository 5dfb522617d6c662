"""Recipes: every choice of a training run, in one TOML file."""

import dataclasses
import types
import typing
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from tiedtts.errors import ConfigError
from tiedtts.nets.acoustic import AcousticConfig
from tiedtts.nets.recognizer import RecognizerConfig
from tiedtts.nets.vocoder import VocoderConfig

if typing.TYPE_CHECKING:
    import tomllib
else:
    try:
        import tomllib
    except ModuleNotFoundError:
        import tomli as tomllib

DEFAULT = "default"
"""Recipe used when none is named: the one that made the voice in the package."""

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A stretch of training with one learning-rate curve: a short rise, then half a cosine wave down."""

    steps: int
    """Optimiser steps."""
    learning_rate: float
    """At the top of the curve."""
    warmup: int = 150
    """Steps of the rise."""
    final: float = 0.02
    """Learning rate at the end, as a share of the top."""
    adversarial: float = 0.0
    """Weight of the discriminator's verdict; 0 trains without one."""
    feature_matching: float = 2.0
    """Weight of the distance between the discriminator's inner values, against its verdict."""
    discriminator_lead: int = 100
    """Steps the discriminator trains alone before the net hears of it."""

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ConfigError(f"`steps` of a stage must be at least 1, got: {self.steps}")
        if not 0 < self.learning_rate < 1:
            raise ConfigError(f"`learning_rate` must be in (0, 1), got: {self.learning_rate}")


@dataclass(frozen=True, kw_only=True)
class PartRecipe:
    """What the parts have in common."""

    batch_size: int = 8
    """Utterances or segments in a step of one process."""
    weight_decay: float = 0.02
    """Of AdamW."""
    betas: tuple[float, float] = (0.9, 0.98)
    """Of AdamW."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    ema: float = 0.995
    """Decay of the running mean of the weights, which is what is kept in the end."""
    stages: tuple[Stage, ...]
    """One after the other."""

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise ConfigError(f"`batch_size` must be at least 1, got: {self.batch_size}")
        if not self.stages:
            raise ConfigError("a part needs at least one stage")

    @property
    def steps(self) -> int:
        """Steps of all stages."""
        return sum(stage.steps for stage in self.stages)


@dataclass(frozen=True, kw_only=True)
class AcousticRecipe(PartRecipe):
    """Training of the acoustic net."""

    net: AcousticConfig = field(default_factory=AcousticConfig)
    """Sizes; the scale of the features comes from the corpus."""
    discard: float = 0.01
    """Share of the recordings left out because their alignment fits worst."""


@dataclass(frozen=True, kw_only=True)
class VocoderRecipe(PartRecipe):
    """Training of the vocoder."""

    net: VocoderConfig = field(default_factory=VocoderConfig)
    """Sizes; the scale of the features comes from the corpus."""
    segment_frames: int = 48
    """Length of a training segment."""
    complex_weight: float = 0.5
    """Weight of the complex spectral loss on the harmonics."""
    predicted_mels: float = 0.0
    """Share of segments whose mel is the trained acoustic net's, not the recording's."""


@dataclass(frozen=True, kw_only=True)
class AlignerRecipe(PartRecipe):
    """Training of the phone recogniser."""

    net: RecognizerConfig = field(default_factory=RecognizerConfig)
    """Sizes; the scale of the features comes from the corpus."""


def _aligner() -> AlignerRecipe:
    return AlignerRecipe(stages=(Stage(steps=3000, learning_rate=2e-3),))


def _acoustic() -> AcousticRecipe:
    return AcousticRecipe(
        stages=(
            Stage(steps=5000, learning_rate=2e-3),
            Stage(steps=3000, learning_rate=6e-4, adversarial=0.1),
        )
    )


def _vocoder() -> VocoderRecipe:
    return VocoderRecipe(
        batch_size=12,
        clip=2.0,
        weight_decay=0.01,
        betas=(0.8, 0.98),
        stages=(Stage(steps=8000, learning_rate=1.5e-3, warmup=100, final=0.03),),
    )


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides the outcome of `train`, apart from the data."""

    seed: int = 1
    """Of all random choices."""
    evaluate_every: int = 250
    """Steps between held-out losses and log rows."""
    illustrate_every: int = 1000
    """Steps between pictures and audio samples."""
    keep_every: int = 1000
    """Steps between checkpoints that are kept for good."""
    aligner: AlignerRecipe = field(default_factory=_aligner)
    """The phone recogniser."""
    acoustic: AcousticRecipe = field(default_factory=_acoustic)
    """Phones to features."""
    vocoder: VocoderRecipe = field(default_factory=_vocoder)
    """Features to samples."""

    def __post_init__(self) -> None:
        for name in ("evaluate_every", "illustrate_every", "keep_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"`{name}` must be at least 1, got: {getattr(self, name)}")


def load(name: str) -> Recipe:
    """Read a recipe that comes with the package, or a file.

    Raises:
        ConfigError: There is no such recipe, or it holds unknown keys or wrong values.
    """
    return parse(read_text(name), name)


def read_text(name: str) -> str:
    """Return the text of a recipe that comes with the package, or of a file.

    Raises:
        ConfigError: There is no such recipe or it is not text.
    """
    shipped = resources.files("tiedtts.training") / "recipes"
    path = Path(name)
    if path.suffix != ".toml" and (shipped / f"{name}.toml").is_file():
        return (shipped / f"{name}.toml").read_text(encoding="utf-8")
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        known = sorted(p.name.removesuffix(".toml") for p in shipped.iterdir())
        raise ConfigError(
            f"cannot read recipe `{name}`: {error}",
            hint=f"name a .toml file or one of {', '.join(known)}",
        ) from error


def parse(text: str, source: str) -> Recipe:
    """Read a recipe from its text; `source` is named in errors.

    Raises:
        ConfigError: It is not TOML, or holds unknown keys or wrong values.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"recipe `{source}` is not TOML: {error}") from error
    return _build(Recipe, values, source)


def _build(cls: type[T], values: Any, where: str) -> T:
    """Make a dataclass from nested plain values, checking every key and type."""
    if not isinstance(values, dict):
        raise ConfigError(f"`{where}` must be a table, got: {values!r}")
    hints = typing.get_type_hints(cls)
    known = {f.name for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    if unknown := sorted(set(values) - known):
        raise ConfigError(
            f"unknown keys in `{where}`: {', '.join(unknown)}",
            hint=f"known keys are {', '.join(sorted(known))}",
        )
    built = {key: _convert(hints[key], value, f"{where}: {key}") for key, value in values.items()}
    try:
        return cls(**built)
    except TypeError as error:
        raise ConfigError(f"`{where}` lacks a key: {error}") from error


def _convert(kind: Any, value: Any, where: str) -> Any:
    """Check one value against its declared type."""
    if dataclasses.is_dataclass(kind):
        return _build(typing.cast("type[Any]", kind), value, where)
    origin = typing.get_origin(kind)
    if origin is tuple:
        inner = typing.get_args(kind)
        if not isinstance(value, list) or (inner[-1] is not ... and len(value) != len(inner)):
            raise ConfigError(f"`{where}` must be a list like the default's, got: {value!r}")
        return tuple(_convert(inner[0], item, where) for item in value)
    if origin in (types.UnionType, typing.Union):
        return value
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise ConfigError(f"`{where}` must be a {kind.__name__}, got: {value!r}")
    return value
