"""Soft groups: rows belong to all groups, the more the nearer they are, while ties are learnt."""

import torch
from torch import Tensor

from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.schemes.merging import clustered, points_of
from tiedtts.tying.values import precise


def softened(
    spec: LayerSpec, weight: Tensor, assignment: Tensor, k: int, softness: float, bias: Tensor | None
) -> tuple[Tensor, Tensor | None, Tensor]:
    """Return where soft groups have the rows: each at the mean of all centres, by how near they are.

    Cho et al., "DKM: Differentiable k-means clustering layer for neural network compression", 2022, whose
    attention this is, without a gradient.

    Args:
        spec: The plain layer.
        weight: Weight of the plain layer.
        assignment: Centre of each channel in the step before, (g, O / g), or (1, V).
        k: Number of centres.
        softness: Temperature, in mean distances from rows to their centres.
        bias: (O,), if channels are alike only with like biases.

    Returns:
        Weight and bias there, and the nearest centre of each channel.
    """
    canonical = precise(spec.canonical(weight))
    targets, nearest = [], []
    for points, before in zip(points_of(canonical, bias), assignment, strict=True):
        index = clustered(spec, points, k, before, 1)
        counts = torch.bincount(index, minlength=k).clamp(min=1)
        centres = points.new_zeros(k, points.shape[1]).index_add_(0, index, points) / counts[:, None]
        distances = torch.cdist(points, centres)
        own = distances.gather(1, index[:, None]).mean().clamp(min=1e-30)
        padding = spec.arguments.get("padding_idx")
        if padding is not None and k > 1:
            # It has a centre of its own.
            distances[:, index[padding]] = torch.inf
            distances[padding] = torch.inf
            distances[padding, index[padding]] = 0
        drawn = torch.softmax(-distances / (softness * own), 1)
        centres = drawn.T @ points / drawn.sum(0).clamp(min=1e-30)[:, None]
        targets.append(drawn @ centres)
        nearest.append(index)
    found = torch.stack(targets)
    added = None if bias is None else found[..., -1].reshape(-1)
    rows = torch.unflatten(found[..., : canonical[0, 0].numel()], 2, canonical.shape[2:])
    return spec.native(rows), added, torch.stack(nearest)
