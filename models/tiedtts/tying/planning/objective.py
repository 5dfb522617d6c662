"""Objectives: how much harm a tie does, as one number that adds up over layers."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from tiedtts.errors import ConfigError

WORST = 1e6
"""Harm of outputs that are no numbers, or not comparable. Any that are may be better or worse than others."""
_EXACT = 1e-9


@dataclass(frozen=True)
class Objective:
    """Harm that nets do when they are tied."""

    harm: Callable[[Mapping[str, nn.Module]], float]
    """Harm of tied nets: zero for the first ones."""
    kind: Literal["loss", "outputs"]
    """`loss`: harm is the relative growth of a loss; `outputs`: the squared relative change of outputs."""

    def bound(self, share: float) -> float:
        """Return the harm that a relative growth or change stands for."""
        return share if self.kind == "loss" else share**2

    def share(self, harm: float) -> float:
        """Return the relative growth or change that a harm stands for."""
        return harm if self.kind == "loss" else math.sqrt(max(0.0, harm))


def by_losses(
    losses: Callable[[Mapping[str, nn.Module]], dict[str, float]], parts: Mapping[str, nn.Module]
) -> Objective:
    """Return the mean growth of the first loss of each part.

    Args:
        losses: Measures nets; names of losses begin with the part.
        parts: The nets as they are.
    """
    first: dict[str, tuple[str, float]] = {}
    for name, value in losses(parts).items():
        first.setdefault(name.split(".")[0], (name, value))

    def harm(tied: Mapping[str, nn.Module]) -> float:
        changed = {part: net for part, net in tied.items() if net is not parts[part]}
        after = losses(changed) if changed else {}
        grown = 0.0
        for part in changed:
            name, before = first[part]
            grown += _grown(after[name], before)
        return grown / len(first)

    return Objective(harm, "loss")


def by_outputs(run: Callable[[Mapping[str, nn.Module]], Any], first: Any) -> Objective:
    """Return how much outputs change, or how much one number grows.

    Args:
        run: Returns the outputs of nets: tensors, arrays, numbers, or lists and dicts of these. A single
            number is a loss, of which less is better.
        first: Outputs of the nets as they are.

    Raises:
        ConfigError: There are no numbers, or some are not finite.
    """
    before = leaves(first)
    if not before:
        raise ConfigError(
            "there is nothing to compare: what was run returned no numbers",
            hint="return outputs, as tensors, arrays, numbers, or lists and dicts of these; or one loss",
        )
    if not all(bool(leaf.isfinite().all()) for leaf in before):
        raise ConfigError("the outputs of the checkpoint as it is are not finite")
    if len(before) == 1 and before[0].numel() == 1:
        loss = float(before[0])

        def harm(tied: Mapping[str, nn.Module]) -> float:
            after = leaves(run(tied))
            if len(after) != 1 or after[0].numel() != 1:
                return WORST
            return _grown(float(after[0]), loss)

        return Objective(harm, "loss")
    return Objective(lambda tied: difference(leaves(run(tied)), before), "outputs")


def _grown(after: float, before: float) -> float:
    """Return the relative growth of a loss, or, of one that was zero, the growth."""
    if not math.isfinite(after):
        return WORST
    return (after - before) / (abs(before) if abs(before) > _EXACT else 1.0)


def difference(after: list[Tensor], before: list[Tensor]) -> float:
    """Return the squared change of outputs over their variance, the mean over tensors."""
    if [leaf.shape for leaf in after] != [leaf.shape for leaf in before]:
        return WORST
    found = []
    for new, old in zip(after, before, strict=True):
        energy = float((old - old.mean()).square().sum())
        energy = energy if energy > _EXACT * float(old.square().sum()) else float(old.square().sum())
        change = float((new - old).square().sum())
        found.append(change / energy if energy > 0 else float(change > 0))
    mean = sum(found) / len(found)
    return min(mean, WORST) if math.isfinite(mean) else WORST


def leaves(outputs: Any) -> list[Tensor]:
    """Return outputs as vectors: one for each tensor or array, one for all single numbers together."""
    tensors: list[Tensor] = []
    numbers: list[Tensor] = []

    def add(value: Any) -> None:
        if isinstance(value, Mapping):
            for of in value.values():
                add(of)
        elif isinstance(value, (list, tuple)):
            for of in value:
                add(of)
        elif isinstance(value, (bool, int, float, np.number)):
            numbers.append(torch.tensor(float(value), dtype=torch.float64))
        elif isinstance(value, (Tensor, np.ndarray)):
            tensor = value.detach() if isinstance(value, Tensor) else torch.from_numpy(np.array(value))
            tensor = tensor.to("cpu", torch.float64).flatten()
            (tensors if tensor.numel() > 1 else numbers).append(
                tensor if tensor.numel() > 1 else tensor.sum()
            )

    add(outputs)
    return tensors + ([torch.stack(numbers)] if numbers else [])
