"""The only reader and writer of weight files.

A checkpoint is a safetensors file: every stored tensor once, and a JSON header that says what they are. It
holds one or more parts (`acoustic`, `vocoder`, `aligner`); a tensor's name starts with its part's.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from tiedtts import file_kinds, schema
from tiedtts.audio.settings import AudioSettings
from tiedtts.checkpoints import building, packed_files, shards, tensor_files
from tiedtts.checkpoints.architectures import architecture
from tiedtts.checkpoints.header import DAMAGED, FORMAT, KEY, Format, Header, inventory
from tiedtts.checkpoints.shard_writer import LARGEST, ShardWriter
from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.nets import tensor_views
from tiedtts.paths import StrPath
from tiedtts.quoting import named, shown
from tiedtts.tying import TiePlan, tie_groups
from tiedtts.tying.description import describe


@dataclass
class Checkpoint:
    """Nets and what is known of them."""

    parts: dict[str, nn.Module]
    """Part name to net."""
    audio: AudioSettings | None
    """Settings of the corpus they were trained on; none for the nets of another program."""
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


def save(path: StrPath, checkpoint: Checkpoint, *, largest: int | None = None) -> int:
    """Write a checkpoint; all of it appears or nothing.

    Args:
        path: `.safetensors`, `.safetensors.xz`, or `.safetensors.index.json` for several files.
        checkpoint: What is written.
        largest: Bytes of each of several files.

    Returns:
        Size of the file or files, bytes.
    """
    path = Path(path)
    tensors = {
        f"{part}.{name}": tensor.detach().cpu().contiguous()
        for part, net in checkpoint.parts.items()
        for name, tensor in net.state_dict().items()
    }
    parts, ties = described(checkpoint)
    views, _ = tensor_views.find(tensors)
    for name in ties:
        del tensors[name]
    # What sees parts of one memory is stored for itself.
    tensors = {name: value.clone() if name in views else value for name, value in tensors.items()}
    audio = None if checkpoint.audio is None else checkpoint.audio.to_dict()
    with ShardWriter(path, largest or LARGEST) as writer:
        for name, value in tensors.items():
            writer.add(name, value)
        return writer.finish({KEY: made_header(parts, ties, audio, checkpoint.provenance)})


def made_header(
    parts: Mapping[str, Any],
    ties: Mapping[str, str],
    audio: Mapping[str, Any] | None,
    provenance: Mapping[str, Any],
) -> str:
    """Return the header of a checkpoint as the text that stands in its file.

    Args:
        parts: Part name to architecture, sizes, ties and plan.
        ties: Name of each tensor that is tied to the one that it is.
        audio: Settings of the corpus, if there was one.
        provenance: The same as that of `Checkpoint`.
    """
    from tiedtts import __version__

    header = {
        "format": FORMAT,
        "version": __version__,
        "parts": parts,
        "ties": ties,
        "text": inventory(),
        "audio": audio,
        "provenance": provenance,
    }
    return json.dumps(header, sort_keys=True)


def described(checkpoint: Checkpoint) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what must be known of nets beside their tensors, as plain values.

    Returns:
        Part name to architecture, sizes, ties and plan; name of each tensor that is tied to the one it is.
    """
    parts: dict[str, Any] = {}
    ties: dict[str, str] = {}
    for part, net in checkpoint.parts.items():
        for first, others in tie_groups(net).items():
            ties |= {f"{part}.{other}": f"{part}.{first}" for other in others}
        config: Any = net.config
        parts[part] = {"architecture": architecture(net), "config": dataclasses.asdict(config)}
        if tied := describe(net):
            parts[part]["tied"] = tied
        if part in checkpoint.plans:
            parts[part]["plan"] = checkpoint.plans[part].to_dict()
    return parts, ties


def load(path: StrPath) -> Checkpoint:
    """Read a checkpoint and build its nets.

    Raises:
        CheckpointError: The file is missing, damaged, of another kind, newer than this program, or its
            tensors do not fit the nets it names, or are not all numbers.
    """
    path = Path(path)
    tensors, metadata = tensor_files.read(path)
    values = metadata.get(KEY)
    if not isinstance(values, dict) or "parts" not in values:
        known = file_kinds.kind(Path(path))
        what = known.what if known is not None and "HiFi-GAN" in known.what else ""
        raise CheckpointError(
            f"{path} is a safetensors file, but not a TiedTTS checkpoint{f': it is {what}' if what else ''}",
            hint=f"voices are made of this program's checkpoints; `tiedtts tie` and `stats` read {path.name}",
        )
    return build(path, values, tensors)


def build(path: StrPath, values: dict[str, Any], tensors: dict[str, Tensor]) -> Checkpoint:
    """Build the nets of a header and give them their tensors.

    Args:
        path: What errors name.
        values: The header, as it stands in the file.
        tensors: By part and name.

    Raises:
        CheckpointError: As `load`.
    """
    path = Path(path)
    header = _header(path, values)
    try:
        _check_names(path, tensors, header)
        plans = {
            name: TiePlan.from_dict(part.plan, f"the plan in {path}")
            for name, part in header.parts.items()
            if part.plan is not None
        }
        audio = None if header.audio is None else AudioSettings.from_dict(header.audio)
    except ConfigError as error:
        raise CheckpointError(f"{path} has a damaged header: {error}", hint=DAMAGED) from error
    parts = {name: building.build(name, part, header, tensors, path) for name, part in header.parts.items()}
    return Checkpoint(parts, audio, header.provenance, plans)


def header_from(path: StrPath, texts: Mapping[str, str]) -> Header | None:
    """Return the header among the texts of a file; nothing if there is none.

    Raises:
        CheckpointError: It is damaged, newer than this program, or of other phones.
    """
    try:
        values = json.loads(texts.get(KEY, "null"))
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} has a damaged header: {error}", hint=DAMAGED) from error
    return _header(Path(path), values) if isinstance(values, dict) else None


def _header(path: Path, values: dict[str, Any]) -> Header:
    """Return a header from its values."""
    try:
        # First of all: a newer file may look different in all else.
        if schema.build(Format, values, "the header", open_ended=True).format > FORMAT:
            raise CheckpointError(
                f"{path} has format {values['format']}, newer than {FORMAT}",
                hint="install a newer tiedtts",
            )
        header = schema.build(Header, values, "the header", open_ended=True)
    except ConfigError as error:
        raise CheckpointError(f"{path} has a damaged header: {error}", hint=DAMAGED) from error
    if header.text != inventory():
        raise CheckpointError(
            f"{path} was trained on other phones than this version speaks",
            hint=f"use tiedtts {shown(header.version)}, or train again",
        )
    return header


def is_checkpoint(path: StrPath) -> bool:
    """Return whether a file has this program's header; nothing else of it is looked at."""
    path = Path(path)
    from safetensors import safe_open

    if shards.is_index(path):
        try:
            return KEY in shards.read(path).metadata
        except CheckpointError:
            return False
    if packed_files.is_packed(path):
        return KEY in packed_files.texts(path)
    try:
        with safe_open(path, framework="pt") as file:
            return KEY in (file.metadata() or {})
    # Whatever a file of another kind leads to.
    except Exception:
        return False


def _check_names(path: Path, tensors: dict[str, Tensor], header: Header) -> None:
    """Refuse tensors and ties that belong to no part."""
    strangers = [n for n in (*tensors, *header.ties) if n.split(".", 1)[0] not in header.parts]
    if strangers:
        raise CheckpointError(f"{path} holds tensors of no part: {', '.join(map(named, strangers[:3]))}")
