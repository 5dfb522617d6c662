"""k-means, the same at every run."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

STEPS = 40
"""Most rounds of Lloyd's algorithm; it stops when nothing changes."""
_CHUNK = 1 << 20
"""Distances held at a time."""
_PRODUCTS = 1 << 24
"""Products of pairs of points held at a time."""
_WORK = 1 << 40
"""Multiplications in all rounds, above which there are fewer of them."""
_BLOCK = 64
"""Numbers that are summed beforehand."""


def cluster(points: Tensor, k: int, counts: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return centres, (k, D), and the centre of each point, (N,), for points, (N, D).

    Exact if there are at most k different points. k may not be above N.

    Args:
        points: What is put together.
        k: Number of centres.
        counts: How much each point matters, (N,), more than nothing; only for numbers, D = 1.
    """
    if points.shape[1] == 1:
        centres = _on_a_line(points[:, 0], k, counts)[:, None]
        return centres, nearest(points, centres)
    distinct, index = torch.unique(points, dim=0, return_inverse=True)
    if len(distinct) <= k:
        # The same shape whatever the weights are: unused centres repeat the last.
        return torch.cat([distinct, distinct[-1:].expand(k - len(distinct), -1)]), index
    del distinct, index
    if len(points) ** 2 <= _PRODUCTS:
        return _among_few(points, k)
    centres = points[_seeds(k, points.square().sum(1), lambda at: points @ points[at])]
    index = _nearest(points, centres)
    for _ in range(max(2, min(STEPS, _WORK // (points.numel() * k)))):
        counts = torch.bincount(index, minlength=k)[:, None]
        sums = torch.zeros_like(centres).index_add_(0, index, points)
        # A centre that lost all its points stays where it is.
        centres = torch.where(counts > 0, sums / counts.clamp(min=1), centres)
        previous, index = index, _nearest(points, centres)
        if torch.equal(previous, index):
            break
    return centres, index


def again(points: Tensor, index: Tensor, k: int, rounds: int) -> Tensor:
    """Return the centre of each point, (N,), after some more rounds for points that have moved.

    Points that are equal stay together; a centre without points takes over the farthest one from its own.

    Args:
        points: (N, D).
        index: Centre of each before, (N,), below k.
        k: Number of centres.
        rounds: Most rounds; none leave the index as it is.
    """
    index = index.long()
    for _ in range(rounds):
        counts = torch.bincount(index, minlength=k)
        centres = points.new_zeros(k, points.shape[1]).index_add_(0, index, points)
        centres /= counts.clamp(min=1)[:, None]
        distance = (points - centres.index_select(0, index)).square().sum(1)
        for at in (counts == 0).nonzero()[:, 0]:
            farthest = int(distance.argmax())
            centres[at], distance[farthest] = points[farthest], 0.0
        previous, index = index, _nearest(points, centres)
        if torch.equal(previous, index):
            break
    return index


def nearest(points: Tensor, centres: Tensor) -> Tensor:
    """Return the nearest of the centres, (k, D), of each point, (N,); those on a line must be sorted."""
    if points.shape[1] > 1:
        return _nearest(points, centres)
    middles = (centres[1:, 0] + centres[:-1, 0]) / 2
    return torch.bucketize(points[:, 0].contiguous(), middles, out_int32=True)


def _among_few(points: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Do the same with the products of all pairs, (N, N): a round costs N * N, whatever D and k are."""
    centred = points - points.mean(0)
    products = centred @ centred.T
    del centred
    norms = products.diagonal().clone()
    chosen = _seeds(k, norms, products.__getitem__)
    # Products of each centre with each point; those of a centre with itself follow from its own points.
    means, halves = products[chosen], norms[chosen, None] / 2
    nearest = _smallest(halves, means)
    for _ in range(STEPS):
        counts = torch.bincount(nearest, minlength=k)[:, None]
        lost = (counts[:, 0] == 0).nonzero()[:, 0]
        kept = means[lost], halves[lost]
        means.zero_().index_add_(0, nearest, products).div_(counts.clamp(min=1))
        halves.zero_().index_add_(0, nearest, means.gather(0, nearest[None]).T).div_(2 * counts.clamp(min=1))
        means[lost], halves[lost] = kept
        previous, nearest = nearest, _smallest(halves, means)
        if torch.equal(previous, nearest):
            break
    counts = torch.bincount(nearest, minlength=k)[:, None]
    sums = points.new_zeros(k, points.shape[1]).index_add_(0, nearest, points)
    return torch.where(counts > 0, sums / counts.clamp(min=1), points[chosen]), nearest


def _on_a_line(values: Tensor, k: int, counts: Tensor | None = None) -> Tensor:
    """Return sorted centres, (k,), of numbers; a round costs k searches of their sorted list."""
    numbers = values.detach().cpu().numpy()
    if counts is None:
        # numpy sorts without the list of indices that torch makes, twice the memory of the numbers.
        ordered, weights = np.sort(numbers), None
    else:
        order = np.argsort(numbers, kind="stable")
        ordered, weights = numbers[order], counts.detach().cpu().numpy().astype(np.float64)[order]
    if 1 + np.count_nonzero(ordered[1:] != ordered[:-1]) <= k:
        distinct = np.unique(ordered)
        return torch.from_numpy(np.pad(distinct, (0, k - len(distinct)), "edge")).to(values)
    # Evenly along the root of the rank's distance to the ends: dense where numbers are, and at the edges.
    ranks = (np.arange(k) + 0.5) / k
    if weights is None:
        places = (ranks * len(ordered)).astype(np.int64)
    else:
        reach = weights.cumsum()
        places = np.searchsorted(reach, ranks * reach[-1]).clip(max=len(ordered) - 1)
    quantiles = ordered[places].astype(np.float64)
    line = ordered[0] + (float(ordered[-1]) - float(ordered[0])) * ranks
    centres = (quantiles + line) / 2
    sums = _Sums(ordered) if weights is None else _Sums(ordered.astype(np.float64) * weights)
    masses = None if weights is None else _Sums(weights)
    for _ in range(STEPS):
        edges = np.searchsorted(ordered, ((centres[1:] + centres[:-1]) / 2).astype(ordered.dtype))
        bounds = np.concatenate([[0], edges, [len(ordered)]])
        # Whatever lies between two bounds is counted, or weighed.
        held = np.diff(bounds) > 0
        mass = np.diff(bounds) if masses is None else np.diff(masses.before(bounds))
        moved = np.where(held, np.diff(sums.before(bounds)) / np.where(held, mass, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return torch.from_numpy(np.sort(centres)).to(values)


class _Sums:
    """Sums of the first numbers of a list: of whole blocks beforehand, of the rest when asked."""

    def __init__(self, numbers: npt.NDArray[np.floating]) -> None:
        self.numbers = numbers
        whole = len(numbers) // _BLOCK * _BLOCK
        blocks = numbers[:whole].reshape(-1, _BLOCK).sum(1, dtype=np.float64)
        self.blocks = np.concatenate([[0.0], blocks.cumsum()])

    def before(self, bounds: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the sum of the numbers before each bound."""
        blocks = bounds // _BLOCK
        places = blocks[:, None] * _BLOCK + np.arange(_BLOCK)
        rest = self.numbers[np.minimum(places, len(self.numbers) - 1)].astype(np.float64)
        found: npt.NDArray[np.float64] = self.blocks[blocks] + rest.sum(1, where=places < bounds[:, None])
        return found


def _smallest(halves: Tensor, means: Tensor) -> Tensor:
    """Return the nearest centre of each point, where half its square less their product is smallest."""
    columns = max(1, _CHUNK // len(means))
    return torch.cat([(halves - part).argmin(0) for part in torch.split(means, columns, 1)])


def _seeds(k: int, norms: Tensor, products: Callable[[int], Tensor]) -> Tensor:
    """Choose points far from each other (k-means++, Arthur and Vassilvitskii, 2007).

    Args:
        k: How many.
        norms: Squared lengths of the points, (N,).
        products: Products of one point with all, (N,).
    """
    # The choice is part of what a plan means: the same on every machine, apart from the user's own seed.
    generator = torch.Generator().manual_seed(0)

    def distances(at: int) -> Tensor:
        found = (norms + norms[at] - 2 * products(at)).clamp(min=0)
        found[at] = 0
        return found

    chosen = [int(torch.randint(len(norms), (), generator=generator))]
    distance = distances(chosen[0])
    while len(chosen) < k:
        reach = distance.cumsum(0)
        target = float(torch.rand((), generator=generator, dtype=torch.float64)) * float(reach[-1])
        chosen.append(min(int(torch.searchsorted(reach, target, right=True)), len(norms) - 1))
        distance = torch.minimum(distance, distances(chosen[-1]))
    return torch.tensor(chosen, device=norms.device)


def _nearest(points: Tensor, centres: Tensor) -> Tensor:
    offsets = centres.square().sum(1) / 2
    step = max(1, _CHUNK // len(centres))
    return torch.cat(
        [(offsets - part @ centres.T).argmin(1) for part in points.chunk(-(-len(points) // step))]
    )


def index_type(k: int) -> torch.dtype:
    """Return the smallest type that holds indices below k."""
    return torch.uint8 if k <= 1 << 8 else torch.int16 if k <= 1 << 15 else torch.int32
