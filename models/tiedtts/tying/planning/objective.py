"""Objectives: how much harm a tie does, as one number that adds up over layers."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from tiedtts.errors import ConfigError

WORST = 1e6
"""Harm of outputs that are no numbers, or not comparable. Any that are may be better or worse than others."""
FEW = 100
"""Numbers of outputs below which it may be chance which plan changes them least."""
_EXACT = 1e-9
STRETCHES = 8
"""Parts of outputs of which harms are told."""
_LITTLE = 0.01
"""Share of the mean harm below which it does not matter how little a part is harmed."""


@dataclass(frozen=True)
class Objective:
    """Harm that nets do when they are tied."""

    harms: Callable[[Mapping[str, nn.Module]], tuple[float, ...]]
    """Harms of tied nets on parts of the data that have nothing in common, zero for the first nets; one harm
    where parts cannot be told apart. Their mean is the harm."""
    kind: Literal["loss", "outputs"]
    """`loss`: harm is the relative growth of a loss; `outputs`: the squared relative change of outputs."""
    numbers: int | None = None
    """Count of the numbers that outputs are."""

    @property
    def is_doubtful(self) -> bool:
        """Whether outputs are so few that what changes them least may change others more."""
        return self.numbers is not None and self.numbers < FEW

    def harm(self, tied: Mapping[str, nn.Module]) -> float:
        """Return the harm of tied nets, the mean over all parts of the data."""
        return mean(self.harms(tied))

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

    def harms(tied: Mapping[str, nn.Module]) -> tuple[float, ...]:
        changed = {part: net for part, net in tied.items() if net is not parts[part]}
        after = losses(changed) if changed else {}
        grown = 0.0
        for part in changed:
            name, before = first[part]
            grown += _grown(after[name], before)
        return (grown / len(first),)

    return Objective(harms, "loss")


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

        def harms(tied: Mapping[str, nn.Module]) -> tuple[float, ...]:
            after = leaves(run(tied))
            if len(after) != 1 or after[0].numel() != 1:
                return (WORST,)
            return (_grown(float(after[0]), loss),)

        return Objective(harms, "loss")
    numbers = sum(leaf.numel() for leaf in before)
    return Objective(lambda tied: differences(leaves(run(tied)), before), "outputs", numbers)


def mean(harms: Sequence[float]) -> float:
    """Return the mean of the harms on parts of the data."""
    return sum(harms) / len(harms)


def _grown(after: float, before: float) -> float:
    """Return the relative growth of a loss, or, of one that was zero, the growth."""
    if not math.isfinite(after):
        return WORST
    return (after - before) / (abs(before) if abs(before) > _EXACT else 1.0)


def difference(after: list[Tensor], before: list[Tensor]) -> float:
    """Return the squared change of outputs over their variance, the mean over tensors."""
    return mean(differences(after, before))


def differences(after: list[Tensor], before: list[Tensor]) -> tuple[float, ...]:
    """Return the same for each of `STRETCHES` stretches of outputs, by the variance of all.

    Along their first axis outputs are of one input after another, or of one moment after another. Tensors of
    few numbers count as a whole in each.
    """
    if [leaf.shape for leaf in after] != [leaf.shape for leaf in before]:
        return (WORST,) * STRETCHES
    found = [0.0] * STRETCHES
    for new, old in zip(after, before, strict=True):
        energy = float((old - old.mean()).square().sum())
        energy = energy if energy > _EXACT * float(old.square().sum()) else float(old.square().sum())
        change = (new - old).square()
        pieces = [float(piece.sum()) for piece in change.tensor_split(STRETCHES)]
        if len(old) < STRETCHES:
            pieces = [sum(pieces) / STRETCHES] * STRETCHES
        for at, piece in enumerate(pieces):
            # The mean of all is then the change of all.
            share = STRETCHES * piece
            found[at] += (share / energy if energy > 0 else float(share > 0)) / len(before)
    is_known = all(map(math.isfinite, found)) and max(found) < WORST
    return tuple(found) if is_known else (WORST,) * STRETCHES


def score(harms: Sequence[float]) -> float:
    """Return a mean of the harms on parts of the data that no one part decides.

    It is half-way between the mean and the geometric mean: where a tie changes one moment much by chance, and
    all others a little, the mean alone would take what does so at another moment to be better.
    """
    middle = mean(harms)
    if len(harms) == 1 or middle <= 0:
        return middle
    logs = [math.log(max(of, _LITTLE * middle)) for of in harms]
    return math.sqrt(middle * math.exp(mean(logs)))


def leaves(outputs: Any) -> list[Tensor]:
    """Return outputs as vectors: one for each tensor or array, one for all single numbers together."""
    tensors: list[Tensor] = []
    numbers: list[float] = []

    def add(value: Any) -> None:
        if isinstance(value, Mapping):
            for of in value.values():
                add(of)
        elif isinstance(value, (list, tuple)):
            for of in value:
                add(of)
        elif isinstance(value, (bool, int, float, np.number)):
            numbers.append(float(value))
        elif isinstance(value, (Tensor, np.ndarray)):
            tensor = value.detach() if isinstance(value, Tensor) else torch.from_numpy(np.array(value))
            tensor = tensor.to("cpu", torch.float64).flatten()
            if tensor.numel() > 1:
                tensors.append(tensor)
            else:
                numbers.append(float(tensor.sum()))

    add(outputs)
    return tensors + ([torch.tensor(numbers, dtype=torch.float64)] if numbers else [])
