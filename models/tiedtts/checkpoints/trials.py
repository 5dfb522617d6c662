"""Trials: plans for a checkpoint within a budget, tried by whatever can tell what they do."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from tiedtts.checkpoints import checkpoint, conversion, other_formats
from tiedtts.checkpoints.architectures import architecture as architecture_of
from tiedtts.checkpoints.calibration import Run, seen_by
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.checkpoints.conversion import BESIDE, Losses
from tiedtts.choices import PLANNED
from tiedtts.errors import ConfigError
from tiedtts.paths import StrPath
from tiedtts.tying import TiePlan, costs, stand_ins, untie
from tiedtts.tying.costs import Work
from tiedtts.tying.moments import Moments
from tiedtts.tying.planning import objective as objectives
from tiedtts.tying.planning.nets import Nets
from tiedtts.tying.planning.objective import Objective
from tiedtts.tying.planning.planned import Planned
from tiedtts.tying.planning.planner import FRONT, TRIALS, Planner
from tiedtts.tying.planning.ways import Budget


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Bounds of a plan, each as a number or as a share of what there is now."""

    bytes: float | None = None
    """Bytes of the file."""
    macs: float | None = None
    """Multiply-accumulates."""
    loss: float | None = None
    """Relative growth of the loss, or relative change of outputs, that is accepted."""
    bytes_are_share: bool = False
    """Whether `bytes` is a share."""
    macs_are_share: bool = True
    """Whether `macs` is a share."""


class Plans:
    """Plans for one checkpoint: what was measured for one budget serves for the next.

    Args:
        source: Checkpoint of this or another program.
        architecture: The same as for `conversion.convert`.
        losses: Measures nets on held-out recordings.
        run: Runs the nets, so that ties look at data; its outputs are compared where nothing else measures.
        measure: Measures checkpoints: a loss, or outputs.
        stored_as: File whose bytes count, see `conversion.propose`.
        schemes: Schemes that may be chosen.
        work: Counts the multiply-accumulates of a net; by default each layer counts as often as data went
            through it, or once.
        trials: About how often nets may be measured.
        progress: Told the share that is done, and what is tried.

    Raises:
        CheckpointError: The source cannot be read.
        ConfigError: What measures is of no use.
    """

    def __init__(
        self,
        source: StrPath,
        *,
        architecture: str = "auto",
        losses: Losses | None = None,
        run: Run | None = None,
        measure: Run | None = None,
        stored_as: str | None = None,
        schemes: Sequence[str] = PLANNED,
        work: Work | None = None,
        trials: int = TRIALS,
        progress: Callable[[float, str], None] = lambda share, words: None,
    ) -> None:
        path = Path(source)
        loaded = conversion.read(path, architecture)
        parts = {name: stand_ins.view(net) for name, net in loaded.parts.items() if name != BESIDE}
        if stored_as is None:
            voice = {architecture_of(net) for net in loaded.parts.values()} & {"acoustic", "harmonic"}
            stored_as = "int8" if voice else "checkpoint"
        self.stored_as = stored_as
        size = costs.as_stored if stored_as == "checkpoint" else costs.as_exported(stored_as)
        seen: dict[str, Moments] = {}
        outputs: Any = None
        if run is not None:
            progress(0.0, "inputs")
            seen, outputs = seen_by(run, loaded.parts, path)
        self.objective: Objective | None = None
        trial = _Trial(loaded, path)
        if measure is not None:
            first = measure(loaded.parts, path)
            self.objective = objectives.by_outputs(partial(trial.ask, measure), first)
        elif losses is not None:
            self.objective = objectives.by_losses(losses, parts)
        elif run is not None and objectives.leaves(outputs):
            self.objective = objectives.by_outputs(partial(trial.ask, run), outputs)
        nets = Nets(parts, size, _work(parts, work, seen), seen)
        # Names, plans and what lies beside the nets are in a checkpoint as well.
        file_size = trial.file_size if stored_as == "checkpoint" else None
        self.bytes = trial.plain_size() if file_size else costs.total_bytes(parts.values(), size)
        self.macs = sum(nets.work.values())
        self._planner = Planner(nets, self.objective, schemes, file_size, trials, progress)

    def within(self, wanted: Wanted, *, front: int = FRONT) -> Planned:
        """Find the plan that keeps a budget and does least harm.

        Args:
            wanted: The budget.
            front: Other sizes at which plans are measured.

        Raises:
            ConfigError: No plan keeps the budget, or nothing measures what it bounds.
        """
        harm = None
        if wanted.loss is not None:
            if self.objective is None:
                raise ConfigError(
                    "there is nothing that measures how much a plan costs",
                    hint="give `--data`, `--measure 'COMMAND {file}'` or `--calibrate MODULE:FUNCTION`",
                )
            harm = self.objective.bound(wanted.loss)
        budget = Budget(
            bytes=_absolute(wanted.bytes, wanted.bytes_are_share, self.bytes),
            macs=_absolute(wanted.macs, wanted.macs_are_share, self.macs),
            harm=harm,
        )
        return self._planner.plan(budget, front=front)


def _absolute(value: float | None, is_share: bool, whole: float) -> float | None:
    return value * whole if value is not None and is_share else value


def _work(parts: Mapping[str, nn.Module], work: Work | None, seen: Mapping[str, Moments]) -> dict[str, float]:
    """Return the work of each layer: as the net runs, or as often as data went through it, or once."""
    known: dict[str, float] = {}
    for part, net in parts.items():
        rows = None if work is None else work(net)
        once = costs.each_layer_once(net)
        for name in once:
            if not name:
                continue
            of = next((seen[key] for key in seen if key.rpartition(".")[0] == f"{part}.{name}"), None)
            if rows is not None:
                known[f"{part}.{name}"] = rows.get(name, 0.0)
            elif seen:
                positions = 0 if of is None else (of.written or of.count)
                known[f"{part}.{name}"] = once[name] * positions
            else:
                known[f"{part}.{name}"] = once[name]
    return known


class _Trial:
    """Files of tied nets, for as long as it takes to ask what they do."""

    def __init__(self, loaded: Checkpoint, source: Path) -> None:
        self.loaded, self.source = loaded, source

    def _parts(self, tied: Mapping[str, nn.Module]) -> dict[str, nn.Module]:
        return {**self.loaded.parts, **tied}

    def ask(self, run: Run, tied: Mapping[str, nn.Module]) -> Any:
        """Run what measures on a plain checkpoint with the weights that tied nets stand for."""
        plain = {name: untie(net) for name, net in self._parts(tied).items()}
        origins = {part: of["origin"] for part, of in self.loaded.provenance.items() if "origin" in of}
        name = self.source.name if self.source.is_file() else "checkpoint.safetensors"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, name)
            if origins:
                part, origin = next(iter(origins.items()))
                other_formats.write_plain(path, plain[part], origin, plain.get(BESIDE))
            else:
                path = path.with_suffix(".safetensors")
                checkpoint.save(path, Checkpoint(plain, self.loaded.audio, self.loaded.provenance))
            return run(plain, path)

    def file_size(self, tied: Mapping[str, nn.Module], plans: Mapping[str, TiePlan]) -> int:
        """Return the bytes of the file of tied nets."""
        own = {**self.loaded.plans, **plans}
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "tied.safetensors")
            checkpoint.save(
                path, Checkpoint(self._parts(tied), self.loaded.audio, self.loaded.provenance, own)
            )
            return path.stat().st_size

    def plain_size(self) -> int:
        """Return the bytes of the file of the nets as they are."""
        return self.file_size({}, {})
