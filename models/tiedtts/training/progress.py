"""Progress: how far a whole run has come, all of its parts together, and how long the rest will take."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tiedtts.training.part_recipe import PartRecipe, Stage

COSTS = {
    "recognizer": 0.025,
    "deepspeech": 0.05,
    "acoustic": 0.03,
    "tacotron": 0.075,
    "harmonic": 0.017,
    "wavenet": 0.06,
    "joint": 0.031,
}
"""Seconds of a step for each recording of its batch, by architecture, on one core of a CPU. Only the
ratios count: how long a stage takes against another, before a step of it was made."""
ADVERSARIAL = 1.8
"""Factor of a step that trains a discriminator, too."""
REPULSION = 1.7
"""Factor of a step that draws two samples."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a run has come."""

    part: str
    """Part that is being trained."""
    step: int
    """Steps done of this part."""
    steps: int
    """Steps of this part in all."""
    losses: Mapping[str, float]
    """Losses of the last step, by name."""
    place: int
    """Place of the part among those of the run, from 1."""
    parts: int
    """Number of parts of the run."""
    stage: int
    """Stage of the part, from 1."""
    stages: int
    """Number of stages of the part."""
    share: float
    """Share of the work of the whole run that is done, 0 to 1; it never falls."""
    seconds_left: float
    """Estimate for the whole run, from the speed of this run."""


@dataclass
class _Leg:
    """A stage of a part: how many steps it has, and what they cost."""

    part: str
    steps: int
    cost: float
    """Cost of a step against one of other stages, before its speed is known."""
    done: int = 0
    measured: int = 0
    """Steps that this process has made."""
    seconds: float = 0.0
    """Seconds of these."""


@dataclass
class RunClock:
    """Measures how fast each stage goes, and tells how far the run has come.

    Args:
        recipes: Recipe of each part that is trained, in order.
        tell: Told how far the run has come.
    """

    recipes: Mapping[str, PartRecipe]
    tell: Callable[[Progress], None] | None = None
    _legs: list[_Leg] = field(init=False)
    _begin: float = field(init=False, default=0.0)
    _before: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._legs = [
            _Leg(part, stage.steps, step_cost(recipe, stage))
            for part, recipe in self.recipes.items()
            for stage in recipe.stages
        ]

    def begin(self, part: str, step: int) -> None:
        """Note that a stage begins or goes on, when so many steps of its part are done."""
        self._reach(part, step)
        self._begin, self._before = time.monotonic(), step

    def report(self, part: str, step: int, losses: Mapping[str, float]) -> None:
        """Note that so many steps of a part are done, and tell of it."""
        self._reach(part, step)
        stages = self._of(part)
        number = self._stage(stages, step)
        leg = stages[number]
        leg.measured, leg.seconds = step - self._before, time.monotonic() - self._begin
        if self.tell is not None:
            places = list(self.recipes)
            self.tell(
                Progress(
                    part=part,
                    step=step,
                    steps=self.recipes[part].steps,
                    losses=losses,
                    place=places.index(part) + 1,
                    parts=len(places),
                    stage=number + 1,
                    stages=len(stages),
                    share=self.share,
                    seconds_left=self.seconds_left,
                )
            )

    @property
    def share(self) -> float:
        """Share of the work that is done, 0 to 1."""
        whole = sum(leg.steps * leg.cost for leg in self._legs)
        return sum(leg.done * leg.cost for leg in self._legs) / whole

    @property
    def seconds_left(self) -> float:
        """Seconds that the rest will take: each stage at its own speed, or at that of what was measured."""
        seconds = sum(leg.seconds for leg in self._legs)
        cost = sum(leg.measured * leg.cost for leg in self._legs)
        usual = seconds / cost if cost else 1.0
        return sum(
            (leg.steps - leg.done) * (leg.seconds / leg.measured if leg.measured else leg.cost * usual)
            for leg in self._legs
        )

    def _of(self, part: str) -> list[_Leg]:
        return [leg for leg in self._legs if leg.part == part]

    def _reach(self, part: str, step: int) -> None:
        """Note that all parts before this one are done, and so many steps of it."""
        for leg in self._legs:
            if leg.part == part:
                break
            leg.done = leg.steps
        for leg in self._of(part):
            leg.done = min(leg.steps, max(0, step))
            step -= leg.steps

    @staticmethod
    def _stage(stages: Sequence[_Leg], step: int) -> int:
        """Return the number of the stage, from 0, that the last of so many steps belongs to."""
        for number, leg in enumerate(stages):
            if step <= leg.steps:
                return number
            step -= leg.steps
        return len(stages) - 1


def step_cost(recipe: PartRecipe, stage: Stage) -> float:
    """Return what a step costs, in seconds of an ordinary CPU."""
    cost = COSTS[recipe.architecture] * recipe.batch_size
    return cost * (ADVERSARIAL if stage.adversarial else 1.0) * (REPULSION if stage.repulsion else 1.0)
