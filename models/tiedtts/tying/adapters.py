"""Adapters: a small difference that turns the weights many voices share into one voice's own.

A matrix gets a low-rank difference (Hu et al., "LoRA: Low-rank adaptation of large language models",
2022), a vector a whole one (Ben Zaken et al., "BitFit", 2022). While they learn, the shared weights stay as
they are; `merge` adds each difference to its weight and leaves a plain net, as fast as the shared one.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from tiedtts.errors import ConfigError

MOST_RANK = 256
"""Highest rank of a difference."""


class Difference(nn.Module):
    """The difference of one parameter, added whenever the parameter is read; zero at first.

    Args:
        shared: The parameter, (O, ...).
        rank: Rank of the difference of a matrix, (O, I) with all later axes as one.
        generator: Random numbers.
    """

    def __init__(self, shared: Tensor, rank: int, generator: torch.Generator) -> None:
        super().__init__()
        rows = shared.shape[0] if shared.dim() else 1
        columns = shared.numel() // max(rows, 1)
        self.is_low_rank = shared.dim() > 1 and rank * (rows + columns) < shared.numel()
        if self.is_low_rank:
            self.up = nn.Parameter(shared.new_zeros(rows, rank))
            # As large as what a linear layer draws, so that `up` learns at the pace of other weights.
            self.down = nn.Parameter(
                torch.randn(rank, columns, generator=generator).to(shared) / columns**0.5
            )
        else:
            self.whole = nn.Parameter(torch.zeros_like(shared))

    def forward(self, shared: Tensor) -> Tensor:
        """Return the voice's own parameter, in the shape of the shared one."""
        if self.is_low_rank:
            return shared + (self.up @ self.down).view_as(shared)
        return shared + self.whole


def attach(net: nn.Module, rank: int, seed: int = 0) -> nn.Module:
    """Give every parameter of a net a difference, and let only the differences learn.

    Args:
        net: The net, which is changed; it may be tied: a shared weight has one difference.
        rank: Rank of the differences of matrices.
        seed: Seed of the half of each low-rank difference that is not zero at first.

    Returns:
        The net.

    Raises:
        ConfigError: The rank is out of range.
    """
    if not 1 <= rank <= MOST_RANK:
        raise ConfigError(f"the rank of an adapter must be 1 to {MOST_RANK}, got: {rank}")
    generator = torch.Generator().manual_seed(seed)
    for path, shared in list(net.named_parameters()):
        above, _, name = path.rpartition(".")
        module = net.get_submodule(above)
        difference = Difference(shared.detach(), rank, generator)
        # Its checks would run the difference once more, and it keeps shape and type.
        parametrize.register_parametrization(module, name, difference, unsafe=True)
        shared.requires_grad_(False)
    return net


def merge(net: nn.Module) -> nn.Module:
    """Add each difference to its parameter; the net, which is changed and returned, is plain again."""
    for module in list(net.modules()):
        if parametrize.is_parametrized(module):
            # Torch changes the class that reads parameters, which copies of the net have in common with it.
            kind = type(module)
            module.__class__ = type(kind.__name__, kind.__bases__, dict(kind.__dict__))
            parametrizations: Any = module.parametrizations
            for name in list(parametrizations):
                parametrize.remove_parametrizations(module, name, leave_parametrized=True)
                getattr(module, name).requires_grad_(True)
    return net


def differences(net: nn.Module) -> dict[str, Difference]:
    """Return the differences of a net by the name of their parameter."""
    return {
        name.replace("parametrizations.", "").removesuffix(".0"): module
        for name, module in net.named_modules()
        if isinstance(module, Difference)
    }


def is_shared(name: str) -> bool:
    """Return whether a parameter is one that an adapter adds to, by its name in the net."""
    return "parametrizations." in name and name.endswith(".original")
