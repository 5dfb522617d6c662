"""Tables of a plan that keeps a budget: what each layer bears, and the front that the plan lies on."""

from typing import TYPE_CHECKING

from tiedtts_cli import tables
from tiedtts_cli.tie_tables import WIDTH

if TYPE_CHECKING:
    from tiedtts.tying.planning.planned import Planned
    from tiedtts.tying.planning.points import Point

WORDS = ("layers", "tied by", "", "scheme")
"""Headings of columns that are words."""


def show(found: "Planned", stored_as: str) -> None:
    """Print the layers, the front and the plan."""
    console = tables.console(WIDTH)
    table = tables.table("layers", "tied by", "kB", "tied, kB", "work", "harm alone", left=WORDS)
    for name, way in found.chosen().items():
        plain = found.items[name][0]
        if way is None:
            continue
        table.add_row(
            name,
            "" if not way.rules else way.key,
            f"{plain.bytes / 1e3:,.1f}",
            f"{way.bytes / 1e3:,.1f}",
            f"{way.macs / plain.macs:.0%}" if plain.macs else "",
            f"{found.share(way.harm):.2%}" if way.rules else "",
        )
    if table.row_count:
        console.print(table)
    console.print(
        f"\nHarm is the {found.words}{_how(found)}; the last column is that of each tie alone, foretold."
    )
    front = tables.table("", "file, kB" if stored_as == "checkpoint" else "kB", "work", "harm", left=WORDS)
    for point in found.front:
        front.add_row(
            "*" if point is found.best else "",
            f"{(point.file_bytes or point.bytes) / 1e3:,.1f}",
            f"{point.macs / found.before.macs:.0%}" if found.before.macs else "",
            _harm(found, point),
        )
    console.print("\nThe front: no other plan that was tried is as small, as fast and as good.")
    console.print(front)
    if found.plan is None:
        console.print("\nthe checkpoint keeps the budget as it is: nothing is to be tied")
    else:
        console.print(f"\n# the plan, marked * above\n{found.plan.to_toml()}", markup=False)


def _how(found: "Planned") -> str:
    if found.objective is None:
        return (
            ", of all layers: what it does to the net is not known without --data, --measure or --calibrate"
        )
    return f", measured {found.measured} times"


def _harm(found: "Planned", point: "Point") -> str:
    if not point.rules:
        return "0"
    return f"{found.share(point.harm):.2%}" + ("" if point.is_measured else ", foretold")
