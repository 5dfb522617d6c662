"""The schedule of a training: the learning rate and the random seed of each step."""

import math

import numpy as np

from tiedtts.training.part_recipe import Stage


def learning_rate(stage: Stage, step: int) -> float:
    """Return the learning rate of a step of a stage, counted from its beginning."""
    if step < stage.warmup:
        return stage.learning_rate * (step + 1) / stage.warmup
    share = (step - stage.warmup) / max(1, stage.steps - stage.warmup)
    height = stage.final + (1 - stage.final) * (1 + math.cos(math.pi * share)) / 2
    return stage.learning_rate * height


def seed(*numbers: int) -> int:
    """Mix numbers, such as the recipe's seed and the step, to one seed."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])
