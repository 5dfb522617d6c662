"""k-means, the same at every run."""

import torch
from torch import Tensor

STEPS = 40
"""Most rounds of Lloyd's algorithm; it stops when nothing changes."""
_CHUNK = 1 << 22
"""Distances held at a time."""


def cluster(points: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Return centres, (k, D), and the centre of each point, (N,), for points, (N, D).

    Exact if there are at most k different points. k may not be above N.
    """
    if points.shape[1] == 1:
        centres = _on_a_line(points[:, 0], k)[:, None]
        middles = (centres[1:, 0] + centres[:-1, 0]) / 2
        return centres, torch.bucketize(points[:, 0].contiguous(), middles)
    distinct, index = torch.unique(points, dim=0, return_inverse=True)
    if len(distinct) <= k:
        # The same shape whatever the weights are: unused centres repeat the last.
        return torch.cat([distinct, distinct[-1:].expand(k - len(distinct), -1)]), index
    centres = _seeds(points, k)
    nearest = _nearest(points, centres)
    for _ in range(STEPS):
        counts = torch.bincount(nearest, minlength=k)[:, None]
        sums = torch.zeros_like(centres).index_add_(0, nearest, points)
        # A centre that lost all its points stays where it is.
        centres = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
        previous, nearest = nearest, _nearest(points, centres)
        if torch.equal(previous, nearest):
            break
    return centres, nearest


def _on_a_line(values: Tensor, k: int) -> Tensor:
    """Return sorted centres, (k,), of numbers; a round costs k searches of their sorted list."""
    ordered = values.sort().values
    distinct = torch.unique_consecutive(ordered)
    if len(distinct) <= k:
        return torch.cat([distinct, distinct[-1:].expand(k - len(distinct))])
    # Evenly along the root of the rank's distance to the ends: dense where numbers are, and at the edges.
    sums = torch.cat([ordered.new_zeros(1, dtype=torch.float64), ordered.double().cumsum(0)])
    ranks = (torch.arange(k, dtype=torch.float64, device=values.device) + 0.5) / k
    quantiles = ordered[(ranks * len(ordered)).long()].double()
    line = torch.lerp(ordered[0].double(), ordered[-1].double(), ranks)
    centres = (quantiles + line) / 2
    for _ in range(STEPS):
        edges = torch.bucketize(((centres[1:] + centres[:-1]) / 2).to(ordered), ordered)
        bounds = torch.cat([edges.new_zeros(1), edges, edges.new_full((1,), len(ordered))])
        counts = bounds.diff()
        moved = torch.where(counts > 0, sums[bounds].diff() / counts.clamp(min=1), centres)
        if torch.equal(moved, centres):
            break
        centres = moved
    return centres.to(values).sort().values


def _seeds(points: Tensor, k: int) -> Tensor:
    """Choose first centres far from each other (k-means++, Arthur and Vassilvitskii, 2007)."""
    # The choice is part of what a plan means: the same on every machine, apart from the user's own seed.
    generator = torch.Generator().manual_seed(0)
    chosen = [int(torch.randint(len(points), (), generator=generator))]
    distance = (points - points[chosen[0]]).square().sum(1)
    while len(chosen) < k:
        reach = distance.cumsum(0)
        target = float(torch.rand((), generator=generator, dtype=torch.float64)) * float(reach[-1])
        chosen.append(min(int(torch.searchsorted(reach, target, right=True)), len(points) - 1))
        distance = torch.minimum(distance, (points - points[chosen[-1]]).square().sum(1))
    return points[chosen].clone()


def _nearest(points: Tensor, centres: Tensor) -> Tensor:
    offsets = centres.square().sum(1) / 2
    step = max(1, _CHUNK // len(centres))
    return torch.cat(
        [(offsets - part @ centres.T).argmin(1) for part in points.chunk(-(-len(points) // step))]
    )


def index_type(k: int) -> torch.dtype:
    """Return the smallest type that holds indices below k."""
    return torch.uint8 if k <= 1 << 8 else torch.int16 if k <= 1 << 15 else torch.int32
