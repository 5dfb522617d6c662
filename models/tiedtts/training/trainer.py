"""The training loop of one part: its stages step by step, and the state that a stopped run goes on from."""

import copy
import dataclasses
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import nn

from tiedtts import stopping
from tiedtts.errors import CheckpointError
from tiedtts.training import schedule, state
from tiedtts.training.batches import Batches
from tiedtts.training.divergence import Divergence
from tiedtts.training.learner import Learner
from tiedtts.training.log import Log
from tiedtts.training.milestones import Keep, Milestones
from tiedtts.training.optimizers import set_learning_rate
from tiedtts.training.page import Page
from tiedtts.training.part_recipe import Stage
from tiedtts.training.progress import RunClock
from tiedtts.training.recipe import Recipe
from tiedtts.training.reduction import Reduction
from tiedtts.training.speaker import Speaker
from tiedtts.training.tasks.task import Batch, Task
from tiedtts.training.tie_phases import TiePhases

SAVE_SECONDS = 120.0
"""A killed run loses at most this much work."""
STATE = "last.safetensors"
"""File in the folder of a part that `--resume` goes on from."""
REPORT_STEPS = 10
"""Steps between two reports of progress."""
_GO_ON = "the same command with `--resume` goes on there"


class Trainer:
    """Trains one part to the end of its stages, from wherever its last state was.

    Args:
        task: Net, data and losses.
        recipe: Seed and cadence; the part's own recipe is the task's.
        fabric: Device, precision and processes; launched.
        folder: Where the part's state, log, pictures and kept checkpoints go.
        keep: Writes a checkpoint of a net to a path.
        clock: Measures the run, and tells how far it has come.
        speaker: Says sentences beside the pictures.
        page: The page of the run.
        phases: Phases in which ties are learnt.
    """

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        fabric: Fabric,
        folder: Path,
        keep: Keep,
        clock: RunClock | None = None,
        speaker: Speaker | None = None,
        page: Page | None = None,
        phases: TiePhases | None = None,
    ) -> None:
        self.task, self.recipe, self.fabric = task, recipe, fabric
        self.folder, self.keep = folder, keep
        self.clock = clock or RunClock({task.name: task.recipe})
        self.step = 0
        self.batches = Batches(
            task.lengths, task.recipe.batch_size * fabric.world_size, recipe.seed, task.draws
        )
        self.net = task.net.to(fabric.device)
        self.mean = state.RunningMean(self.net, task.recipe.ema)
        self.milestones = Milestones(task, recipe, folder, self._keep, speaker, page)
        self.divergence = Divergence(task.name, folder)
        self.reduction = Reduction(fabric)
        self.phases = phases or TiePhases({}, lambda net: {}, task.recipe)

    @property
    def state_file(self) -> Path:
        """Where the state is kept between runs."""
        return self.folder / STATE

    def run(self, *, resume: bool, tensorboard: bool = False) -> nn.Module:
        """Train and return the net with the running mean of its weights.

        Raises:
            TrainingDiverged: A loss or a weight is not a number.
            CheckpointError: The state to resume from does not fit.
        """
        start = self._state_step() if resume else 0
        self.phases.check(self.net)
        if self.phases.resume(self.net, start):
            self.mean = state.RunningMean(self.net, self.task.recipe.ema)
        log = None
        if self.fabric.is_global_zero:
            self.folder.mkdir(parents=True, exist_ok=True)
            events = self.folder / "tensorboard" if tensorboard else None
            log = Log(self.folder / "log.csv", start, events)
        done = 0
        try:
            if start >= self.task.recipe.steps:
                state.restore(self.state_file, {"net": self.net}, self.mean, {})
                self.step = start
                self.clock.begin(self.task.name, start)
            for stage in self.task.recipe.stages:
                if start < done + stage.steps:
                    self._stage(stage, done, start, log)
                done += stage.steps
        finally:
            if log is not None:
                log.close()
        self._check_weights()
        return self.averaged()

    def averaged(self) -> nn.Module:
        """Return a copy of the net with the running mean of its weights, for use."""
        net = copy.deepcopy(self.net)
        net.load_state_dict(self.mean.weights)
        return net.eval()

    def _state_step(self) -> int:
        if not self.state_file.is_file():
            return 0
        header = state.read_header(self.state_file)
        own, path = self._fingerprint(), self.state_file
        before = header.recipe.get("processes")
        if {**header.recipe, "processes": own["processes"]} == own and before != own["processes"]:
            raise CheckpointError(
                f"{path} was saved by a run of {before} processes, and these are {own['processes']}",
                hint="go on with as many: each takes a batch of the recipe's size, so that another number "
                "learns otherwise",
            )
        if header.recipe != own:
            raise CheckpointError(
                f"{self.state_file} belongs to another recipe or another corpus",
                hint="start a new run folder, or use `--init-from`",
            )
        return header.step

    def _fingerprint(self) -> dict[str, Any]:
        """Return what must be the same for a resumed run to go on where it stopped."""
        return {
            "seed": self.recipe.seed,
            "part": repr(dataclasses.asdict(self.task.recipe)),
            "recordings": len(self.task.lengths),
            "frames": int(sum(self.task.lengths)),
            "processes": self.fabric.world_size,
        }

    def _stage(self, stage: Stage, begin: int, start: int, log: Log | None) -> None:
        """Run the steps of one stage that are not done yet."""
        torch.manual_seed(schedule.seed(self.recipe.seed, begin))
        self.task.begin(stage)
        learner = Learner(self.task, self.net, stage, self.fabric)
        if start > begin:
            nets = {**learner.nets, **self.phases.learning(start)}
            state.restore(self.state_file, nets, self.mean, learner.optimizers)
        elif start == begin and start > 0:
            # The state was written at the end of the stage before: its optimiser is not this one's.
            nets = {**learner.kept(begin), **self.phases.learning(start)}
            state.restore(self.state_file, nets, self.mean, {})
        self.step = max(start, begin)
        end = begin + stage.steps
        self.clock.begin(self.task.name, self.step)
        saved = time.monotonic()
        # A signal waits for the end of the step, where the state can be saved.
        with stopping.deferred() as asked:
            while self.step < end:
                report = self._report_due(self.step + 1, end)
                self.phases.prepare(self.net, self.step, self.fabric)
                try:
                    values = self._one_step(stage, self.step - begin, learner, report=report)
                except RuntimeError as error:
                    self._stop_with_the_first(asked(), error)
                    raise
                values |= self.phases.pull(self.net, self.step, report=report)
                self.step += 1
                self.mean.update(self.net)
                if self.phases.ends_at(self.step):
                    self._merge(learner)
                if report:
                    self.divergence.check_losses(values, self.step)
                    shown = {name: value for name, value in values.items() if name != "learning_rate"}
                    self.clock.report(self.task.name, self.step, shown)
                self._reach_milestones(values, end, log)
                if (number := asked()) is not None and self.fabric.is_global_zero:
                    self._write(learner)
                    raise stopping.Stopped(number, f"{self.task.name} is saved at step {self.step}: {_GO_ON}")
                if self.step == end:
                    self._save(learner)
                elif self.fabric.is_global_zero and time.monotonic() - saved > SAVE_SECONDS:
                    # By its own clock, so that others cannot know: they wait for it in their next step.
                    self._write(learner)
                    saved = time.monotonic()

    def _merge(self, learner: Learner) -> None:
        """Put tied layers in the places of those whose weights are equal now, also in the running mean."""
        mean = self.averaged()
        self.phases.merge(self.step, self.net, mean)
        self.mean.follow(mean)
        learner.set_up_again()

    def _stop_with_the_first(self, number: int | None, error: RuntimeError) -> None:
        """End a process that was asked to end and is left alone by the first one, which has saved the state.

        Until then it goes on: the first one may need it to end its step.
        """
        if number is not None and not self.fabric.is_global_zero:
            raise stopping.Stopped(number) from error

    def _report_due(self, step: int, end: int) -> bool:
        return step % REPORT_STEPS == 0 or step % self.recipe.evaluate_every == 0 or step == end

    def _one_step(self, stage: Stage, step: int, learner: Learner, *, report: bool) -> dict[str, float]:
        """Take one optimiser step; return losses by name if they are to be reported."""
        rate = schedule.learning_rate(stage, step)
        net, fabric = learner.net.train(), self.fabric
        torch.manual_seed(schedule.seed(self.recipe.seed, 1, self.step, fabric.global_rank))
        batch = self._batch()
        outputs, parts = self.task.losses(net, batch)
        total = self.reduction.weighted_sum(parts, self.task.weights)
        values = self.reduction.values(parts) if report else {}
        if (adversary := learner.adversary) is not None:
            asked = adversary.asked(step)
            views = adversary.views(outputs, batch, asked)
            values |= adversary.train(views, asked, rate, report=report)
            if step >= stage.discriminator_lead:
                verdict, told = adversary.verdict(views, asked, report=report)
                total = total + verdict
                values |= told
        set_learning_rate(learner.optimizer, rate)
        learner.optimizer.zero_grad()
        fabric.backward(total)
        fabric.clip_gradients(
            net, learner.optimizer, max_norm=self.task.recipe.clip, error_if_nonfinite=False
        )
        learner.optimizer.step()
        if report:
            values["learning_rate"] = rate
        return values

    def _batch(self) -> Batch:
        """Return this process's share of the step's batch, on its device."""
        indices = self.batches.at(self.step)
        seeds = [schedule.seed(self.recipe.seed, 2, self.step, i) for i in range(len(indices))]
        rank, world = self.fabric.global_rank, self.fabric.world_size
        batch = self.task.batch(indices[rank::world], seeds[rank::world])
        return {name: tensor.to(self.fabric.device) for name, tensor in batch.items()}

    def _keep(self, net: nn.Module, step: int, path: Path) -> None:
        self._check_weights()
        self.keep(net, step, path)

    def _check_weights(self) -> None:
        self.divergence.check_weights(self.net, self.mean, self.step)

    def _reach_milestones(self, values: Mapping[str, float], end: int, log: Log | None) -> None:
        """Do whatever is due after a step; the other processes wait."""
        due = self.milestones.due(self.step, end)
        if not due:
            return
        if log is not None:
            self.milestones.reach(self.averaged(), self.step, due, values, log)
        self.fabric.barrier()

    def _save(self, learner: Learner) -> None:
        """Let the first process write the state, and the others wait for it."""
        if self.fabric.is_global_zero:
            self._write(learner)
        self.fabric.barrier()

    def _write(self, learner: Learner) -> None:
        """Write the state that `--resume` goes on from."""
        self._check_weights()
        nets, optimizers = learner.nets, learner.optimizers
        if self.step == self.task.recipe.steps:
            # Nothing will be trained on: what optimisers remember is four fifths of the file.
            nets, optimizers = learner.kept(self.step), {}
        header = {"step": self.step, "recipe": self._fingerprint()}
        nets = {**nets, **self.phases.learning(self.step)}
        state.save(self.state_file, header, nets, self.mean, optimizers)
