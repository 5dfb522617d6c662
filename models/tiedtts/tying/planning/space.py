"""Space: all plans that are choices of ways, and what a plan costs beside the items that are chosen from."""

from collections.abc import Sequence
from dataclasses import dataclass

from tiedtts.tying import costs
from tiedtts.tying.planning import search
from tiedtts.tying.planning.nets import Nets
from tiedtts.tying.planning.points import Point
from tiedtts.tying.planning.search import Choice, Items
from tiedtts.tying.planning.ways import Budget


@dataclass(frozen=True)
class Space:
    """Plans that consist of one way for each item."""

    items: Items
    """Ways of each item, with their harms; the first leaves it as it is."""
    rest: float
    """Bytes of all that is in no item."""
    rest_work: float
    """Work of it."""

    @classmethod
    def of(cls, nets: Nets, items: Items) -> "Space":
        """Return the space of some items of nets."""
        own = [ways[0] for ways in items.values()]
        return cls(
            items,
            costs.total_bytes(nets.parts.values(), nets.size) - sum(way.bytes for way in own),
            sum(nets.work.values()) - sum(way.macs for way in own),
        )

    def point(self, choice: Choice) -> Point:
        """Return what a choice is as a plan, with the harm that is foretold."""
        return Point(
            bytes=search.size(choice) + self.rest,
            macs=search.work(choice) + self.rest_work,
            harm=search.harm(choice),
            rules=tuple(rule for way in choice.values() for rule in way.rules),
        )

    def inner(self, budget: Budget) -> Budget:
        """Return what a budget leaves for the items."""
        return Budget(
            bytes=None if budget.bytes is None else budget.bytes - self.rest,
            macs=None if budget.macs is None else budget.macs - self.rest_work,
        )

    def path(self, budget: Budget) -> list[Point]:
        """Return plans from the harmless to the one that costs least of what a budget bounds."""
        price = search.prices(self.items, budget)[0]
        return [self.point(choice) for choice in search.path(self.items, *price)]

    def all_paths(self, budget: Budget) -> list[Point]:
        """Return plans of all paths that are worth trying, see `search.prices`."""
        return [
            self.point(choice)
            for price in search.prices(self.items, budget)
            for choice in search.path(self.items, *price)
        ]

    def whole(self) -> Point:
        """Return the nets as they are."""
        plain = {name: ways[0] for name, ways in self.items.items()}
        return Point(
            bytes=search.size(plain) + self.rest,
            macs=search.work(plain) + self.rest_work,
            harm=0.0,
            rules=(),
            is_measured=True,
        )


def spread(points: Sequence[Point], count: int, *, by_work: bool) -> list[Point]:
    """Return plans of a path whose sizes, or amounts of work, are about a constant ratio from each other.

    Args:
        points: Plans of falling size; the first is none of them.
        count: About how many are returned, at most.
        by_work: Whether work is what falls.
    """
    sizes = [point.macs if by_work else point.bytes for point in points]
    top, bottom = sizes[0], max(sizes[-1], 1.0)
    wanted = [top * (bottom / top) ** (at / count) for at in range(1, count + 1)]
    places = {min(range(len(points)), key=lambda at: abs(sizes[at] - size)) for size in wanted} - {0}
    return [points[at] for at in sorted(places)]
