"""Losses summed over all processes, so that several train and report as one with all their data would."""

from collections.abc import Mapping

import torch
from lightning_fabric import Fabric
from torch import Tensor

from tiedtts.training.losses import Ratio


class Reduction:
    """Sums of losses over the processes of a run.

    Args:
        fabric: Launched; it knows the processes.
    """

    def __init__(self, fabric: Fabric) -> None:
        self.fabric = fabric

    def weighted_sum(self, losses: Mapping[str, Ratio], weights: Mapping[str, float]) -> Tensor:
        """Return a scalar whose gradient, averaged over processes, is that of one with all their data.

        Args:
            losses: This process's losses by name.
            weights: Weight by name; a loss without one is left out.
        """
        names = [name for name in losses if weights.get(name, 0.0)]
        world = self.fabric.world_size
        if world == 1:
            terms = [weights[n] * losses[n].value for n in names]
        else:
            counts = torch.stack([losses[n].size.detach().float() for n in names])
            counts = self._summed(counts).clamp(min=1e-8)
            terms = [
                weights[n] * world * losses[n].total / count for n, count in zip(names, counts, strict=True)
            ]
        return torch.stack(terms).sum()

    def values(self, losses: Mapping[str, Ratio]) -> dict[str, float]:
        """Return losses as numbers, over all processes."""
        sums = [value.detach().float() for ratio in losses.values() for value in ratio]
        pairs = self._summed(torch.stack(sums)).double().cpu().view(-1, 2)
        return {
            name: float(total / max(float(count), 1e-8))
            for name, (total, count) in zip(losses, pairs, strict=True)
        }

    def _summed(self, values: Tensor) -> Tensor:
        if self.fabric.world_size == 1:
            return values
        summed = self.fabric.all_reduce(values, reduce_op="sum")
        assert isinstance(summed, Tensor)
        return summed
