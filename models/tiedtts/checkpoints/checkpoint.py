"""The only reader and writer of weight files.

A checkpoint is a safetensors file: every stored tensor once, and a JSON header that says what they are. It
holds one or more parts (`acoustic`, `vocoder`, `aligner`); a tensor's name starts with its part's.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from tiedtts import schema
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import tensors as tensorfiles
from tiedtts.errors import CheckpointError, ConfigError, is_out_of_memory
from tiedtts.nets import finite
from tiedtts.nets.acoustic import AcousticConfig, AcousticNet
from tiedtts.nets.deepspeech import DeepSpeech, DeepSpeechConfig
from tiedtts.nets.hifigan import Hifigan, HifiganConfig
from tiedtts.nets.recognizer import Recognizer, RecognizerConfig
from tiedtts.nets.state_dict import StateDictConfig, StateDictNet
from tiedtts.nets.tacotron.net import Tacotron, TacotronConfig
from tiedtts.nets.vocoder import HarmonicVocoder, VocoderConfig
from tiedtts.nets.wavenet.net import WaveNet, WaveNetConfig
from tiedtts.schema import named
from tiedtts.text.phones import CLAUSES, INVENTORY_VERSION, PHONES, POSITIONS, STRESSES
from tiedtts.tying import TiePlan, tie_groups
from tiedtts.tying.description import describe, rebuild

FORMAT = 1
"""Of the header; a reader refuses what is newer."""
MOST_TIED = 4096
"""A tied net has at most so many values for each that is stored."""
SMALL = 2**24
"""So many values are no burden, whatever is stored."""
_KEY = "tiedtts"
_NO_PLACE = " has no place"
_DAMAGED = "the file was changed by another program, or made by another version"
_ARCHITECTURES: dict[str, tuple[type[Any], type[nn.Module]]] = {
    "acoustic": (AcousticConfig, AcousticNet),
    "tacotron": (TacotronConfig, Tacotron),
    "harmonic": (VocoderConfig, HarmonicVocoder),
    "wavenet": (WaveNetConfig, WaveNet),
    "recognizer": (RecognizerConfig, Recognizer),
    "deepspeech": (DeepSpeechConfig, DeepSpeech),
    "hifigan": (HifiganConfig, Hifigan),
    "state_dict": (StateDictConfig, StateDictNet),
}


@dataclass
class Checkpoint:
    """Nets and what is known of them."""

    parts: dict[str, nn.Module]
    """Part name to net."""
    audio: AudioSettings | None
    """Of the corpus they were trained on; nothing for the nets of another program."""
    provenance: dict[str, Any] = field(default_factory=dict)
    """Part name to corpus, licence, recipe, steps, seed and version; plain values."""
    plans: dict[str, TiePlan] = field(default_factory=dict)
    """Part name to the plan it was tied by."""

    def part(self, name: str) -> nn.Module:
        """Return a net by its part's name.

        Raises:
            CheckpointError: The file has no such part.
        """
        try:
            return self.parts[name]
        except KeyError:
            raise CheckpointError(
                f"the checkpoint has no {name} part, only {', '.join(map(named, self.parts))}",
                hint=f"train it with `tiedtts train --part {name}`",
            ) from None


def architecture(net: nn.Module) -> str:
    """Return the name a net's class has in headers."""
    for name, (_, kind) in _ARCHITECTURES.items():
        if type(net) is kind:
            return name
    raise CheckpointError(f"nets of class {type(net).__name__} have no checkpoint format")


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; all of the file appears or none."""
    from tiedtts import __version__

    tensors: dict[str, Tensor] = {}
    parts = {}
    ties: dict[str, str] = {}
    for part, net in checkpoint.parts.items():
        aliases = {other: first for first, others in tie_groups(net).items() for other in others}
        for name, tensor in net.state_dict().items():
            if name in aliases:
                ties[f"{part}.{name}"] = f"{part}.{aliases[name]}"
            else:
                tensors[f"{part}.{name}"] = tensor.detach().cpu().contiguous()
        config: Any = net.config
        parts[part] = {"architecture": architecture(net), "config": dataclasses.asdict(config)}
        if tied := describe(net):
            parts[part]["tied"] = tied
        if part in checkpoint.plans:
            parts[part]["plan"] = checkpoint.plans[part].to_dict()
    header = {
        "format": FORMAT,
        "version": __version__,
        "parts": parts,
        "ties": ties,
        "text": inventory(),
        "audio": None if checkpoint.audio is None else checkpoint.audio.to_dict(),
        "provenance": checkpoint.provenance,
    }
    write(path, tensors, {_KEY: header})


def load(path: Path) -> Checkpoint:
    """Read a checkpoint and build its nets.

    Raises:
        CheckpointError: The file is missing, damaged, of another kind, newer than this program, or its
            tensors do not fit the nets it names, or are not all numbers.
    """
    tensors, metadata = read(path)
    values = metadata.get(_KEY)
    if not isinstance(values, dict) or "parts" not in values:
        raise CheckpointError(
            f"{path} is a safetensors file, but not a TiedTTS checkpoint",
            hint="`tiedtts train` writes checkpoints",
        )
    try:
        # First of all: a newer file may look different in all else.
        if schema.build(_Format, values, "the header", open_ended=True).format > FORMAT:
            raise CheckpointError(
                f"{path} has format {values['format']}, newer than {FORMAT}",
                hint="install a newer tiedtts",
            )
        header = schema.build(_Header, values, "the header", open_ended=True)
        if header.text != inventory():
            raise CheckpointError(
                f"{path} was trained on other phones than this version speaks",
                hint=f"use tiedtts {schema.shown(header.version)}, or train again",
            )
        _check_names(path, tensors, header)
        plans = {
            name: TiePlan.from_dict(part.plan, f"the plan in {path}")
            for name, part in header.parts.items()
            if part.plan is not None
        }
        audio = None if header.audio is None else AudioSettings.from_dict(header.audio)
    except ConfigError as error:
        raise CheckpointError(f"{path} has a damaged header: {error}", hint=_DAMAGED) from error
    parts = {name: _build(name, part, header, tensors, path) for name, part in header.parts.items()}
    return Checkpoint(parts, audio, header.provenance, plans)


@dataclass(frozen=True, kw_only=True)
class _Format:
    """What the header of every version says."""

    format: int


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A net, as the header describes it."""

    architecture: str
    config: dict[str, Any]
    tied: dict[str, Any] = field(default_factory=dict)
    plan: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class _Header:
    """What a checkpoint says of its tensors."""

    parts: dict[str, _Part]
    ties: dict[str, str]
    text: dict[str, Any]
    audio: dict[str, Any] | None
    provenance: dict[str, dict[str, Any]]
    version: str = "of another version"


def is_checkpoint(path: Path) -> bool:
    """Return whether a file has this program's header; nothing else of it is looked at."""
    from safetensors import safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return _KEY in (file.metadata() or {})
    # Whatever a file of another kind leads to.
    except Exception:
        return False


def _check_names(path: Path, tensors: dict[str, Tensor], header: _Header) -> None:
    """Refuse tensors and ties that belong to no part."""
    strangers = [n for n in (*tensors, *header.ties) if n.split(".", 1)[0] not in header.parts]
    if strangers:
        raise CheckpointError(f"{path} holds tensors of no part: {', '.join(map(named, strangers[:3]))}")


def _build(name: str, part: _Part, header: _Header, tensors: dict[str, Tensor], path: Path) -> nn.Module:
    """Build one net, restore its ties and give it its tensors."""
    prefix = f"{name}."
    own = {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
    ties = {
        alias.removeprefix(prefix): source.removeprefix(prefix)
        for alias, source in header.ties.items()
        if alias.startswith(prefix)
    }
    full = {alias: own[source] for alias, source in ties.items() if source in own} | own
    try:
        if part.architecture not in _ARCHITECTURES:
            raise ConfigError(f"there is no architecture {schema.shown(part.architecture)}")
        config_class, net_class = _ARCHITECTURES[part.architecture]
        config = schema.build(config_class, part.config, "`config`")
        # Without memory at first: the sizes may be of no net that this file could hold.
        with torch.device("meta"):
            sketch = net_class(config)
        _refuse(path, name, _claims(sketch, tuple(part.tied), full))
        net = net_class(config)
    except (ValueError, TypeError, RuntimeError, OverflowError, ConfigError) as error:
        if is_out_of_memory(error):
            raise
        raise CheckpointError(f"{path}: cannot build part `{named(name)}`: {error}", hint=_DAMAGED) from error
    try:
        net = rebuild(net, part.tied, own)
    # Values of tied layers are put together in many ways, and tensors that do not fit fail in as many.
    except Exception as error:
        if is_out_of_memory(error):
            raise
        raise CheckpointError(f"{path}: cannot tie part `{named(name)}`: {error}", hint=_DAMAGED) from error
    held = {o: first for first, others in tie_groups(net).items() for o in others}
    if held != ties:
        raise CheckpointError(
            f"{path}: the ties of part `{named(name)}` are not those its net has", hint=_DAMAGED
        )
    _refuse(path, name, _mismatches(net.state_dict(), full))
    net.load_state_dict(full)
    finite.check(net, f"{path}: part `{named(name)}`", strict=not isinstance(net, StateDictNet))
    return net.eval()


def _refuse(path: Path, part: str, wrong: list[str]) -> None:
    if wrong:
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise CheckpointError(
            f"{path}: tensors do not fit part `{named(part)}`: {'; '.join(wrong[:3])}{more}", hint=_DAMAGED
        )


def _claims(sketch: nn.Module, tied: Sequence[str], given: Mapping[str, Tensor]) -> list[str]:
    """Say which tensors a net is to have, and the file lacks; of tied layers, how much larger they may be.

    Args:
        sketch: The net without memory.
        tied: Names of the layers that the file has other tensors for.
        given: Tensors of the file.
    """
    places = tuple(f"{layer}." if layer else "" for layer in tied)
    plain = {key: of for key, of in sketch.state_dict().items() if not key.startswith(places)}
    wrong = [each for each in _mismatches(plain, given) if not each.endswith(_NO_PLACE)]
    values = sum(of.numel() for of in (*sketch.parameters(), *sketch.buffers()))
    stored = sum(of.numel() for of in given.values())
    if values > MOST_TIED * stored + SMALL:
        wrong.append(f"a net of {values:,} values cannot be made of {stored:,}")
    return wrong


def _mismatches(wanted: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> list[str]:
    """Say how tensors differ from those that a net has."""
    missing = [f"`{named(key)}` is missing" for key in wanted if key not in given]
    strange = [f"`{named(key)}`{_NO_PLACE}" for key in given if key not in wanted]
    resized = [
        f"`{named(key)}` is {tuple(given[key].shape)}, not {tuple(tensor.shape)}"
        for key, tensor in wanted.items()
        if key in given and given[key].shape != tensor.shape
    ]
    changed = [
        f"`{named(key)}` is of type {given[key].dtype}, not {tensor.dtype}"
        for key, tensor in wanted.items()
        if key in given and given[key].is_floating_point() != tensor.is_floating_point()
    ]
    return missing + strange + resized + changed


def inventory() -> dict[str, Any]:
    """Return what must agree between training and synthesis, as plain values."""
    return {
        "inventory": INVENTORY_VERSION,
        "phones": list(PHONES),
        "stresses": list(STRESSES),
        "positions": list(POSITIONS),
        "clauses": list(CLAUSES),
    }


def write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, Any]) -> None:
    """Write tensors and JSON values as safetensors; all of the file appears or none."""
    header = {key: json.dumps(value, sort_keys=True) for key, value in metadata.items()}
    tensorfiles.write(path, tensors, header)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read tensors and JSON values from safetensors; metadata that is not JSON stays text.

    Raises:
        CheckpointError: The file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(
            f"no such checkpoint: {path}", hint="`tiedtts train` writes them into its run folder"
        )
    try:
        with safe_open(path, framework="pt") as file:
            texts = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        raise CheckpointError(
            f"{path} is not a readable safetensors file: {error}",
            hint="checkpoints end in .safetensors; a voice for `synth` ends in .onnx",
        ) from error
    return tensors, {key: _value(path, key, text) for key, text in texts.items()}


def _value(path: Path, key: str, text: str) -> Any:
    """Return a JSON value, or the text itself where it is none, as in other programs' files."""
    try:
        return json.loads(text)
    except ValueError:
        return text
    except RecursionError:
        raise CheckpointError(
            f"{path} has a damaged header: lists or tables in `{key}` are nested too deeply", hint=_DAMAGED
        ) from None


def count(net: nn.Module) -> int:
    """Return the number of stored parameters, tied ones once."""
    return sum(p.numel() for p in net.parameters())
