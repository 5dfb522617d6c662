"""Uniform plans: all layers tied alike, which every plan has to beat."""

from collections.abc import Sequence

from tiedtts.errors import TiedTTSError
from tiedtts.tying.plan import TieRule
from tiedtts.tying.planning.levels import CODEBOOKS, SHARES
from tiedtts.tying.planning.nets import Nets
from tiedtts.tying.planning.points import Point
from tiedtts.tying.planning.ways import Budget


def best(nets: Nets, schemes: Sequence[str], budget: Budget) -> list[Point]:
    """Return the best plan of each kind that ties all layers alike and keeps the budget.

    Args:
        nets: What is tied.
        schemes: Schemes that may be chosen.
        budget: Its bounds of bytes and work.
    """
    found = []
    for rules in _kinds(schemes):
        for rule in rules:
            try:
                point = nets.point((rule,), is_uniform=True)
            except TiedTTSError:
                continue
            if budget.keeps(point.bytes, point.macs):
                found.append(point)
                break
    return found


def _kinds(schemes: Sequence[str]) -> list[list[TieRule]]:
    """Return rules for all layers, those of one kind from the largest to the smallest."""
    tables: list[tuple[str, list[dict[str, object]]]] = []
    if "codebook" in schemes:
        tables.append(("codebook", [dict(table) for table in CODEBOOKS if "group" not in table]))
        tables.append(("codebook", [dict(table) for table in CODEBOOKS if "group" in table]))
    if "lowrank" in schemes:
        tables.append(("lowrank", [{"ratio": share / 2} for share in SHARES]))
    if "cluster" in schemes:
        tables.append(("cluster", [{"ratio": share} for share in SHARES]))
    return [[TieRule("*", scheme, options=options) for options in rows] for scheme, rows in tables]
