"""Merging: which rows of a weight are alike, and the row that stands for them."""

import torch
from torch import Tensor

from tiedtts.tying import kmeans
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.moments import Moments
from tiedtts.tying.schemes.cluster_options import ClusterOptions
from tiedtts.tying.values import Values


def merge_rows(
    spec: LayerSpec,
    canonical: Tensor,
    points: Tensor,
    options: ClusterOptions,
    before: Tensor | None = None,
    rounds: int = 0,
) -> Values:
    """Put rows together.

    Args:
        spec: The plain layer.
        canonical: Its weight, (g, O / g, I / g, K).
        points: Point of each row, (g, O / g, D), of which those that are near each other are one.
        options: How many rows stay.
        before: Row of each, (g, O / g), if it is known.
        rounds: Rounds of k-means after which what was known may differ.
    """
    k = options.kept(canonical.shape[1])
    kept, assignments, scales = [], [], []
    for at, (rows, point) in enumerate(zip(canonical.flatten(2), points, strict=True)):
        sizes = point.square().sum(1, keepdim=True).sqrt()
        sizes = torch.where(sizes > 0, sizes, 1.0)
        is_scaled = options.scales == "rows"
        alike = point / sizes if is_scaled else point
        known = None if before is None else before[at]
        nearest = clustered(spec, alike, k, known, rounds)
        weights = sizes if is_scaled else torch.ones_like(sizes)
        # The mean; with scales, the row with which those that it stands for are the nearest multiples.
        mass = weights.new_zeros(k, 1).index_add_(0, nearest, weights.square()).clamp(min=1e-30)
        centres, middle = (
            of.new_zeros(k, of.shape[1]).index_add_(0, nearest, of * weights) / mass for of in (rows, point)
        )
        counts = torch.bincount(nearest, minlength=k).to(rows)
        if is_scaled:
            own = middle.index_select(0, nearest)
            factor = (point * own).sum(1) / own.square().sum(1)
            scales.append(torch.where(factor.isfinite(), factor, weights[:, 0]))
        elif options.repair:
            # By weights alone, the energy of the weights without what is added.
            of, mean = (point, middle) if options.by == "activations" else (rows, centres)
            energy = torch.zeros_like(counts).index_add_(0, nearest, of.square().sum(1)) / counts
            # A row that stands for one channel, or for equal ones, is right as it is.
            gain = (energy / mean.square().sum(1)).sqrt()
            centres = centres * torch.where(gain.isfinite() & (counts > 1), gain, 1.0)[:, None]
        kept.append(torch.unflatten(centres, 1, canonical.shape[2:]))
        assignments.append(nearest)
    found = {"rows": torch.stack(kept), "assignment": torch.stack(assignments).to(kmeans.index_type(k))}
    return found | ({"scales": torch.stack(scales)} if scales else {})


def output_products(
    spec: LayerSpec, seen: Moments, bias: Tensor | None, gains: Tensor | None
) -> Tensor | None:
    """Return products of outputs, (g, O / g, O / g), mean over positions, with factors and what is added.

    Where each channel keeps a bias of its own, means are no part of them: the bias takes them up.
    """
    alone = bias is None
    products = seen.outer(centred=alone and spec.has_bias)
    if products is None:
        return None
    factors = products.new_ones(products.shape[:2]) if gains is None else gains.to(products)[None]
    products = products * factors[:, :, None] * factors[:, None]
    if bias is None:
        return products
    mean = seen.mean_output()
    if mean is None:
        return None
    mean = mean * factors
    added = bias.to(products).reshape(len(products), -1)
    mixed = mean[:, :, None] * added[:, None]
    return products + mixed + mixed.transpose(1, 2) + added[:, :, None] * added[:, None]


def points_of(canonical: Tensor, bias: Tensor | None) -> Tensor:
    """Return the point of each row, (g, O / g, D): its weights, and the bias if that belongs to it."""
    points = canonical.flatten(2)
    if bias is None:
        return points
    return torch.cat([points, bias.to(points).reshape(len(points), -1, 1)], 2)


def clustered(spec: LayerSpec, points: Tensor, k: int, before: Tensor | None, rounds: int) -> Tensor:
    """Return the centre of each point; what a table has for padding keeps a centre of its own.

    Args:
        spec: The plain layer.
        points: (N, D).
        k: Number of centres.
        before: Centres that are known, (N,), if any are.
        rounds: Rounds after which these may differ.
    """
    padding = spec.arguments.get("padding_idx")
    if padding is not None and k > 1:
        others = torch.cat([points[:padding], points[padding + 1 :]])
        known = None if before is None else torch.cat([before[:padding], before[padding + 1 :]])
        nearest = _found(others, k - 1, known, rounds)
        own = nearest.new_full((1,), k - 1)
        return torch.cat([nearest[:padding], own, nearest[padding:]])
    return _found(points, k, before, rounds)


def _found(points: Tensor, k: int, before: Tensor | None, rounds: int) -> Tensor:
    return kmeans.cluster(points, k)[1] if before is None else kmeans.again(points, before, k, rounds)
