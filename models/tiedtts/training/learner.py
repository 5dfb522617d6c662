"""The learner: everything that learns in a stage of a part."""

from fnmatch import fnmatchcase
from typing import Any

from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.optim import Optimizer

from tiedtts.errors import ConfigError
from tiedtts.training.adversary import Adversary
from tiedtts.training.optimizers import optimizer
from tiedtts.training.part_recipe import Stage
from tiedtts.training.state import JUDGE
from tiedtts.training.tasks.task import AdversarialTask, Task
from tiedtts.tying import adapters


class Learner:
    """The net by its optimiser, and the adversary if a stage has one.

    Args:
        task: Data and losses.
        net: The net itself.
        stage: Which parameters learn, and how.
        fabric: Device, precision and processes; launched.

    Raises:
        ConfigError: No parameter learns.
    """

    def __init__(self, task: Task, net: nn.Module, stage: Stage, fabric: Fabric) -> None:
        self.task, self.stage, self.fabric, self._net = task, stage, fabric, net
        self.net, self.optimizer = self._set_up()
        self.adversary: Adversary | None = None
        if stage.adversarial and isinstance(task, AdversarialTask):
            self.adversary = Adversary(task, stage, fabric)

    def set_up_again(self) -> None:
        """Go on where some of the net's parameters have given way to others, which begin without a past."""
        before = {id(value): past for value, past in _state(self.optimizer).items()}
        self.net, self.optimizer = self._set_up()
        for value in self._net.parameters():
            if id(value) in before and value.requires_grad:
                _state(self.optimizer)[value] = before[id(value)]

    def _set_up(self) -> tuple[nn.Module, Optimizer]:
        """Return the net as set up for several processes, and a fresh optimiser of what learns in it."""
        self._choose_parameters(self.stage)
        # Set up anew in each stage: the processes exchange the gradients of what learns in it.
        net = self.fabric.setup_module(self._net)
        return net, optimizer(self._net, self.task.recipe, self.stage.learning_rate, self.fabric)

    @property
    def nets(self) -> dict[str, nn.Module]:
        """All that learns, by the names in the state file."""
        judge = {} if self.adversary is None else {JUDGE: self.adversary.net}
        return {"net": self._net, **judge}

    @property
    def optimizers(self) -> dict[str, Optimizer]:
        """The optimisers, by the names in the state file."""
        judge = {} if self.adversary is None else {f"{JUDGE}_optimizer": self.adversary.optimizer}
        return {"optimizer": self.optimizer, **judge}

    def kept(self, step: int) -> dict[str, nn.Module]:
        """Return what goes on when the stage that ends at a step is over, by the names in the state file."""
        done, judged = 0, False
        for stage in self.task.recipe.stages:
            if done < step:
                judged = bool(stage.adversarial)
            done += stage.steps
        keeps = isinstance(self.task, AdversarialTask) and self.task.keeps_discriminators
        return self.nets if keeps and judged else {"net": self._net}

    def _choose_parameters(self, stage: Stage) -> None:
        """Let only the stage's parameters learn."""
        chosen = 0
        for name, parameter in self._net.named_parameters():
            wanted = not stage.only or any(fnmatchcase(name, p) for p in stage.only)
            frozen = any(fnmatchcase(name, p) for p in (*stage.frozen, *self.task.fixed))
            learns = wanted and not frozen and not adapters.is_shared(name)
            parameter.requires_grad_(learns)
            # What is left of the stage before would count in the norm that clipping measures.
            parameter.grad = None
            chosen += learns
        if not chosen:
            raise ConfigError(
                f"a stage of the {self.task.name} part trains no parameter",
                hint="`only` and `frozen` are patterns of parameter names, such as `decoder.*`",
            )


def _state(optimizer: Optimizer) -> dict[Tensor, dict[str, Any]]:
    """Return what an optimiser remembers of each parameter; fabric wraps the one that does."""
    found: dict[Tensor, dict[str, Any]] = getattr(optimizer, "optimizer", optimizer).state
    return found
