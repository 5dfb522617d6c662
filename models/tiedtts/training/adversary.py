"""The adversary: a discriminator that is trained beside the net, and its verdict on what the net generates.

Goodfellow et al., "Generative adversarial networks", 2014; with least squares (Mao et al., 2017) and feature
matching (Salimans et al., "Improved techniques for training GANs", 2016).
"""

from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from tiedtts.training import losses
from tiedtts.training.losses import Ratio
from tiedtts.training.optimizers import optimizer, set_learning_rate
from tiedtts.training.recipe import Stage
from tiedtts.training.reduction import Reduction
from tiedtts.training.tasks.task import AdversarialTask, Batch

ADVERSARIAL = "fooled"
"""First letters of the names of adversarial losses, in logs; the other losses of a verdict match features."""

Views = tuple[list[Tensor], list[Tensor]]
"""Generated and real spectrograms, (B, F, bands) each."""


class Adversary:
    """The discriminator of a stage and its optimiser.

    Args:
        task: Makes the discriminator, and the spectrograms that it sees.
        stage: Learning rate, and weights of the verdict.
        fabric: Device, precision and processes; launched.
    """

    def __init__(self, task: AdversarialTask, stage: Stage, fabric: Fabric) -> None:
        self.task, self.stage, self.fabric = task, stage, fabric
        self.net = task.discriminator().to(fabric.device)
        """The discriminator; used as it is where its verdict trains the other net."""
        self._shared = fabric.setup_module(self.net)
        """The same weights, set up for several processes: used where the discriminator itself is trained."""
        self.optimizer = optimizer(self.net, task.recipe, stage.learning_rate, fabric)
        self._reduction = Reduction(fabric)

    def views(self, outputs: Any, batch: Batch) -> Views:
        """Return the spectrograms that the discriminator compares."""
        return self.task.views(outputs, batch)

    def train(self, views: Views, rate: float, *, report: bool) -> dict[str, float]:
        """Take one optimiser step at a learning rate; return losses by name if they are to be reported."""
        set_learning_rate(self.optimizer, rate)
        generated, real = views
        count = len(generated[0])
        # One pass over both: a module set up for several processes is called once a step.
        scores = self._shared([torch.cat([r, g.detach()]) for r, g in zip(real, generated, strict=True)])
        parts = {
            f"judge{i}": losses.discriminator_loss(score[:count], score[count:])
            for i, (score, _) in enumerate(scores)
        }
        self.optimizer.zero_grad()
        self.fabric.backward(self._reduction.weighted_sum(parts, dict.fromkeys(parts, 1.0)))
        self.optimizer.step()
        return self._reduction.values(parts) if report else {}

    def verdict(self, views: Views, *, report: bool) -> tuple[Tensor, dict[str, float]]:
        """Return what the net's loss grows by, and adversarial losses by name if they are to be reported.

        Args:
            views: Generated spectrograms with a gradient, and real ones.
            report: Whether losses are to be reported.
        """
        parts = self._losses(*views)
        adversarial = {name: ratio for name, ratio in parts.items() if name.startswith(ADVERSARIAL)}
        matching = self.stage.feature_matching / len(parts)
        weights = {
            name: self.stage.adversarial * (1.0 if name in adversarial else matching) for name in parts
        }
        total = self._reduction.weighted_sum(parts, weights)
        return total, self._reduction.values(adversarial) if report else {}

    def _losses(self, generated: list[Tensor], real: list[Tensor]) -> dict[str, Ratio]:
        """Return how far the discriminator tells generated spectrograms from real ones."""
        self.net.requires_grad_(False)
        with torch.no_grad():
            of_real = self.net(real)
        of_generated = self.net(generated)
        self.net.requires_grad_(True)
        parts: dict[str, Ratio] = {}
        for i, ((score, inner), (_, wanted)) in enumerate(zip(of_generated, of_real, strict=True)):
            parts[f"{ADVERSARIAL}{i}"] = losses.generator_loss(score)
            matching = losses.feature_matching(wanted, inner)
            parts |= {f"{name}_{i}": ratio for name, ratio in matching.items()}
        return parts
