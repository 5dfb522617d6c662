"""Uniform plans: all layers tied alike, which every plan has to beat."""

from collections.abc import Callable, Sequence

from tiedtts.errors import TiedTTSError
from tiedtts.tying.plan import TieRule
from tiedtts.tying.planning.levels import CODEBOOKS, SHARES
from tiedtts.tying.planning.nets import Nets
from tiedtts.tying.planning.points import Point

RANKS = (64, 32, 16, 8, 4)
"""Ranks of the differences that shared layers may keep."""


def best(nets: Nets, schemes: Sequence[str], keeps: Callable[[Point], bool]) -> list[Point]:
    """Return the best plan of each kind that ties all layers alike and keeps a budget.

    Args:
        nets: What is tied.
        schemes: Schemes that may be chosen.
        keeps: Whether a plan keeps the budget.
    """
    found = []
    for rules in _kinds(schemes):
        for rule in rules:
            try:
                point = nets.point((rule,), is_uniform=True)
            except TiedTTSError:
                continue
            if keeps(point):
                found.append(point)
                break
    return found


def _kinds(schemes: Sequence[str]) -> list[list[TieRule]]:
    """Return rules for all layers, those of one kind from the largest to the smallest."""
    tables: list[tuple[str, list[dict[str, object]]]] = []
    if "codebook" in schemes:
        kinds: dict[tuple[object, object], list[dict[str, object]]] = {}
        for table in CODEBOOKS:
            kinds.setdefault((table.get("group"), table.get("scales")), []).append(dict(table))
        tables += [("codebook", rows) for rows in kinds.values()]
    if "lowrank" in schemes:
        tables.append(("lowrank", [{"ratio": share / 2} for share in SHARES]))
    if "cluster" in schemes:
        tables.append(("cluster", [{"ratio": share} for share in SHARES]))
    if "share" in schemes:
        # The rank of what each layer keeps of its own; none in the end.
        ranks: list[dict[str, object]] = [{"rank": rank} for rank in RANKS]
        tables.append(("share", [*ranks, {}]))
    return [[TieRule("*", scheme, options=options) for options in rows] for scheme, rows in tables]
