"""Tables of what `stats` counted."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tiedtts.quoting import printable
from tiedtts_cli import tables

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tiedtts.measure.statistics import PartStatistics, Statistics
    from tiedtts.tying.report import ModuleCount

WIDTH = 140
"""Columns, where no terminal says how many there are."""
BAR = 24
"""Characters of the longest bar."""
DEPTH = 2
"""Steps of the names that modules are put together by."""


def show(counted: "Sequence[Statistics]", *, everything: bool) -> None:
    """Print what one file holds, or what two differ in."""
    console = tables.console(WIDTH)
    if len(counted) == 2:
        _show_two(console, *counted)
    else:
        _show_one(console, counted[0], everything=everything)


def _show_one(console: "Console", found: "Statistics", *, everything: bool) -> None:
    columns = ("unique parameters", "as if untied", "bytes", "bits a weight", "buffers", "MMACs/s")
    table = tables.table(found.kind, *columns, left=(found.kind,))
    for part in (*found.parts, found.total):
        table.add_row(
            part.name,
            f"{part.unique_parameters:,}",
            f"{part.named_parameters:,}",
            _number(part.unique_bytes),
            "-" if part.bits_per_weight is None else f"{part.bits_per_weight:.1f}",
            _number(part.buffers),
            _millions(part.macs_per_second),
            style="bold" if part is found.total else None,
        )
    from tiedtts.measure.pace import PHONES_PER_SECOND

    console.print(table)
    console.print(f"\nfile: {found.file_bytes:,} bytes", end="")
    if found.base is not None:
        console.print(
            f"; a change of {printable(found.base)}: {found.own_numbers:,} numbers of its own", end=""
        )
    if found.front_end_bytes:
        console.print(f"; lexicon beside it: {found.front_end_bytes:,} bytes", end="")
    counted = [part.name for part in found.parts if part.macs_per_second is not None]
    if counted:
        console.print("; MACs: per second of audio", end="")
        if any(name != "vocoder" for name in counted):
            console.print(f", at {PHONES_PER_SECOND:g} phones a second", end="")
    console.print()
    if found.work is not None:
        console.print(f"{found.work.words()}", soft_wrap=True, highlight=False)
    for part in found.parts:
        if part.modules:
            console.print()
            console.print(_modules(part, everything=everything))


def _modules(part: "PartStatistics", *, everything: bool) -> "Table":
    """Return a table of where the weights of a part are."""
    groups: dict[str, list[ModuleCount]] = {}
    for row in part.modules:
        key = row.name if everything else ".".join(row.name.split(".")[:DEPTH])
        groups.setdefault(key, []).append(row)
    most = max(sum(row.unique_parameters for row in rows) for rows in groups.values()) or 1
    columns = ("", "unique parameters", "as if untied", "MMACs/s", "")
    table = tables.table(part.name, *columns, left=(part.name, ""))
    for name, rows in groups.items():
        unique = sum(row.unique_parameters for row in rows)
        schemes = sorted({row.scheme for row in rows if row.scheme})
        elsewhere = sorted({row.shared_with for row in rows if row.shared_with})
        if not everything:
            elsewhere = sorted({".".join(each.split(".")[:DEPTH]) for each in elsewhere} - {name})
        notes = [", ".join(schemes)] if schemes else []
        notes += [f"shared with {', '.join(elsewhere)}"] if elsewhere else []
        table.add_row(
            name or "(itself)",
            "█" * max(round(BAR * unique / most), 1 if unique else 0),
            f"{unique:,}",
            f"{sum(row.named_parameters for row in rows):,}",
            _millions(part.macs_of(name)),
            "; ".join(notes),
        )
    return table


def _show_two(console: "Console", before: "Statistics", after: "Statistics") -> None:
    table = tables.table("", "", str(before.file), str(after.file), "saved", left=("", "saved"))
    earlier = {part.name: part for part in (*before.parts, before.total)}
    for part in (*after.parts, after.total):
        first = earlier.get(part.name)
        names = {"unique_parameters": "unique parameters", "unique_bytes": "bytes"}
        for number, key in enumerate((*names, "macs_per_second")):
            name = names.get(key, "MMACs/s")
            old, new = None if first is None else getattr(first, key), getattr(part, key)
            if old is None and new is None:
                continue
            show = _millions if name == "MMACs/s" else _number
            saved = _saved(old, new)
            if key == "unique_parameters" and first is not None and _are_indices(first, part):
                saved = "see bytes"
            table.add_row("" if number else part.name, name, show(old), show(new), saved)
    table.add_row(
        "file",
        "bytes",
        f"{before.file_bytes:,}",
        f"{after.file_bytes:,}",
        _saved(before.file_bytes, after.file_bytes),
    )
    console.print(table)


def _are_indices(before: "PartStatistics", after: "PartStatistics") -> bool:
    """Return whether what was saved of the parameters is stored as indices instead."""
    if not before.unique_bytes or not after.unique_bytes or not after.unique_parameters:
        return False
    fewer = before.unique_parameters / after.unique_parameters
    return fewer > 1.5 * before.unique_bytes / after.unique_bytes


def _saved(old: float | None, new: float | None) -> str:
    if not old or not new:
        return ""
    if abs(old - new) < 0.002 * old:
        return "the same"
    return f"{old / new:.2f}x" if old > new else f"{new / old:.2f}x more"


def _number(value: int | float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _millions(value: float | None) -> str:
    return "-" if value is None else f"{value / 1e6:,.2f}"
