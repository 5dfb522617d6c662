"""Search: one way for each item, so that the harm is least within a budget.

This is the multiple-choice knapsack. For each item, only ways on the lower convex hull of cost and harm are
taken, from the harmless one on by what a step costs, which is the best answer but for the last step
(Sinha and Zoltners, 1979); what the budget then leaves over is filled up.
"""

from collections.abc import Mapping, Sequence

from tiedtts.tying.planning.ways import Budget, Way

Items = Mapping[str, Sequence[Way]]
"""Ways of each item, of which one is taken."""
Choice = dict[str, Way]
"""Way of each item."""
_MIXES = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Weights of work beside bytes that are tried where both are bounded."""
_LITTLE = 1e-3
"""Weight of what is not bounded: of ways that are as good, the smaller and faster one is taken."""


def size(choice: Mapping[str, Way]) -> float:
    """Return the bytes of a choice."""
    return sum(way.bytes for way in choice.values())


def work(choice: Mapping[str, Way]) -> float:
    """Return the work of a choice."""
    return sum(way.macs for way in choice.values())


def harm(choice: Mapping[str, Way]) -> float:
    """Return the foretold harm of a choice: the sum, as if ties did not add to each other's."""
    return sum(way.harm for way in choice.values())


def hull(ways: Sequence[Way], cost: Mapping[int, float]) -> list[Way]:
    """Return the ways that are worth it, the harmless one first: each costs less than the one before.

    Args:
        ways: Of one item.
        cost: By the place of the way.
    """
    order = sorted(range(len(ways)), key=lambda at: (ways[at].harm, cost[at]))
    found: list[int] = []
    for at in order:
        if found and cost[at] >= cost[found[-1]]:
            continue
        while len(found) > 1 and _slope(ways, cost, found[-2], found[-1]) >= _slope(
            ways, cost, found[-1], at
        ):
            found.pop()
        if found and ways[at].harm <= ways[found[-1]].harm:
            found[-1] = at
        else:
            found.append(at)
    return [ways[at] for at in found]


def _slope(ways: Sequence[Way], cost: Mapping[int, float], a: int, b: int) -> float:
    """Return the harm of a step, for each unit of cost that it saves."""
    return (ways[b].harm - ways[a].harm) / max(1e-30, cost[a] - cost[b])


def path(items: Items, per_byte: float, per_mac: float) -> list[Choice]:
    """Return choices from the harmless to the cheapest, one step of one item after the other.

    Args:
        items: What is chosen from.
        per_byte: Cost of a byte.
        per_mac: Cost of a multiply-accumulate.
    """
    state: Choice = {}
    steps: list[tuple[float, int, str, Way]] = []
    for name, ways in items.items():
        cost = {at: per_byte * way.bytes + per_mac * way.macs for at, way in enumerate(ways)}
        kept = hull(ways, cost)
        costs = [per_byte * way.bytes + per_mac * way.macs for way in kept]
        state[name] = kept[0]
        for at in range(1, len(kept)):
            slope = (kept[at].harm - kept[at - 1].harm) / max(1e-30, costs[at - 1] - costs[at])
            steps.append((slope, at, name, kept[at]))
    found = [dict(state)]
    for _, _, name, way in sorted(steps, key=lambda step: (step[0], step[1], step[2])):
        state[name] = way
        found.append(dict(state))
    return found


def fit(items: Items, budget: Budget) -> Choice | None:
    """Return the choice that harms least within a budget, or nothing if none keeps it.

    Args:
        items: What is chosen from.
        budget: Its bounds of bytes and work; that of harm plays no part.
    """
    best: Choice | None = None
    for per_byte, per_mac in prices(items, budget):
        for choice in path(items, per_byte, per_mac):
            if budget.keeps(size(choice), work(choice)):
                filled = _filled(items, choice, budget)
                if best is None or harm(filled) < harm(best):
                    best = filled
                break
    return best


def prices(items: Items, budget: Budget) -> list[tuple[float, float]]:
    """Return costs of a byte and of a multiply-accumulate that are worth trying."""
    whole = {name: ways[0] for name, ways in items.items()}
    per_byte, per_mac = 1 / max(1.0, size(whole)), 1 / max(1.0, work(whole))
    if budget.macs is None:
        return [(per_byte, _LITTLE * per_mac)]
    if budget.bytes is None:
        return [(_LITTLE * per_byte, per_mac)]
    return [(per_byte, mix * per_mac) for mix in _MIXES] + [(_LITTLE * per_byte, per_mac)]


def moved(items: Items, choice: Choice, name: str, way: Way, budget: Budget) -> Choice | None:
    """Return a choice near another one: one item has another way, and others make room or use what is left.

    Args:
        items: What is chosen from.
        choice: The other one.
        name: The item.
        way: Its way.
        budget: What has to be kept.

    Returns:
        The choice that is foretold to harm least; nothing if there is no room.
    """
    free = {of: ways for of, ways in items.items() if of != name}
    choice = {**choice, name: way}
    while not budget.keeps(size(choice), work(choice)):
        best: tuple[float, str, Way] | None = None
        for of, ways in free.items():
            now = choice[of]
            for other in ways:
                gained = max(0.0, now.bytes - other.bytes) if budget.bytes is not None else 0.0
                gained /= max(1.0, size(choice))
                if budget.macs is not None:
                    gained += max(0.0, now.macs - other.macs) / max(1.0, work(choice))
                if gained <= 0:
                    continue
                slope = (other.harm - now.harm) / gained
                if best is None or slope < best[0]:
                    best = slope, of, other
        if best is None:
            return None
        choice[best[1]] = best[2]
    filled = _filled(free, {of: choice[of] for of in free}, _less(budget, way))
    return {of: filled.get(of, way) for of in items}


def _less(budget: Budget, way: Way) -> Budget:
    """Return what a budget leaves beside one way."""
    return Budget(
        bytes=None if budget.bytes is None else budget.bytes - way.bytes,
        macs=None if budget.macs is None else budget.macs - way.macs,
    )


def _filled(items: Items, choice: Choice, budget: Budget) -> Choice:
    """Take better ways while the budget allows them, those that gain most for their cost first."""
    choice = dict(choice)
    total, done = size(choice), work(choice)
    while True:
        best: tuple[float, str, Way] | None = None
        for name, ways in items.items():
            now = choice[name]
            for way in ways:
                grown = way.bytes - now.bytes
                more = way.macs - now.macs
                gain = now.harm - way.harm
                if gain <= 0 or not budget.keeps(total + grown, done + more):
                    continue
                share = max(0.0, grown) / max(1.0, total) + max(0.0, more) / max(1.0, done)
                if best is None or gain / (share + 1e-9) > best[0]:
                    best = (gain / (share + 1e-9), name, way)
        if best is None:
            return choice
        _, name, way = best
        total += way.bytes - choice[name].bytes
        done += way.macs - choice[name].macs
        choice[name] = way
