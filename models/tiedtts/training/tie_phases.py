"""Phases of a part in which ties are learnt: when they begin, pull and merge, and what is told of them."""

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from lightning_fabric import Fabric
from torch import nn

from tiedtts.errors import ConfigError
from tiedtts.training.part_recipe import PartRecipe
from tiedtts.tying import TiePlan, TieRule
from tiedtts.tying.learn import Learn
from tiedtts.tying.learned_ties import LearnedTies

DISTANCE = "tie_distance"
"""Column of the log: how far weights are from where their ties have them, as a share of their norm."""
Nets = Callable[[nn.Module], Mapping[str, nn.Module]]
"""Takes the net in training to those that it consists of, by the part of the voice that each is."""


@dataclass
class TiePhase:
    """Ties of one net that are learnt on one schedule."""

    part: str
    """Part of the voice."""
    plan: TiePlan
    """All rules of the net; those with this schedule are learnt."""
    learn: Learn
    begin: int
    """Step before which groups are found."""
    end: int
    """Step after which they are merged."""
    ties: LearnedTies | None = field(default=None, repr=False)
    """From the beginning to the end."""

    @property
    def rules(self) -> tuple[TieRule, ...]:
        """Rules with this schedule."""
        return tuple(rule for rule in self.plan.rules if rule.learn == self.learn)

    @property
    def in_words(self) -> str:
        """Ties that are learnt, and when."""
        layers = ", ".join(f"`{rule.layers}`" for rule in self.rules)
        return (
            f"{layers}: ties are learnt from step {self.begin:,} to {self.end:,} of the {self.part} part, "
            "then merged"
        )

    @property
    def told(self) -> dict[str, Any]:
        """Ties that are learnt, as plain values."""
        return {
            "layers": [rule.layers for rule in self.rules],
            "scheme": ", ".join(dict.fromkeys(rule.scheme for rule in self.rules)),
            "begin": self.begin,
            "end": self.end,
        }


class TiePhases:
    """All phases of one part.

    Args:
        plans: Plan of each net, with names that begin with the part, of which rules with `learn` are learnt.
        nets: Takes the net in training to these nets.
        recipe: Steps of the part, and what its stages train.

    Raises:
        ConfigError: A schedule is longer than the training, or together with adapters.
    """

    def __init__(self, plans: Mapping[str, TiePlan], nets: Nets, recipe: PartRecipe) -> None:
        self.nets, self.recipe = nets, recipe
        self.phases = sorted(
            (phase for part, plan in plans.items() for phase in phases_of(part, plan, recipe)),
            key=lambda phase: phase.end,
        )
        if self.phases and recipe.adapter_rank:
            raise ConfigError(
                "ties cannot be learnt while adapters are: the weights themselves do not change",
                hint="leave `learn` out of the plan, or `adapter_rank` out of the recipe",
            )

    def check(self, net: nn.Module) -> None:
        """Refuse to pull weights that a stage holds fast, or that cannot be pulled.

        Raises:
            ConfigError: Names them.
        """
        names = {id(value): name for name, value in net.named_parameters()}
        for phase in self.phases:
            pulled = self._ties(phase, net).weights(self._root(phase, net))
            begin = 0
            for stage in self.recipe.stages:
                if begin < phase.end and phase.begin < begin + stage.steps:
                    for name in (names[id(value)] for value in pulled.values()):
                        wanted = not stage.only or any(fnmatchcase(name, p) for p in stage.only)
                        if not wanted or any(fnmatchcase(name, p) for p in stage.frozen):
                            raise ConfigError(
                                f"the tie of `{name}` is to be learnt while a stage keeps it as it is",
                                hint="leave it out of the plan's rule, or let it learn in all stages until "
                                f"step {phase.end:,}",
                            )
                begin += stage.steps

    def resume(self, net: nn.Module, step: int) -> bool:
        """Give a net that has just been made the form that it had after so many steps.

        Its numbers, and which are tied to which, are those of the state file.

        Returns:
            Whether the net has other tensors than before.
        """
        merged = False
        for phase in self.phases:
            if phase.begin < step:
                phase.ties = self._ties(phase, net)
            if phase.end <= step:
                self._merge(phase, net)
                merged = True
        return merged

    def prepare(self, net: nn.Module, step: int, fabric: Fabric) -> None:
        """Find the groups of phases that begin with a step, the first one being 0, or find them again."""
        for phase in self.phases:
            since = step - phase.begin
            if since == 0:
                phase.ties = self._ties(phase, net)
            elif phase.ties is not None and phase.learn.regroup and since % phase.learn.regroup == 0:
                phase.ties.regroup(self._root(phase, net))
            else:
                continue
            # Rounding may differ between machines, and what is one in one process is one in all.
            for value in phase.ties.state_dict().values() if fabric.world_size > 1 else ():
                value.copy_(fabric.broadcast(value))

    def pull(self, net: nn.Module, step: int, *, report: bool) -> dict[str, float]:
        """Pull weights together after a step of the optimiser.

        Args:
            net: It is changed.
            step: The step, the first one being 0.
            report: Also measure.

        Returns:
            The largest distance before the pull, for the log; nothing if nothing is learnt in this step.
        """
        found: list[float] = []
        for phase in self._active(step):
            assert phase.ties is not None
            root = self._root(phase, net)
            if report:
                found.append(phase.ties.distance(root))
            at = (step - phase.begin, phase.end - phase.begin)
            phase.ties.pull(root, phase.learn.strength(*at), phase.learn.softness(*at))
        return {DISTANCE: max(found)} if found else {}

    def ends_at(self, step: int) -> bool:
        """Return whether a phase ends after so many steps."""
        return any(phase.end == step for phase in self.phases)

    def merge(self, step: int, *nets: nn.Module) -> None:
        """Put tied layers into nets where a phase ends after so many steps: first the one in training."""
        for phase in self.phases:
            if phase.end == step:
                self._merge(phase, *nets)

    def learning(self, step: int) -> dict[str, nn.Module]:
        """Return what is to be saved of phases that go on after so many steps, by its name in the state."""
        return {
            f"ties{number}": phase.ties
            for number, phase in enumerate(self.phases)
            if phase.ties is not None and phase.begin < step < phase.end
        }

    def rules(self, part: str, step: int) -> tuple[TieRule, ...]:
        """Return the rules whose ties a net has learnt after so many steps, as rules of ties made at once."""
        return tuple(
            rule.at_once
            for phase in self.phases
            if phase.part == part and phase.end <= step
            for rule in phase.rules
        )

    def told(self, part: str, net: nn.Module, step: int) -> list[dict[str, Any]]:
        """Return what a checkpoint tells of the ties that a net learns, as plain values."""
        found = []
        for phase in self.phases:
            if phase.part != part or phase.begin >= step:
                continue
            own: dict[str, Any] = {"step": step} if step < phase.end else {}
            if own and phase.ties is not None:
                own["distance"] = round(phase.ties.distance(self._root(phase, net)), 6)
            found.append({**phase.told, **own})
        return found

    def _active(self, step: int) -> Iterator[TiePhase]:
        return (phase for phase in self.phases if phase.begin <= step < phase.end)

    def _root(self, phase: TiePhase, net: nn.Module) -> nn.Module:
        return nn.ModuleDict({phase.part: self.nets(net)[phase.part]})

    def _ties(self, phase: TiePhase, net: nn.Module) -> LearnedTies:
        learn = phase.learn
        return LearnedTies(self._root(phase, net), phase.plan, lambda rule: rule.learn == learn)

    def _merge(self, phase: TiePhase, *nets: nn.Module) -> None:
        assert phase.ties is not None
        for net in nets[1:]:
            copy.deepcopy(phase.ties).merge(self._root(phase, net))
        phase.ties.merge(self._root(phase, nets[0]))
        phase.ties = None


def alone(part: str) -> Nets:
    """Return what takes the net of a part, which consists of nothing else, to the nets by their parts."""
    return lambda net: {part: net}


def phases_of(part: str, plan: TiePlan, recipe: PartRecipe) -> Iterator[TiePhase]:
    """Yield a phase for each schedule of a plan.

    Raises:
        ConfigError: One is longer than the training.
    """
    for learn in dict.fromkeys(rule.learn for rule in plan.rules if rule.learn is not None):
        try:
            yield TiePhase(part, plan, learn, learn.begin, learn.end(recipe.steps))
        except ConfigError as error:
            layers = ", ".join(f"`{rule.layers}`" for rule in plan.rules if rule.learn == learn)
            raise ConfigError(f"{plan.source}, {layers}: {error}", hint=error.hint) from error
