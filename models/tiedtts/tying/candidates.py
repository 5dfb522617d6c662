"""Candidates: ways to tie a group of layers, what each saves and costs, and which of them are worth it."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from tiedtts.tying.plan import TieRule

SAME_BYTES = 0.07
"""Share of bytes that makes no difference, as the scales of rows in 8 bits are."""
SAME_WORK = 0.005
"""Share of a net's work that makes none."""


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to tie a group of layers."""

    rule: TieRule
    """Ready for a plan."""
    layers: tuple[str, ...]
    """Names it matches."""
    kind: str
    """`structural` ties save parameters and work, `storage` ties parameters only."""
    parameters_before: int
    """Numbers in the layers' weights and biases."""
    parameters_after: int
    """Numbers stored when they are tied."""
    bytes_before: int
    """Size of weights and biases in the file that counts: the checkpoint, or the voice exported from it."""
    bytes_after: int
    """Size of everything stored there when they are tied, indices included."""
    bytes_saved: float
    """Share of the bytes of all nets that this tie alone saves."""
    work_saved: float
    """Share of the multiply-accumulates of all nets that this tie alone saves."""
    error: float
    """Norm of the change of all the weights over their norm."""
    loss: float | None = None
    """Held-out loss with only this tie, over the loss without; 1 is no change."""
    dominated: bool = False
    """Whether another way to tie these layers saves as much, at a smaller cost."""

    @property
    def bits(self) -> float:
        """Bits in the file for each number of the plain layers."""
        return 8 * self.bytes_after / max(1, self.parameters_before)

    @property
    def saving(self) -> float:
        """Shares of bytes and of work together, by which candidates are ranked."""
        return self.bytes_saved + self.work_saved

    @property
    def cost(self) -> float:
        """Held-out loss where there is one, else the error."""
        return self.error if self.loss is None else self.loss

    @property
    def saves(self) -> bool:
        """Whether the file gets smaller or the work less, by more than nothing to speak of."""
        smaller = self.bytes_before - self.bytes_after > SAME_BYTES * self.bytes_before
        return smaller or self.work_saved > SAME_WORK


def ranked(found: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates of a group that save anything, the most first, and mark what others dominate."""
    saving = sorted((each for each in found if each.saves), key=lambda each: -each.saving)
    return [
        dataclasses.replace(each, dominated=any(_dominates(other, each) for other in saving))
        for each in saving
    ]


def choose(groups: Sequence[Sequence[Candidate]], max_error: float, max_loss: float) -> tuple[Candidate, ...]:
    """Return the candidates of a plan: of each group the one, if any, that saves most within the bounds.

    Args:
        groups: Candidates of each group, as `ranked` returns them.
        max_error: Largest error, where no loss is measured.
        max_loss: Largest loss over that without.
    """
    chosen: list[Candidate] = []
    open_groups = list(range(len(groups)))
    every = [(each, at) for at, group in enumerate(groups) for each in group]
    # Some ties take in the layers of another group: for as many weights, they must save as much.
    for each, at in sorted(every, key=lambda row: -row[0].saving / max(1, row[0].parameters_before)):
        bound = max_error if each.loss is None else max_loss
        taken = {name for other in chosen for name in other.layers}
        if each.dominated or each.cost > bound or at not in open_groups or taken & set(each.layers):
            continue
        chosen.append(each)
        open_groups.remove(at)
    order = {id(each): at for at, (each, _) in enumerate(every)}
    return tuple(sorted(chosen, key=lambda each: order[id(each)]))


def _dominates(one: Candidate, other: Candidate) -> bool:
    """Return whether a candidate saves as much as another, costs no more, and is better in one of these."""
    if one is other or one.layers != other.layers:
        return False
    slack = SAME_BYTES * other.bytes_after
    no_larger = one.bytes_after <= other.bytes_after + slack
    no_slower = one.work_saved >= other.work_saved - SAME_WORK
    if not (no_larger and no_slower and one.cost <= other.cost):
        return False
    smaller = one.bytes_after < other.bytes_after - slack
    faster = one.work_saved > other.work_saved + SAME_WORK
    return smaller or faster or one.cost < other.cost
