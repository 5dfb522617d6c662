"""The training loop of one part: stages, discriminator, running mean, states, log, pictures."""

import copy
import dataclasses
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from tiedtts import stopping
from tiedtts.errors import CheckpointError, ConfigError, TiedTTSError
from tiedtts.nets import finite
from tiedtts.training import losses, state
from tiedtts.training.batches import Batches
from tiedtts.training.log import Log
from tiedtts.training.losses import Ratio
from tiedtts.training.recipe import Recipe, Stage
from tiedtts.training.tasks.task import AdversarialTask, Batch, Task

SAVE_SECONDS = 120.0
"""A killed run loses at most this much work."""
STATE = "last.safetensors"
"""File in the folder of a part that `--resume` goes on from."""
REPORT_STEPS = 10
"""Steps between two reports of progress."""
_GO_ON = "the same command with `--resume` goes on there"


@dataclass(frozen=True)
class Progress:
    """How far a part has come."""

    part: str
    """Part name."""
    step: int
    """Steps done."""
    steps: int
    """Steps in all."""
    losses: Mapping[str, float]
    """Of the last step, by name."""
    seconds_left: float
    """Estimate from the speed of this run."""


class TrainingDiverged(TiedTTSError):
    """The losses or weights are no numbers any more."""


@dataclass
class _Judge:
    """The discriminator of a stage."""

    net: nn.Module
    """As set up for several processes; used when it is trained itself."""
    plain: nn.Module
    """The same weights; used when its verdict trains the other net."""
    optimizer: Optimizer
    views: Callable[[Any, Batch], tuple[list[Tensor], list[Tensor]]]
    """Spectrograms that it sees, made and real."""


class Trainer:
    """Trains one part to the end of its stages, from wherever its last state was.

    Args:
        task: Net, data and losses.
        recipe: Seed and cadence; the part's own recipe is the task's.
        fabric: Device, precision and processes; launched.
        folder: Where the part's state, log, pictures and kept checkpoints go.
        keep: Writes a checkpoint of a net to a path.
        progress: Told how far training has come.
    """

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        fabric: Fabric,
        folder: Path,
        keep: Callable[[nn.Module, int, Path], None],
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        self.task, self.recipe, self.fabric = task, recipe, fabric
        self.folder, self.keep, self.progress = folder, keep, progress
        self.step = 0
        self.batches = Batches(
            task.lengths, task.recipe.batch_size * fabric.world_size, recipe.seed, task.draws
        )
        self.raw = task.net.to(fabric.device)
        self.net = self.raw
        self.mean = state.RunningMean(self.raw, task.recipe.ema)

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
        first = self.fabric.is_global_zero
        log = None
        if first:
            self.folder.mkdir(parents=True, exist_ok=True)
            events = self.folder / "tensorboard" if tensorboard else None
            log = Log(self.folder / "log.csv", start, events)
        done = 0
        try:
            if start >= self.task.recipe.steps:
                state.restore(self.state_file, {"net": self.raw}, self.mean, {})
                self.step = start
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
        net = copy.deepcopy(self.raw)
        net.load_state_dict(self.mean.weights)
        return net.eval()

    def _state_step(self) -> int:
        if not self.state_file.is_file():
            return 0
        header = state.read_header(self.state_file)
        if header.recipe != self._fingerprint():
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
        torch.manual_seed(_seed(self.recipe.seed, begin))
        self._choose(stage)
        optimizer = self._optimizer(self.raw, stage.learning_rate)
        judge = self._judge(stage)
        if start > begin:
            nets, mean, optimizers = self._parts(optimizer, judge)
            state.restore(self.state_file, nets, mean, optimizers)
        elif start == begin and start > 0:
            # The state was written at the end of the stage before: its optimiser is not this one's.
            state.restore(self.state_file, {"net": self.raw}, self.mean, {})
        self.step = max(start, begin)
        end = begin + stage.steps
        clock = saved = time.monotonic()
        first = self.step
        # A signal waits for the end of the step, where the state can be saved.
        with stopping.deferred() as asked:
            while self.step < end:
                report = self._report_due(self.step + 1, end)
                try:
                    values = self._one_step(stage, self.step - begin, optimizer, judge, report=report)
                except RuntimeError as error:
                    self._stop_with_the_first(asked(), error)
                    raise
                self.step += 1
                self.mean.update(self.raw)
                if report:
                    self._check(values)
                    pace = (time.monotonic() - clock) / (self.step - first)
                    left = pace * (self.task.recipe.steps - self.step)
                    self._tell(values, left)
                self._look(values, end, log)
                if (number := asked()) is not None and self.fabric.is_global_zero:
                    self._write(optimizer, judge)
                    raise stopping.Stopped(number, f"{self.task.name} is saved at step {self.step}: {_GO_ON}")
                if time.monotonic() - saved > SAVE_SECONDS or self.step == end:
                    self._save(optimizer, judge)
                    saved = time.monotonic()

    def _stop_with_the_first(self, number: int | None, error: RuntimeError) -> None:
        """End a process that was asked to end and is left alone by the first one, which has saved the state.

        Until then it goes on: the first one may need it to end its step.
        """
        if number is not None and not self.fabric.is_global_zero:
            raise stopping.Stopped(number) from error

    def _choose(self, stage: Stage) -> None:
        """Let only the stage's parameters learn, in its way."""
        self.task.begin(stage)
        chosen = 0
        for name, parameter in self.raw.named_parameters():
            wanted = not stage.only or any(fnmatchcase(name, p) for p in stage.only)
            frozen = any(fnmatchcase(name, p) for p in stage.frozen)
            parameter.requires_grad_(wanted and not frozen)
            # What is left of the stage before would count in the norm that clipping measures.
            parameter.grad = None
            chosen += wanted and not frozen
        if not chosen:
            raise ConfigError(
                f"a stage of the {self.task.name} part trains no parameter",
                hint="`only` and `frozen` are patterns of parameter names, such as `decoder.*`",
            )
        # Set up anew in each stage: the processes exchange the gradients of what learns in it.
        self.net = self.fabric.setup_module(self.raw)

    def _report_due(self, step: int, end: int) -> bool:
        return step % REPORT_STEPS == 0 or step % self.recipe.evaluate_every == 0 or step == end

    def _one_step(
        self, stage: Stage, step: int, optimizer: Optimizer, judge: _Judge | None, *, report: bool
    ) -> dict[str, float]:
        """Take one optimiser step; return losses by name if they are to be reported."""
        rate = learning_rate(stage, step)
        net, fabric = self.net.train(), self.fabric
        torch.manual_seed(_seed(self.recipe.seed, 1, self.step, fabric.global_rank))
        batch = self._batch()
        outputs, parts = self.task.losses(net, batch)
        total = self._weigh(parts, self.task.weights)
        values = self._values(parts) if report else {}
        if judge is not None:
            _set_rate(judge.optimizer, rate)
            made, real = judge.views(outputs, batch)
            values |= self._train_judge(judge, made, real, report=report)
            if step >= stage.discriminator_lead:
                verdict = self._verdict(judge, made, real)
                weights = {
                    name: stage.adversarial
                    * (1.0 if name.startswith("fooled") else stage.feature_matching / len(verdict))
                    for name in verdict
                }
                total = total + self._weigh(verdict, weights)
                if report:
                    values |= self._values({n: r for n, r in verdict.items() if n.startswith("fooled")})
        _set_rate(optimizer, rate)
        optimizer.zero_grad()
        fabric.backward(total)
        fabric.clip_gradients(net, optimizer, max_norm=self.task.recipe.clip, error_if_nonfinite=False)
        optimizer.step()
        if report:
            values["learning_rate"] = rate
        return values

    def _train_judge(
        self, judge: _Judge, made: list[Tensor], real: list[Tensor], *, report: bool
    ) -> dict[str, float]:
        """Train the discriminator on real and made spectrograms."""
        count = len(made[0])
        # One pass over both: a module set up for several processes is called once a step.
        scores = judge.net([torch.cat([r, m.detach()]) for r, m in zip(real, made, strict=True)])
        parts = {
            f"judge{i}": losses.discriminator_loss(score[:count], score[count:])
            for i, (score, _) in enumerate(scores)
        }
        judge.optimizer.zero_grad()
        self.fabric.backward(self._weigh(parts, dict.fromkeys(parts, 1.0)))
        judge.optimizer.step()
        return self._values(parts) if report else {}

    def _verdict(self, judge: _Judge, made: list[Tensor], real: list[Tensor]) -> dict[str, Ratio]:
        """Ask the discriminator what it makes of the net's output."""
        judge.plain.requires_grad_(False)
        with torch.no_grad():
            known = judge.plain(real)
        scores = judge.plain(made)
        judge.plain.requires_grad_(True)
        parts: dict[str, Ratio] = {}
        for i, ((score, inner), (_, wanted)) in enumerate(zip(scores, known, strict=True)):
            parts[f"fooled{i}"] = losses.generator_loss(score)
            matching = losses.feature_matching(wanted, inner)
            parts |= {f"{name}_{i}": ratio for name, ratio in matching.items()}
        return parts

    def _weigh(self, parts: Mapping[str, Ratio], weights: Mapping[str, float]) -> Tensor:
        """Add up losses so that processes together get the gradient of one with all their data."""
        names = [name for name in parts if weights.get(name, 0.0)]
        world = self.fabric.world_size
        if world == 1:
            terms = [weights[n] * parts[n].value for n in names]
        else:
            counts = torch.stack([parts[n].size.detach().float() for n in names])
            counts = self._summed(counts).clamp(min=1e-8)
            terms = [
                weights[n] * world * parts[n].total / count for n, count in zip(names, counts, strict=True)
            ]
        return torch.stack(terms).sum()

    def _values(self, parts: Mapping[str, Ratio]) -> dict[str, float]:
        """Return losses as numbers, over all processes."""
        sums = [value.detach().float() for ratio in parts.values() for value in ratio]
        pairs = self._summed(torch.stack(sums)).double().cpu().view(-1, 2)
        return {
            name: float(total / max(float(count), 1e-8))
            for name, (total, count) in zip(parts, pairs, strict=True)
        }

    def _summed(self, values: Tensor) -> Tensor:
        if self.fabric.world_size == 1:
            return values
        summed = self.fabric.all_reduce(values, reduce_op="sum")
        assert isinstance(summed, Tensor)
        return summed

    def _batch(self) -> Batch:
        """Return this process's share of the step's batch, on its device."""
        indices = self.batches.at(self.step)
        seeds = [_seed(self.recipe.seed, 2, self.step, i) for i in range(len(indices))]
        rank, world = self.fabric.global_rank, self.fabric.world_size
        batch = self.task.batch(indices[rank::world], seeds[rank::world])
        return {name: tensor.to(self.fabric.device) for name, tensor in batch.items()}

    def _optimizer(self, net: nn.Module, rate: float) -> Optimizer:
        own = self.task.recipe
        learning = [p for p in net.parameters() if p.requires_grad]
        plain = AdamW(learning, lr=rate, betas=own.betas, weight_decay=own.weight_decay)
        optimizer = self.fabric.setup_optimizers(plain)
        assert isinstance(optimizer, Optimizer)
        return optimizer

    def _judge(self, stage: Stage) -> _Judge | None:
        if not stage.adversarial or not isinstance(self.task, AdversarialTask):
            return None
        plain = self.task.discriminator().to(self.fabric.device)
        net = self.fabric.setup_module(plain)
        optimizer = self._optimizer(plain, stage.learning_rate)
        return _Judge(net, plain, optimizer, self.task.views)

    def _parts(
        self, optimizer: Optimizer, judge: _Judge | None
    ) -> tuple[dict[str, nn.Module], state.RunningMean, dict[str, Optimizer]]:
        nets: dict[str, nn.Module] = {"net": self.raw}
        optimizers = {"optimizer": optimizer}
        if judge is not None:
            nets["judge"] = judge.plain
            optimizers["judge_optimizer"] = judge.optimizer
        return nets, self.mean, optimizers

    def _check(self, values: Mapping[str, float]) -> None:
        broken = [name for name, value in values.items() if not math.isfinite(value)]
        if broken:
            raise self._diverged(f"losses {', '.join(broken)} are not numbers")

    def _check_weights(self) -> None:
        """Refuse to keep weights that are no numbers: the last file that is whole stays."""
        nets = {**self.raw.state_dict(), **{f"mean of {n}": t for n, t in self.mean.weights.items()}}
        if broken := finite.broken(nets, infinite_too=False):
            raise self._diverged(f"weights are not numbers, such as `{broken[0]}`,")

    def _diverged(self, what: str) -> TrainingDiverged:
        kept = self._kept()
        start = f"from its last checkpoint, `--init-from {kept[-1]}`, " if kept else ""
        return TrainingDiverged(
            f"{self.task.name}: {what} at step {self.step}",
            hint=f"begin a new run, {start}with a lower `learning_rate` or `clip` in its recipe",
        )

    def _kept(self) -> list[Path]:
        """Return the checkpoints in the folder, the last one last."""
        found = [path for path in self.folder.glob("step_*.safetensors") if path.stem[5:].isdecimal()]
        return sorted(found, key=lambda path: int(path.stem[5:]))

    def _tell(self, values: Mapping[str, float], left: float) -> None:
        if self.progress is not None and self.fabric.is_global_zero:
            own = self.task
            shown = {n: v for n, v in values.items() if n != "learning_rate"}
            self.progress(Progress(own.name, self.step, own.recipe.steps, shown, left))

    def _look(self, values: Mapping[str, float], end: int, log: Log | None) -> None:
        """Evaluate, draw and keep whatever is due; the other processes wait."""
        last = self.step == self.task.recipe.steps
        due = {
            name: (self.step == end or self.step % every == 0) and not (name == "keep" and last)
            for name, every in (
                ("evaluate", self.recipe.evaluate_every),
                ("illustrate", self.recipe.illustrate_every),
                ("keep", self.recipe.keep_every),
            )
        }
        if not any(due.values()):
            return
        if log is not None:
            net = self.averaged()
            if due["evaluate"]:
                heldout = {f"heldout_{n}": v for n, v in self.task.evaluate(net).items()}
                log.add(self.step, {**values, **heldout})
            if due["illustrate"]:
                folder = self.folder / f"step_{self.step}"
                folder.mkdir(exist_ok=True)
                self.task.illustrate(net, folder)
            if due["keep"]:
                self._check_weights()
                self.keep(net, self.step, self.folder / f"step_{self.step}.safetensors")
                for path in self._kept()[: -self.recipe.keep_last]:
                    path.unlink()
        self.fabric.barrier()

    def _save(self, optimizer: Optimizer, judge: _Judge | None) -> None:
        """Let the first process write the state, and the others wait for it."""
        if self.fabric.is_global_zero:
            self._write(optimizer, judge)
        self.fabric.barrier()

    def _write(self, optimizer: Optimizer, judge: _Judge | None) -> None:
        """Write the state that `--resume` goes on from."""
        self._check_weights()
        nets, mean, optimizers = self._parts(optimizer, judge)
        if self.step == self.task.recipe.steps:
            # Nothing will be trained on: what optimisers remember is four fifths of the file.
            nets, optimizers = {"net": self.raw}, {}
        header = {"step": self.step, "recipe": self._fingerprint()}
        state.save(self.state_file, header, nets, mean, optimizers)


def learning_rate(stage: Stage, step: int) -> float:
    """Return the learning rate of a step of a stage, counted from its beginning."""
    if step < stage.warmup:
        return stage.learning_rate * (step + 1) / stage.warmup
    share = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    height = stage.final + (1 - stage.final) * (1 + math.cos(math.pi * share)) / 2
    return stage.learning_rate * height


def _set_rate(optimizer: Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def _seed(*numbers: int) -> int:
    """Mix numbers to one seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
