"""Groups: the sets of layers that are tied to each other."""

from collections.abc import Mapping
from dataclasses import dataclass

from tiedtts.errors import ConfigError
from tiedtts.tying.eligibility import an, called
from tiedtts.tying.layers import LayerSpec
from tiedtts.tying.options import check_positive

ORDERS = ("sequence", "cycle")
"""How layers along depth fall into groups."""
KEYS = ("role", "shape")
"""Common properties of the layers of a group."""


@dataclass(frozen=True, kw_only=True)
class GroupOptions:
    """How layers fall into groups."""

    groups: int = 1
    """Sets of values for the layers of one role."""
    order: str = "sequence"
    """`sequence`: 1 1 2 2, neighbours are alike; `cycle`: 1 2 1 2."""
    by: str = "role"
    """`role`: names that differ only in numbers, and equal shapes; `shape`: only the latter."""

    def __post_init__(self) -> None:
        check_positive(self, "groups")
        for name, known in (("order", ORDERS), ("by", KEYS)):
            if getattr(self, name) not in known:
                raise ConfigError(f"`{name}` must be one of {', '.join(known)}, got: {getattr(self, name)}")


def group_layers(
    specs: Mapping[str, LayerSpec], options: GroupOptions
) -> tuple[list[list[str]], dict[str, ConfigError]]:
    """Return the names of layers that are tied to each other.

    Args:
        specs: Layers by name, in the model's order.
        options: How they fall into groups.

    Returns:
        The groups; and each layer that is in none, with the reason: it has no other to be tied to, or there
        are more groups than layers.
    """
    alike: dict[tuple[object, ...], list[str]] = {}
    for name, spec in specs.items():
        role = (
            tuple("*" if part.isdigit() else part for part in name.split(".")) if options.by == "role" else ()
        )
        alike.setdefault((role, spec.type, *spec.shapes().items(), spec.groups), []).append(name)
    grouped: list[list[str]] = []
    alone: dict[str, ConfigError] = {}
    for names in alike.values():
        if len(names) < 2:
            alone[names[0]] = ConfigError(
                f"{called(names[0])}, {an(specs[names[0]].title)}, has no other layer to share with",
                hint='tied layers have equal shapes, and names that differ in numbers, or `by = "shape"`',
            )
            continue
        if options.groups >= len(names):
            error = ConfigError(
                f"`groups` {options.groups} leaves the {len(names)} layers like `{names[0]}` none to share",
                hint=f"`groups` may be 1 to {len(names) - 1}",
            )
            alone |= dict.fromkeys(names, error)
            continue
        sets: list[list[str]] = [[] for _ in range(options.groups)]
        for at, name in enumerate(names):
            turn = at % options.groups if options.order == "cycle" else at * options.groups // len(names)
            sets[turn].append(name)
        grouped += sets
    return grouped, alone
