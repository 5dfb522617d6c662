"""`tiedtts stats`: what is stored, and what is computed."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiedtts_cli import streams
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.tie import ARCHITECTURES

if TYPE_CHECKING:
    from rich.console import Console

    from tiedtts.measure.statistics import PartStatistics, Statistics

BAR = 24
"""Characters of the longest bar."""
DEPTH = 2
"""Steps of the names that modules are put together by."""


def stats(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE [FILE]", help="Checkpoints or voices; two are compared.")
    ],
    everything: Annotated[bool, typer.Option("--all", help="Show every module by itself.")] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Picture of size and work: .png, .svg or .pdf.", show_default=False
        ),
    ] = None,
    architecture: Annotated[
        str, typer.Option("--arch", metavar="|".join(ARCHITECTURES), help="What a foreign checkpoint is.")
    ] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with unrounded numbers.")] = False,
) -> None:
    """Count parameters, work and bytes.

    \b
    tiedtts stats kathleen
    tiedtts stats run/voice.safetensors tied.safetensors --plot saved.png
    """  # noqa: D301
    if plot is None or as_json:
        streams.need_stdout()
    if len(files) > 2:
        raise UsageError(f"one file or two can be counted, got: {len(files)}")
    if architecture not in ARCHITECTURES:
        raise UsageError(f"`--arch` must be {', '.join(ARCHITECTURES)}, got: {architecture}")
    if plot is not None and plot.suffix not in (".png", ".svg", ".pdf"):
        raise UsageError(f"a picture's name ends in .png, .svg or .pdf, got: {plot}")
    if plot is not None:
        from tiedtts.storage import check_writable

        check_writable(plot)
    from tiedtts.measure.statistics import statistics

    counted = [statistics(file, architecture) for file in files]
    if plot is not None:
        from tiedtts.measure.statistics_picture import draw

        draw(counted, plot)
    if as_json:
        found = [each.to_dict() for each in counted]
        typer.echo(json.dumps(found[0] if len(found) == 1 else _compared(found), indent=2))
        return
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    if len(counted) == 2:
        _show_two(console, *counted)
    else:
        _show_one(console, counted[0], everything=everything)


def _compared(found: list[dict[str, Any]]) -> dict[str, Any]:
    before, after = found
    keys = ("unique_parameters", "unique_bytes", "file_bytes", "macs_per_second", "flops_per_second")
    return {
        "before": before,
        "after": after,
        "reductions": {key: before[key] / after[key] for key in keys if before[key] and after[key]},
    }


def _show_one(console: "Console", found: "Statistics", *, everything: bool) -> None:
    table = _table(
        found.kind, "unique parameters", "as if untied", "tying ratio", "bytes", "buffers", "MMACs/s"
    )
    for part in (*found.parts, found.total):
        table.add_row(
            part.name,
            f"{part.unique_parameters:,}",
            f"{part.named_parameters:,}",
            f"{part.tying_ratio:.2f}",
            _number(part.unique_bytes),
            _number(part.buffers),
            _millions(part.macs_per_second),
            style="bold" if part is found.total else None,
        )
    console.print(table)
    console.print(f"\nfile: {found.file_bytes:,} bytes", end="")
    if found.front_end_bytes:
        console.print(f"; lexicon beside it: {found.front_end_bytes:,} bytes", end="")
    console.print("; MACs: per second of audio, at 10.5 phones a second")
    for part in found.parts:
        if part.modules:
            console.print()
            console.print(_modules(part, everything=everything))


def _modules(part: "PartStatistics", *, everything: bool) -> Any:
    """Return a table of where the weights of a part are."""
    groups: dict[str, list[Any]] = {}
    for row in part.modules:
        key = row.name if everything else ".".join(row.name.split(".")[:DEPTH])
        groups.setdefault(key, []).append(row)
    most = max(sum(row.unique_parameters for row in rows) for rows in groups.values()) or 1
    table = _table(part.name, "", "unique parameters", "as if untied", "MMACs/s", "")
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
            _millions(_work(part, name)),
            "; ".join(notes),
        )
    return table


def _work(part: "PartStatistics", name: str) -> float | None:
    """Return what a module does; of one that only holds others, what these do."""
    known = part.module_macs
    if name in known:
        return known[name]
    inside = [each for each in known if each.startswith(f"{name}.")]
    outermost = [each for each in inside if not any(each.startswith(f"{other}.") for other in inside)]
    return sum(known[each] for each in outermost) if outermost else None


def _show_two(console: "Console", before: "Statistics", after: "Statistics") -> None:
    table = _table("", "", str(before.file), str(after.file), "saved")
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
            table.add_row("" if number else part.name, name, show(old), show(new), _saved(old, new))
    table.add_row(
        "file",
        "bytes",
        f"{before.file_bytes:,}",
        f"{after.file_bytes:,}",
        _saved(before.file_bytes, after.file_bytes),
    )
    console.print(table)


def _saved(old: float | None, new: float | None) -> str:
    if not old or not new:
        return ""
    return "the same" if old == new else f"{old / new:.2f}x" if old > new else f"{new / old:.2f}x more"


def _table(first: str, *columns: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column(first, overflow="fold")
    words = ("", "saved")
    for at, column in enumerate(columns):
        left = column in words and (column == "" or at == len(columns) - 1)
        table.add_column(column, justify="left" if left else "right", overflow="fold")
    return table


def _number(value: int | float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _millions(value: float | None) -> str:
    return "-" if value is None else f"{value / 1e6:,.2f}"
