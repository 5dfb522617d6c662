"""The turn of a part that trains one net: aligner, acoustic net or vocoder."""

import copy
import dataclasses
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tiedtts.checkpoints import checkpoint
from tiedtts.checkpoints.architectures import architecture
from tiedtts.checkpoints.checkpoint import Checkpoint
from tiedtts.errors import ConfigError
from tiedtts.training import adaptation, architectures
from tiedtts.training.corpus import Corpus
from tiedtts.training.recipe import AcousticRecipe, Recipe, VocoderRecipe
from tiedtts.training.tasks.acoustic import AcousticTask
from tiedtts.training.tasks.task import Task
from tiedtts.training.tie_phases import alone
from tiedtts.training.turn import Run, Turn
from tiedtts.tying import adapters


def begin(part: str, run: Run) -> Turn:
    """Return the turn of a part, from fresh weights or those of the run.

    Raises:
        ConfigError: The recipe does not fit the net to start from, or needs what is not there.
    """
    corpus, plan, starts = run.corpus, run.plan, run.starts
    torch.manual_seed(plan.seed)
    begun = starts.read(part)
    rank = getattr(plan, part).adapter_rank
    if rank:
        begun = dataclasses.replace(begun, net=adaptation.begin(part, begun.net, corpus, rank, plan.seed))
    task = _task(part, corpus, plan, run.folder, begun.net)
    task.net, plans = starts.tie(part, begun, task.net)
    base = {"base": begun.base} if begun.base else {}
    source = {**run.source, "recipe": dataclasses.asdict(task.recipe), **base}

    def told(step: int) -> dict[str, Any]:
        return {part: {**source, "steps": step}}

    start = None
    if begun.net is not None or plans:
        # A run that goes on must know how its net is made.
        plain = adapters.merge(copy.deepcopy(task.net))
        start = Checkpoint({part: plain}, corpus.audio, told(0), plans)
    return Turn(task, alone(part), told, plans, start, starts.to_learn(part, plans))


def _task(part: str, corpus: Corpus, plan: Recipe, run: Path, start: nn.Module | None) -> Task:
    """Set up a part's data, losses and net."""
    recipe = getattr(plan, part)
    kind = architectures.ARCHITECTURES[type(recipe)]
    if start is not None and not isinstance(start, kind.net):
        raise ConfigError(
            f"the recipe trains the architecture `{recipe.architecture}`, and the {part} part to start "
            f"from is of `{architecture(start)}`",
            hint="name the recipe it was trained by, with `--recipe`",
        )
    if not isinstance(recipe, VocoderRecipe) or not recipe.predicted_mels:
        return kind.task(corpus, recipe, start)
    path = run / "acoustic.safetensors"
    if not path.is_file() or not isinstance(plan.acoustic, AcousticRecipe):
        raise ConfigError(
            "`predicted_mels` needs the acoustic net of the same run",
            hint="train it first with `--part acoustic`",
        )
    acoustic = checkpoint.load(path).part("acoustic")
    return kind.task(corpus, recipe, start, AcousticTask(corpus, plan.acoustic, acoustic).predict)  # type: ignore[arg-type]
