"""The adversary: discriminators that are trained beside the net, and their verdict on what the net generates.

Goodfellow et al., "Generative adversarial networks", 2014; with least squares (Mao et al., 2017) and feature
matching (Salimans et al., "Improved techniques for training GANs", 2016).
"""

from collections.abc import Sequence
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from tiedtts.training import losses
from tiedtts.training.losses import Ratio
from tiedtts.training.optimizers import optimizer, set_learning_rate
from tiedtts.training.part_recipe import Stage
from tiedtts.training.reduction import Reduction
from tiedtts.training.tasks.task import AdversarialTask, Batch

ADVERSARIAL = "fooled"
"""First letters of the names of adversarial losses, in logs; the other losses of a verdict match features."""

Views = tuple[list[Tensor], list[Tensor]]
"""Generated and real spectrograms, (B, F, bands) each."""


class Adversary:
    """The discriminators of a stage and their optimiser.

    Args:
        task: Makes the discriminators, and the spectrograms that they see.
        stage: Learning rate, and weights of the verdict.
        fabric: Device, precision and processes; launched.
    """

    def __init__(self, task: AdversarialTask, stage: Stage, fabric: Fabric) -> None:
        self.task, self.stage, self.fabric = task, stage, fabric
        self.net = task.discriminator().to(fabric.device)
        """The discriminators; used as they are where their verdict trains the other net."""
        self._shared = [fabric.setup_module(judge) for judge in self.net.judges]
        """The same weights, set up for several processes: used where the discriminators themselves are
        trained; each by itself, since a step may ask only one."""
        self.optimizer = optimizer(self.net, task.recipe, stage.learning_rate, fabric)
        self._reduction = Reduction(fabric)

    def asked(self, step: int) -> list[int]:
        """Return the numbers of the discriminators that a step of the stage asks."""
        count = len(self.net.judges)
        return [step % count] if self.task.turns > 1 else list(range(count))

    def views(self, outputs: Any, batch: Batch, asked: Sequence[int]) -> Views:
        """Return the spectrograms that the discriminators compare, in the order in which they are asked."""
        return self.task.views(outputs, batch, asked[0])

    def train(self, views: Views, asked: Sequence[int], rate: float, *, report: bool) -> dict[str, float]:
        """Take one optimiser step; return losses by name if they are to be reported.

        Args:
            views: Generated and real spectrograms.
            asked: Numbers of the discriminators that see them.
            rate: Learning rate of the net.
            report: Whether losses are to be reported.
        """
        stage = self.stage
        set_learning_rate(self.optimizer, rate * min(1.0, stage.discriminator_rate / stage.learning_rate))
        parts: dict[str, Ratio] = {}
        for i, generated, real in zip(asked, *views, strict=True):
            # One pass over both: a module set up for several processes is called once a step.
            score, _ = self._shared[i](torch.cat([real, generated.detach()]))
            parts[f"judge{i}"] = losses.discriminator_loss(score[: len(real)], score[len(real) :])
        self.optimizer.zero_grad()
        self.fabric.backward(self._reduction.weighted_sum(parts, dict.fromkeys(parts, 1.0)))
        self.optimizer.step()
        return self._reduction.values(parts) if report else {}

    def verdict(self, views: Views, asked: Sequence[int], *, report: bool) -> tuple[Tensor, dict[str, float]]:
        """Return what the net's loss grows by, and adversarial losses by name if they are to be reported.

        Args:
            views: Generated spectrograms with a gradient, and real ones.
            asked: Numbers of the discriminators that see them.
            report: Whether losses are to be reported.
        """
        parts = self._losses(views, asked)
        adversarial = {name: ratio for name, ratio in parts.items() if name.startswith(ADVERSARIAL)}
        matching = self.stage.feature_matching / len(parts)
        weights = {
            name: self.stage.adversarial * (1.0 if name in adversarial else matching) for name in parts
        }
        total = self._reduction.weighted_sum(parts, weights)
        return total, self._reduction.values(adversarial) if report else {}

    def _losses(self, views: Views, asked: Sequence[int]) -> dict[str, Ratio]:
        """Return how far the discriminators tell generated spectrograms from real ones."""
        parts: dict[str, Ratio] = {}
        self.net.requires_grad_(False)
        for i, generated, real in zip(asked, *views, strict=True):
            with torch.no_grad():
                _, wanted = self.net.judges[i](real)
            score, inner = self.net.judges[i](generated)
            parts[f"{ADVERSARIAL}{i}"] = losses.generator_loss(score)
            matching = losses.feature_matching(wanted, inner)
            parts |= {f"{name}_{i}": ratio for name, ratio in matching.items()}
        self.net.requires_grad_(True)
        return parts
