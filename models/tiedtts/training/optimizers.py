"""Optimisers: AdamW over the parameters of a net that a stage trains.

Loshchilov & Hutter, "Decoupled weight decay regularization", 2019.
"""

from lightning_fabric import Fabric
from torch import nn
from torch.optim import AdamW, Optimizer

from tiedtts.training.part_recipe import PartRecipe


def optimizer(net: nn.Module, recipe: PartRecipe, learning_rate: float, fabric: Fabric) -> Optimizer:
    """Return a fresh optimiser of the parameters that require a gradient."""
    learning = [p for p in net.parameters() if p.requires_grad]
    plain = AdamW(learning, lr=learning_rate, betas=recipe.betas, weight_decay=recipe.weight_decay)
    made = fabric.setup_optimizers(plain)
    assert isinstance(made, Optimizer)
    return made


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    """Set the learning rate of an optimiser's next step."""
    for group in optimizer.param_groups:
        group["lr"] = rate
