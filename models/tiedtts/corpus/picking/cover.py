"""Greedy cover: texts one after the other, each of which adds most to those taken before.

The worth of a list is submodular (a unit is worth half as much each time that it comes again), so that what a
text adds can only shrink, and most texts need not be looked at again (lazy evaluation: Minoux, "Accelerated
greedy algorithms for maximizing submodular set functions", 1978).
"""

import heapq
from collections.abc import Mapping, Sequence

from tiedtts.corpus.picking.units import Units


def cover(
    units: Units, sizes: Sequence[float], groups: Sequence[str], quotas: Mapping[str, int]
) -> list[int]:
    """Return the texts to take, by index, in the order in which they were taken.

    Args:
        units: Units of N texts.
        sizes: Cost of each text; what it adds is divided by it.
        groups: Group of each text.
        quotas: Number of texts to take of each group; there are so many.
    """
    # Worth of one more of each unit.
    worth = units.weights.copy()
    # What a text alone adds of a unit that it has several times.
    shares = [2.0 * (1.0 - 0.5**counts) for counts in units.counts]

    def gain(index: int) -> float:
        return float(worth[units.ids[index]] @ shares[index]) / sizes[index]

    left = dict(quotas)
    heap = [(-gain(index), index) for index in range(len(sizes)) if left[groups[index]]]
    heapq.heapify(heap)
    taken: list[int] = []
    while heap and any(left.values()):
        _, index = heapq.heappop(heap)
        if not left[groups[index]]:
            continue
        now = -gain(index)
        if heap and (now, index) > heap[0]:
            heapq.heappush(heap, (now, index))
            continue
        left[groups[index]] -= 1
        taken.append(index)
        worth[units.ids[index]] *= 0.5 ** units.counts[index]
    return taken
