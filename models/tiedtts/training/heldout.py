"""Losses of any trained net on the held-out recordings of a data folder, for `tie` and `suggest`."""

import copy
import dataclasses
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import torch
from torch import nn

from tiedtts.errors import ConfigError, CorpusError
from tiedtts.training import architectures
from tiedtts.training import corpus as corpora
from tiedtts.training import recipe as recipes
from tiedtts.training.corpus import Corpus
from tiedtts.training.recipe import Recipe
from tiedtts.training.tasks.task import Task

MOST_SEEN = 32
"""Recordings that ties look at."""


class HeldOut:
    """The held-out recordings of a data folder, to measure nets with.

    Args:
        data: Folder made by `prepare`.

    Raises:
        CorpusError: It cannot be used, or nothing in it is held out.
    """

    def __init__(self, data: Path) -> None:
        self.left_out: list[str] = []
        self.corpus: Corpus = corpora.load(data, self.left_out)
        if not self.corpus.heldout:
            raise CorpusError(f"nothing is held out in {data}", hint="prepare it again with `--holdout 5%`")

    def on_training(self) -> "HeldOut":
        """Return the same for recordings that nets are trained on, which ties may look at."""
        made = copy.copy(self)
        made.corpus = dataclasses.replace(self.corpus, heldout=self.corpus.train[:MOST_SEEN])
        return made

    def losses(self, parts: Mapping[str, nn.Module]) -> dict[str, float]:
        """Return the losses of nets by name, `part.loss`; weights stay as they are.

        Args:
            parts: Part name to net.

        Raises:
            ConfigError: A net is not one that this program trains.
        """
        found = {}
        for part, net in parts.items():
            torch.manual_seed(_recipe(recipes.DEFAULT).seed)
            for name, value in self._task(part, net).evaluate(net.eval()).items():
                found[f"{part}.{name}"] = value
        return found

    def _task(self, part: str, net: nn.Module) -> Task:
        kind = architectures.of_net(net)
        if kind is None:
            raise ConfigError(
                f"held-out losses are only known for nets that `train` makes, not for {type(net).__name__}",
                hint="leave out the data",
            )
        # The net's own sizes: a recipe of others would change it, such as the frames of a Tacotron's step.
        recipe = dataclasses.replace(getattr(_recipe(kind.recipe), part), net=net.config)
        return kind.task(self.corpus, recipe, net)


@cache
def _recipe(name: str) -> Recipe:
    """Return a recipe of the package: one for all nets that are measured."""
    return recipes.load(name)
