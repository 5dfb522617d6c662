"""Metadata of a voice file: read, checked, and compared with its graph."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tiedtts import documents, schema
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import ConfigError, VoiceError
from tiedtts.text.phones import CLAUSES, INVENTORY_VERSION, PHONES, POSITIONS, STRESSES

FORMAT = 2
"""Format of voice files; a reader refuses newer ones.

Those of format 1 have one speed and one shift of pitch a sentence, later ones of each phone.
"""
METADATA_KEY = "tiedtts"
"""Under which a voice file describes itself, as JSON."""
INPUTS = ("ids", "speed", "shift")
OUTPUTS = ("durations", "log_f0", "voicing", "real", "imaginary", "gain")
CONSTANT, SCALE = "constant", "scale"
"""First parts of the names of tensors that are no parameters: known before training, scales of rows."""

_AGAIN = "make it again with `tiedtts export`"
_WHOLE, _REAL = "tensor(int64)", "tensor(float)"


@dataclass(frozen=True, kw_only=True)
class FilterSizes:
    """Windows of the filters in a voice."""

    n_fft: int
    """Length, samples."""
    step: int
    """Samples between them."""

    def __post_init__(self) -> None:
        if self.step < 1 or self.n_fft < 2 * self.step or self.n_fft % self.step or self.n_fft > 2**16:
            raise ConfigError(
                f"`n_fft` must be a multiple of `step`, at least twice it, got: {self.n_fft} and {self.step}"
            )


@dataclass(frozen=True, kw_only=True)
class Change:
    """How a voice was put together from another."""

    base: str
    """Name of the other voice."""
    numbers: int
    """Count of the numbers that are its own."""


@dataclass(frozen=True, kw_only=True)
class VoiceMetadata:
    """The metadata that a reader needs; a file may hold more."""

    format: int
    name: str
    audio: AudioSettings
    filter: FilterSizes
    text: dict[str, Any]
    """Phones and their factors, in the order of their numbers."""
    parameters: dict[str, int] = field(default_factory=dict)
    """Stored in each part."""
    named_parameters: dict[str, int] | None = None
    """The same as if nothing were tied."""
    macs_per_second: dict[str, int] | None = None
    """Multiply-accumulates of each part for a second of speech."""
    change: Change | None = None
    """None for a voice that is whole by itself."""

    def __post_init__(self) -> None:
        if self.audio.hop % self.filter.step:
            raise ConfigError(f"`hop` {self.audio.hop} is no multiple of `step` {self.filter.step}")
        for counts in (self.named_parameters, self.macs_per_second):
            if counts is not None and counts.keys() != self.parameters.keys():
                raise ConfigError("what is counted is not of the same parts")


@dataclass(frozen=True, kw_only=True)
class _Format:
    """Metadata that every version has."""

    format: int


def read(text: str | None, name: str) -> tuple[VoiceMetadata, dict[str, Any]]:
    """Read the metadata of a voice this program can speak with, checked and as they stand.

    Args:
        text: JSON; nothing if the file has none.
        name: Name of the voice in errors.

    Raises:
        VoiceError: They are missing, damaged, newer than this program, or of other phones.
    """
    if text is None:
        raise VoiceError(
            f"{name} is an ONNX file, but not a TiedTTS voice",
            hint="`tiedtts export` makes a voice from a checkpoint",
        )
    try:
        values = documents.from_json(text, "its metadata")
        # First of all: a newer file may look different in all else.
        if schema.build(_Format, values, "its metadata", open_ended=True).format > FORMAT:
            raise VoiceError(
                f"{name} has format {values['format']}, newer than {FORMAT}", hint="install a newer tiedtts"
            )
        found = schema.build(VoiceMetadata, values, "its metadata", open_ended=True)
    except ConfigError as error:
        raise VoiceError(f"{name} is damaged: {error}", hint=_AGAIN) from error
    wanted = {"phones": PHONES, "stresses": STRESSES, "positions": POSITIONS, "clauses": CLAUSES}
    same = all(found.text.get(key) == list(table) for key, table in wanted.items())
    if found.text.get("inventory") != INVENTORY_VERSION or not same:
        raise VoiceError(
            f"{name} was made for other phones than this version speaks",
            hint="train and export it again with this version",
        )
    return found, values


def check_graph(inputs: Sequence[Any], outputs: Sequence[Any], name: str) -> bool:
    """Refuse a graph that cannot be asked as a voice is.

    Args:
        inputs: Inputs as ONNX Runtime describes them: name, type and shape.
        outputs: Likewise.
        name: Name of the voice in errors.

    Returns:
        Whether speed and pitch are given for each phone.

    Raises:
        VoiceError: An input or output is missing, strange, or of another kind.
    """
    given = {each.name: each for each in inputs}
    made = {each.name: each for each in outputs}
    wrong = [f"input `{key}` is missing" for key in INPUTS if key not in given]
    wrong += [f"there is a strange input `{key[:40]}`" for key in given if key not in INPUTS]
    wrong += [f"output `{key}` is missing" for key in OUTPUTS if key not in made]
    if not wrong:
        kinds = {"ids": (_WHOLE, (3,)), "speed": (_REAL, (1, 2)), "shift": (_REAL, (1, 2))}
        for key, (kind, axes) in kinds.items():
            if given[key].type != kind or len(given[key].shape) not in axes:
                wrong.append(f"input `{key}` is of another kind")
        if len(given["speed"].shape) != len(given["shift"].shape):
            wrong.append("`speed` and `shift` are of two kinds")
        for key in OUTPUTS:
            if made[key].type != (_WHOLE if key == "durations" else _REAL):
                wrong.append(f"output `{key}` is of another kind")
    if wrong:
        raise VoiceError(f"{name} is damaged or is not a voice: {wrong[0]}", hint=_AGAIN)
    return len(given["speed"].shape) > 1
