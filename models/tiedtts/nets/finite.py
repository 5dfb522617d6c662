"""Weights that are numbers: a net with NaN in it says nothing, and what it is put into is lost."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from tiedtts.errors import CheckpointError
from tiedtts.quoting import named


def broken(tensors: Mapping[str, Tensor], *, infinite_too: bool = True) -> list[str]:
    """Return the names of tensors that hold NaN, or infinity unless that is allowed."""
    found = []
    for name, tensor in tensors.items():
        # torch has no tests for numbers of eight bits.
        if not tensor.is_floating_point() or tensor.itemsize < 2:
            continue
        values = tensor.detach()
        if not bool(values.isfinite().all() if infinite_too else ~values.isnan().any()):
            found.append(name)
    return found


def check(net: nn.Module, what: str, *, strict: bool = True) -> None:
    """Refuse a net whose weights are not all numbers.

    Args:
        net: Any net.
        what: Named in the error.
        strict: Parameters must be finite, too; buffers may hold the logarithm of zero.

    Raises:
        CheckpointError: Names the first such tensor.
    """
    with torch.no_grad():
        parameters = dict(net.named_parameters())
        found = broken(parameters, infinite_too=strict)
        found += broken(dict(net.named_buffers()), infinite_too=False)
    if found:
        more = f", as do {len(found) - 1} more" if len(found) > 1 else ""
        raise CheckpointError(
            f"{what} holds NaN or infinity in `{named(found[0])}`{more}", hint="take an earlier checkpoint"
        )
