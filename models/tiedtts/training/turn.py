"""The turn of a part in a run: from where it begins, through its training, to its checkpoints."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric
from torch import nn

from tiedtts import __version__
from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.corpus.manifest import read_provenance
from tiedtts.training.corpus import Corpus
from tiedtts.training.page import Page
from tiedtts.training.progress import RunClock
from tiedtts.training.recipe import Recipe
from tiedtts.training.speaker import Speaker, find_other
from tiedtts.training.start import Starts
from tiedtts.training.tasks.task import Task
from tiedtts.training.tie_phases import TiePhases
from tiedtts.training.trainer import Trainer
from tiedtts.tying import TiePlan, adapters


@dataclass(frozen=True)
class Run:
    """All that the parts of a run have in common."""

    folder: Path
    data: Path
    corpus: Corpus
    plan: Recipe
    fabric: Fabric
    starts: Starts
    clock: RunClock
    page: Page
    resume: bool
    tensorboard: bool

    @property
    def source(self) -> dict[str, Any]:
        """Facts that every net of the run tells: its data, the seed, the version."""
        return {
            **read_provenance(self.data),
            "seed": self.plan.seed,
            "processes": self.fabric.world_size,
            "version": __version__,
            **({"recordings_used": len(self.corpus.train)} if self.plan.recordings else {}),
        }


@dataclass(frozen=True)
class Turn:
    """The work of a part: what it trains, and what its checkpoints hold."""

    task: Task
    """Data, losses and the net to begin with."""
    nets: Callable[[nn.Module], Mapping[str, nn.Module]]
    """Takes the trained net to those that it consists of, by the part of the voice that each is."""
    told: Callable[[int], dict[str, Any]]
    """Takes a number of steps to the provenance of each of these nets."""
    plans: dict[str, TiePlan]
    """How each of these nets is tied when it begins, if it is."""
    start: Checkpoint | None = None
    """Nets that it begins from, to be kept for when it goes on; none for fresh weights."""
    learned: Mapping[str, TiePlan] = field(default_factory=dict)
    """Plans of these nets by which they learn ties."""
    phases: TiePhases = field(init=False)
    """Phases in which they do."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "phases", TiePhases(self.learned, self.nets, self.task.recipe))

    def told_of(self, part: str, net: nn.Module, step: int) -> dict[str, Any]:
        """Return the provenance of a net after so many steps, with the ties that it has learnt or learns."""
        ties = self.phases.told(part, net, step)
        return {**self.told(step)[part], **({"learned_ties": ties} if ties else {})}

    def plans_at(self, part: str, step: int) -> dict[str, TiePlan]:
        """Return how a net is tied after so many steps, under the part's name; nothing if it is not."""
        before = self.plans.get(part)
        learned = self.phases.rules(part, step)
        rules = (*(() if before is None else before.rules), *learned)
        source = before.source if before is not None else "the plan"
        return {part: TiePlan(rules, source)} if rules else {}

    def save(self, net: nn.Module, step: int, path: Path, corpus: Corpus) -> None:
        """Write a checkpoint after so many steps; adapters are merged into a copy."""
        plain = {part: adapters.merge(copy.deepcopy(each)) for part, each in self.nets(net).items()}
        told = {part: self.told_of(part, net, step) for part in plain}
        plans = {name: plan for part in plain for name, plan in self.plans_at(part, step).items()}
        checkpoint.save(path, Checkpoint(plain, corpus.audio, told, plans))


def train(turn: Turn, run: Run) -> None:
    """Train a part, and write a checkpoint of each of its nets into the folder of the run."""
    task, corpus, fabric, folder = turn.task, run.corpus, run.fabric, run.folder
    if fabric.is_global_zero and turn.start is not None:
        path = run.starts.file(task.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        checkpoint.save(path, turn.start)

    def keep(net: nn.Module, step: int, path: Path) -> None:
        turn.save(net, step, path, corpus)

    other = find_other(task.name, folder, corpus, run.starts.parts)
    speaker = Speaker(task.name, corpus, other)
    trainer = Trainer(
        task, run.plan, fabric, folder / task.name, keep, run.clock, speaker, run.page, turn.phases
    )
    net = trainer.run(resume=run.resume, tensorboard=run.tensorboard)
    if fabric.is_global_zero:
        net = adapters.merge(net)
        task.finish(net)
        steps = task.recipe.steps
        for part, each in turn.nets(net).items():
            told = {part: turn.told_of(part, net, steps)}
            plans = turn.plans_at(part, steps)
            checkpoint.save(
                folder / f"{part}.safetensors", Checkpoint({part: each}, corpus.audio, told, plans)
            )
    fabric.barrier()
