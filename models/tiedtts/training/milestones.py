"""Milestones: the steps at which held-out losses, pictures and checkpoints of a part are due."""

from collections.abc import Callable, Mapping
from pathlib import Path

from torch import nn

from tiedtts.training.log import Log
from tiedtts.training.page import Page
from tiedtts.training.recipe import Recipe
from tiedtts.training.speaker import Speaker
from tiedtts.training.tasks.task import Task

Keep = Callable[[nn.Module, int, Path], None]
"""Writes a checkpoint of a net, after so many steps, to a path."""


class Milestones:
    """Evaluation, pictures and checkpoints on the way, in the folder of a part.

    Args:
        task: Evaluates and illustrates the net.
        recipe: Steps between one and the next of each kind.
        folder: Where pictures, sounds and checkpoints go.
        keep: Writes a checkpoint.
        speaker: Says sentences beside the pictures; nobody does if None.
        page: The page of the run, which grows at each milestone; none if None.
    """

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        folder: Path,
        keep: Keep,
        speaker: Speaker | None = None,
        page: Page | None = None,
    ) -> None:
        self.task, self.recipe, self.folder, self.keep = task, recipe, folder, keep
        self.speaker, self.page = speaker, page

    def due(self, step: int, end: int) -> set[str]:
        """Return what is due after a step of a stage that ends at `end`: `evaluate`, `illustrate`, `keep`."""
        cadence = {
            "evaluate": self.recipe.evaluate_every,
            "illustrate": self.recipe.illustrate_every,
            "keep": self.recipe.keep_every,
        }
        found = {name for name, every in cadence.items() if step == end or step % every == 0}
        # The checkpoint of the last step is written when the part is finished.
        return found - {"keep"} if step == self.task.recipe.steps else found

    def reach(self, net: nn.Module, step: int, due: set[str], values: Mapping[str, float], log: Log) -> None:
        """Do what is due.

        Args:
            net: With the running mean of the weights.
            step: Steps done.
            due: Members of what `due` returns.
            values: Losses of the step by name, for the log.
            log: The part's log.
        """
        if "evaluate" in due:
            heldout = {f"heldout_{name}": value for name, value in self.task.evaluate(net).items()}
            log.add(step, {**values, **heldout})
        if "illustrate" in due:
            folder = self.folder / f"step_{step}"
            folder.mkdir(exist_ok=True)
            self.task.illustrate(net, folder)
            if self.speaker is not None:
                self.speaker.speak(net, folder)
        if "keep" in due:
            self.keep(net, step, self.folder / f"step_{step}.safetensors")
            for path in kept(self.folder)[: -self.recipe.keep_last]:
                path.unlink()
        if self.page is not None and due & {"evaluate", "illustrate"}:
            self.page.reach(self.task.name, step)


def kept(folder: Path) -> list[Path]:
    """Return the checkpoints in the folder of a part, the last one last."""
    found = [path for path in folder.glob("step_*.safetensors") if path.stem[5:].isdecimal()]
    return sorted(found, key=lambda path: int(path.stem[5:]))
