"""Folds weight norm into weights, and takes weights apart again.

Salimans and Kingma, "Weight Normalization", 2016: w = g * v / |v|, with a length g for each output. Two
spellings are known in state dicts: `weight_g` and `weight_v` of `torch.nn.utils.weight_norm`, and
`parametrizations.weight.original0` and `.original1` of its successor.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from tiedtts.errors import CheckpointError

_SPELLINGS = {
    "hook": (re.compile(r"(?P<key>(?:.*\.)?weight\w*?)_g"), "{key}_g", "{key}_v"),
    "parametrization": (
        re.compile(r"(?P<path>(?:.*\.)?)parametrizations\.(?P<name>weight\w*)\.original0"),
        "{path}parametrizations.{name}.original0",
        "{path}parametrizations.{name}.original1",
    ),
}
"""Pattern of the key of the lengths, and how the two keys are written."""


def fold(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[list[Any]]]:
    """Return tensors with plain weights, and what was folded, for `unfold`.

    Returns:
        The tensors; and key of the weight, spelling and axes along which a norm was taken, of each.

    Raises:
        CheckpointError: A length does not fit its direction; names both keys.
    """
    pairs: dict[str, tuple[str, str, str, str]] = {}
    for key in tensors:
        for spelling, (pattern, _, direction) in _SPELLINGS.items():
            if found := pattern.fullmatch(key):
                other = direction.format(**found.groupdict())
                weight = "".join(found.groupdict().values())
                if other in tensors and weight not in tensors and tensors[other].is_floating_point():
                    pairs[key] = pairs[other] = (weight, spelling, key, other)
    folded: dict[str, Tensor] = {}
    products: dict[tuple[Any, ...], Tensor] = {}
    origin: list[list[Any]] = []
    for key, value in tensors.items():
        if key not in pairs:
            folded[key] = value
            continue
        weight, spelling, length, direction = pairs[key]
        if weight not in folded:
            axes = _axes(tensors, length, direction)
            # Layers that share both have one weight in the program.
            both = tuple(map(_memory, (tensors[length], tensors[direction])))
            if both not in products:
                products[both] = _product(tensors[length], tensors[direction], axes)
            folded[weight] = products[both]
            origin.append([weight, spelling, axes])
    return folded, origin


def unfold(tensors: Mapping[str, Tensor], origin: Sequence[Sequence[Any]]) -> dict[str, Tensor]:
    """Return tensors with the weights that `fold` made taken apart: g is the norm of a weight, v the weight.

    Raises:
        CheckpointError: A weight is missing.
    """
    apart: dict[str, Tensor] = dict(tensors)
    styles = {key: (spelling, axes) for key, spelling, axes in origin}
    if missing := [key for key in styles if key not in tensors]:
        raise CheckpointError(f"weight `{missing[0]}` is missing, which had weight norm")
    result: dict[str, Tensor] = {}
    for key, value in apart.items():
        if key not in styles:
            result[key] = value
            continue
        spelling, axes = styles[key]
        path, dot, name = key.rpartition(".")
        parts = {"key": key, "path": path + dot, "name": name}
        _, length, direction = _SPELLINGS[spelling]
        norm = _norm(value, axes)
        result[length.format(**parts)] = (norm if axes else norm.reshape(())).to(value.dtype)
        # A direction of zeros has no norm to divide by.
        result[direction.format(**parts)] = value if bool((norm > 0).all()) else value + (norm == 0)
    return result


def _memory(value: Tensor) -> tuple[int, torch.dtype, torch.Size, tuple[int, ...]]:
    """Return what two tensors have in common that are one."""
    return value.data_ptr(), value.dtype, value.shape, value.stride()


def _axes(tensors: Mapping[str, Tensor], length: str, direction: str) -> list[int]:
    """Return the axes over which the norm of a direction is taken; none if it is over the whole."""
    g, v = tensors[length], tensors[direction]
    if g.dim() == 0:
        return []
    fits = g.dim() == v.dim() and all(a in (1, b) for a, b in zip(g.shape, v.shape, strict=True))
    if not fits:
        wanted = (v.shape[0], *(1 for _ in v.shape[1:])) if v.dim() else ()
        raise CheckpointError(
            f"`{length}` is {tuple(g.shape)}, which does not fit `{direction}`, {tuple(v.shape)}",
            hint=f"weight norm over the outputs would be {wanted}",
        )
    return [axis for axis, size in enumerate(g.shape) if size == 1]


def _norm(weight: Tensor, axes: Sequence[int]) -> Tensor:
    """Return the Euclidean norm, with axes kept."""
    precise = weight if weight.dtype == torch.float64 else weight.float()
    norm: Tensor = torch.linalg.vector_norm(precise, dim=list(axes) or None, keepdim=True)
    return norm


def _product(length: Tensor, direction: Tensor, axes: Sequence[int]) -> Tensor:
    norm = _norm(direction, axes)
    scale = torch.where(norm > 0, length.to(norm) / norm, torch.zeros_like(norm))
    return (direction.to(norm) * scale).to(direction.dtype)
