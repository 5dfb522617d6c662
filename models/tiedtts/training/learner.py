"""The learner: everything that learns in a stage of a part."""

from fnmatch import fnmatchcase

from lightning_fabric import Fabric
from torch import nn
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
        self.task, self._net = task, net
        self._choose_parameters(stage)
        # Set up anew in each stage: the processes exchange the gradients of what learns in it.
        self.net: nn.Module = fabric.setup_module(net)
        """The net as set up for several processes."""
        self.optimizer = optimizer(net, task.recipe, stage.learning_rate, fabric)
        self.adversary: Adversary | None = None
        if stage.adversarial and isinstance(task, AdversarialTask):
            self.adversary = Adversary(task, stage, fabric)

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
