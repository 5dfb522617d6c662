"""`tie`: a checkpoint becomes a tied one, or a plain one again."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

from torch import nn

from tiedtts import storage
from tiedtts.checkpoints import checkpoint, hub_folders, large_files, other_formats, shards
from tiedtts.checkpoints.architectures import architecture as architecture_of
from tiedtts.checkpoints.calibration import Run, seen_by
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.checkpoints.converted import Conversion
from tiedtts.checkpoints.header import PART
from tiedtts.errors import CheckpointError, ConfigError
from tiedtts.graphs import conversion as graphs
from tiedtts.graphs import model_files
from tiedtts.graphs import untying as graph_untying
from tiedtts.paths import StrPath, optional
from tiedtts.tying import TiePlan, count_parameters, untie
from tiedtts.tying.costs import Work
from tiedtts.tying.moments import Seen
from tiedtts.tying.parts import tie_parts
from tiedtts.tying.suggestion import Suggestion, suggest
from tiedtts.tying.tied_layer import TiedLayer

BESIDE = "beside"
"""Name of the part with the tensors that another program's file has beside its net."""
__all__ = ["Conversion", "convert", "propose", "read", "read_with_notes", "revert", "save_plan"]
Losses = Callable[[Mapping[str, nn.Module]], dict[str, float]]
"""Gives the held-out losses of nets by name, `part.loss`."""


def convert(
    source: StrPath,
    target: StrPath,
    plan: TiePlan,
    *,
    architecture: str = "auto",
    losses: Losses | None = None,
    run: Run | None = None,
    largest: int | None = None,
) -> Conversion:
    """Tie a checkpoint, or a model of ONNX; no data and no training is needed.

    Args:
        source: Checkpoint of this or another program, or another program's `.onnx`; it is only read.
        target: `.safetensors` to write, or `.safetensors.xz`, which is packed; `.safetensors.index.json` for
            several files with that index; of a model, `.onnx`; of a folder of Hugging Face, a folder.
        plan: Which layers to tie, and how.
        architecture: Kind of a foreign checkpoint: `auto`, `hifigan`, `tacotron2` or `state_dict`.
        losses: Measures the nets before and after.
        run: Runs the nets on inputs: ties then change outputs as little as they can, not weights.
        largest: Bytes of each of several files; by default those of the largest of the source.

    Raises:
        CheckpointError: The source cannot be read, or the target is not to be written.
        ConfigError: The plan does not fit.
        OutputError: The target's folder cannot be written.
    """
    source, target = Path(source), Path(target)
    plan.check_without_training()
    if _are_folders(source, target):
        if losses is not None or run is not None or architecture != "auto":
            raise ConfigError(
                f"{source} is a folder of Hugging Face: its model is the one that its configuration names",
                hint="leave out the architecture and data, or write to a file, NAME.safetensors",
            )
        return hub_folders.tie(source, target, plan, largest)
    check_target(source, target)
    if model_files.is_model(source):
        if run is not None:
            raise ConfigError(f"{source} is a model of ONNX, whose layers nobody can listen to")
        return _convert_model(source, target, plan, architecture=architecture, losses=losses)
    _check_name(target, "a tied checkpoint")
    if losses is None and run is None and architecture in ("auto", "state_dict"):
        made = large_files.tie(source, target, plan, largest)
        if made is not None:
            return made
    loaded, notes = _read(source, architecture)
    bytes_before = shards.size(source)
    for net in loaded.parts.values():
        other_formats.check_plan(net, plan)
    before = None if losses is None else losses(loaded.parts)
    seen = None if run is None else seen_by(run, loaded.parts, source)[0]
    parts, plans, report = tie_parts(loaded.parts, plan, seen=seen)
    # What was tied before by a plan of its own keeps that plan.
    plans = {name: _joined(loaded.plans.get(name), plans.get(name)) for name in {**loaded.plans, **plans}}
    after = None if losses is None else losses(parts)
    # Of a large checkpoint, both do not have to be in memory.
    loaded.parts.clear()
    made_of = Checkpoint(parts, loaded.audio, loaded.provenance, plans)
    after_bytes = checkpoint.save(target, made_of, largest=largest)
    return Conversion(
        notes=notes if seen is None else (*notes, _looked_at(parts, seen)),
        report=report,
        file_bytes_before=bytes_before,
        file_bytes_after=after_bytes,
        losses_before=before,
        losses_after=after,
    )


def _convert_model(
    source: Path, target: Path, plan: TiePlan, *, architecture: str, losses: Losses | None
) -> Conversion:
    """Tie a model of ONNX."""
    if target.suffix.lower() != ".onnx":
        raise CheckpointError(f"a tied model's name ends in .onnx, as that of {source.name}, got: {target}")
    if architecture != "auto" or losses is not None:
        raise ConfigError(
            f"{source} is a model of ONNX: its layers are those of its graph, and its losses are not known",
            hint="leave out the architecture, and data",
        )
    report = graphs.tie(source, target, plan)
    return Conversion(
        report=report,
        file_bytes_before=model_files.size(source),
        file_bytes_after=model_files.size(target),
    )


def revert(source: StrPath, target: StrPath, *, largest: int | None = None) -> int:
    """Write a tied checkpoint as the plain one it came from: this program's, or with another's keys.

    Args:
        source: Tied checkpoint.
        target: File to write; of another program's checkpoint, `.safetensors` or what that program reads, or
            the index of several such files.
        largest: Bytes of each of several files; by default those of the largest of the source.

    Returns:
        The number of parameters in the file.

    Raises:
        CheckpointError: The source cannot be read, or is not tied.
        OutputError: The target's folder cannot be written.
    """
    source, target = Path(source), Path(target)
    if _are_folders(source, target):
        return hub_folders.revert(source, target, largest)
    check_target(source, target)
    if model_files.is_model(source):
        if target.suffix.lower() != ".onnx":
            raise CheckpointError(f"{source} is a model of ONNX, whose name ends in .onnx, got: {target}")
        return graph_untying.untie(source, target)
    path = shards.locate(source) if source.exists() else source
    if shards.is_index(target) or shards.is_index(path):
        count = large_files.untie(path, target, largest)
        if count is not None:
            return count
    loaded = checkpoint.load(path)
    parts = {name: untie(net) for name, net in loaded.parts.items()}
    origins = {part: of["origin"] for part, of in loaded.provenance.items() if "origin" in of}
    if origins:
        (part, origin) = next(iter(origins.items()))
        if shards.is_index(target):
            raise CheckpointError(
                f"what {path} was made of has more than tensors by name, and cannot be in several files",
                hint=f"write to one file, as {origin.get('file') or 'the first one'} was",
            )
        other_formats.write_plain(target, parts[part], origin, parts.get(BESIDE))
    else:
        _check_name(target, "a checkpoint")
        checkpoint.save(target, Checkpoint(parts, loaded.audio, loaded.provenance), largest=largest)
    return sum(count_parameters(net) for net in parts.values())


def _are_folders(source: Path, target: Path) -> bool:
    """Return whether a folder of Hugging Face is to become another."""
    return hub_folders.is_target(target) and hub_folders.is_folder(source)


def read(source: StrPath, architecture: str = "auto") -> Checkpoint:
    """Read a checkpoint of this or another program.

    Raises:
        CheckpointError: It cannot be read, or is of another kind than it should be.
    """
    return read_with_notes(source, architecture)[0]


def read_with_notes(source: StrPath, architecture: str = "auto") -> tuple[Checkpoint, tuple[str, ...]]:
    """Read a checkpoint, and what is to be said of how it was read, one sentence each; see `read`."""
    return _read(Path(source), architecture)


def propose(
    source: StrPath,
    target: StrPath | None = None,
    *,
    architecture: str = "auto",
    max_error: float = 0.2,
    max_loss: float = 1.05,
    losses: Losses | None = None,
    stored_as: str | None = None,
    work: Work | None = None,
    progress: Callable[[float, str], None] = lambda share, words: None,
) -> Suggestion:
    """Propose a plan for a checkpoint; see `tiedtts.tying.suggestion.suggest`.

    Args:
        source: Checkpoint of this or another program.
        target: Where a plan is to be written in the end, if at all.
        architecture: The same as for `convert`.
        max_error: The same as for `suggest`.
        max_loss: The same as for `suggest`.
        losses: The same as for `suggest`.
        stored_as: The same as for `suggest`; by default `int8`, a voice, for nets that voices are made of.
        work: The same as for `suggest`.
        progress: The same as for `suggest`.

    Raises:
        CheckpointError: The source cannot be read, or is the target.
        ConfigError: A bound does not fit.
        OutputError: The target's folder cannot be written.
    """
    source = Path(source)
    target = optional(target)
    if target is not None:
        check_target(source, target)
    parts = read(source, architecture).parts
    if stored_as is None:
        voice = {architecture_of(net) for net in parts.values()} & {"acoustic", "harmonic"}
        stored_as = "int8" if voice else "checkpoint"
    return suggest(
        parts,
        max_error=max_error,
        max_loss=max_loss,
        losses=losses,
        stored_as=stored_as,
        work=work,
        progress=progress,
    )


def save_plan(found: Suggestion, target: StrPath) -> None:
    """Write the plan of a suggestion.

    Raises:
        ConfigError: There is none.
        OutputError: It cannot be written.
    """
    target = Path(target)
    if found.plan is None:
        raise ConfigError(
            "no tie is within the bounds, so that there is no plan to write",
            hint=_way_out(found),
        )
    storage.write_bytes(target, found.plan.to_toml().encode())


def _way_out(found: Suggestion) -> str:
    """Return a hint that names the bound which admits at least one tie."""
    possible = [each for each in found.candidates if not each.dominated]
    if not possible:
        return "no tie saves bytes or work in this file; `--stored-as` counts those of another"
    best = min(possible, key=lambda each: each.cost)
    option = "--max-error" if best.loss is None else "--max-loss"
    bound = math.ceil(100 * best.cost) / 100
    return f"the smallest change is that of `{best.rule.layers}`; allow it: {option} {bound:.2f}"


def _looked_at(parts: Mapping[str, nn.Module], seen: Seen) -> str:
    """Say how many of the tied layers were tied with a look at data."""
    tied = [
        f"{part}.{name}"
        for part, net in parts.items()
        for name, layer in net.named_modules()
        if isinstance(layer, TiedLayer)
    ]
    known = {of.rpartition(".")[0] for of in seen}
    count = sum(name in known for name in tied)
    return f"data went through {count} of {len(tied)} tied layers"


def _read(source: Path, architecture: str) -> tuple[Checkpoint, tuple[str, ...]]:
    """Read a checkpoint, and what is to be said of how it was read."""
    if not source.exists():
        raise CheckpointError(f"no such checkpoint: {source}", hint="name a .safetensors or a PyTorch file")
    if model_files.is_model(source):
        raise CheckpointError(
            f"{source} is a model of ONNX",
            hint="`tiedtts tie` and `stats` read it; proposals are made for checkpoints",
        )
    source = shards.locate(source)
    if hub_folders.is_tied(source):
        # Its tensors have names that only its model knows.
        return Checkpoint({PART: hub_folders.load(source.parent)}, None), ()
    if checkpoint.is_checkpoint(source):
        if architecture != "auto":
            raise ConfigError(
                f"{source} says itself what it is, so that `{architecture}` cannot be asked for",
                hint="leave the architecture out",
            )
        return checkpoint.load(source), ()
    found = other_formats.read(source, architecture)
    part = "vocoder" if found.architecture == "hifigan" else "model"
    parts = {part: found.net} | ({} if found.beside is None else {BESIDE: found.beside})
    return Checkpoint(parts, None, {part: {"origin": found.origin}}), found.notes


def check_target(source: StrPath, target: StrPath) -> None:
    """Refuse a target that would replace the source or cannot be written.

    Raises:
        CheckpointError: Source and target are one file.
        OutputError: The target's folder cannot be written.
    """
    source, target = Path(source), Path(target)
    storage.check_writable(target)
    files = shards.files(source) if source.exists() and target.exists() else []
    if any(target.samefile(file) for file in files):
        raise CheckpointError(f"{target} is the checkpoint itself", hint="write to another file")


def _check_name(target: Path, what: str) -> None:
    if not target.name.endswith((".safetensors", ".safetensors.xz", f".safetensors{shards.INDEX}")):
        raise CheckpointError(
            f"{what}'s name ends in .safetensors or .safetensors.xz, got: {target}",
            hint=f"several files have an index, NAME.safetensors{shards.INDEX}",
        )


def _joined(first: TiePlan | None, second: TiePlan | None) -> TiePlan:
    plans = [plan for plan in (first, second) if plan is not None]
    return TiePlan(tuple(rule for plan in plans for rule in plan.rules), plans[-1].source)
