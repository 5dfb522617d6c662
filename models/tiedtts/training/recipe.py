"""Recipes: every choice of a training run, in one TOML file."""

import os
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
from tiedtts.training.joint_recipe import JointRecipe
from tiedtts.training.part_recipe import PartRecipe, check, is_weight

DEFAULT = "default"
"""Recipe used when none is named."""
SEPARATE = ("aligner", "acoustic", "vocoder")
"""Parts that are trained where a recipe names none: each by itself."""
JOINED = ("acoustic", "harmonic")
"""Architectures of the nets that can be trained together."""


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
        check(self, "in [0, 1)", lambda v: 0 <= v < 1, "discard")


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
        check(self, "in [0, 1)", lambda v: 0 <= v < 1, "discard")
        check(self, "0 or more", is_weight, "attention_weight", "lpc_weight")
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
        check(self, "at least 1", lambda v: v >= 1, "segment_frames")
        check(self, "0 or more", is_weight, "complex_weight", "complex_top_hz")
        check(self, "in [0, 1]", lambda v: 0 <= v <= 1, "predicted_mels")


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
        check(self, "at least 1", lambda v: v >= 1, "segment_frames")
        check(self, "0 or more", is_weight, "noise")
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
        check(self, "0 or more", is_weight, "frame_weight")
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
    recordings: int = 0
    """Recordings to learn from at most, chosen by the seed: as many as memory has room for; 0 takes all."""
    parts: tuple[str, ...] = SEPARATE
    """Parts that are trained where none is named."""
    aligner: AlignerRecipe | DeepSpeechRecipe
    """The phone recogniser."""
    acoustic: AcousticRecipe | TacotronRecipe
    """Phones to features."""
    vocoder: VocoderRecipe | WaveNetRecipe
    """Features to samples."""
    joint: JointRecipe
    """Phones to samples: both nets together."""

    def __post_init__(self) -> None:
        check(self, "at least 1", lambda v: v >= 1, "evaluate_every", "illustrate_every", "keep_every")
        check(self, "at least 1", lambda v: v >= 1, "keep_last")
        check(self, "0 or more", lambda v: v >= 0, "recordings")
        check(self, f"some of {', '.join(PARTS)}", lambda v: bool(v) and set(v) <= set(PARTS), "parts")
        check(self, "in [0, 2^32)", lambda v: 0 <= v < 2**32, "seed")
        kinds = (self.acoustic.architecture, self.vocoder.architecture)
        if "joint" in self.parts and kinds != JOINED:
            raise ConfigError(
                f"joint training is for the architectures {' and '.join(JOINED)}, not {' and '.join(kinds)}",
                hint="leave `joint` out of `parts`",
            )


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
