"""A picture of tables: a row a variant, a panel a figure, names once at the left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROW = 0.24
"""Inches a row."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One figure of every row."""

    key: str
    title: str
    """With its unit and which way is better."""
    limit: float | None = None
    """Bars that would be longer are cut off, and say so by their numbers."""
    form: str = "{:,.0f}"
    start: float = 0.0
    """Left edge of the panel; bars begin there, or at zero if that is further right."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows that are compared with each other."""

    title: str
    rows: Sequence[Mapping[str, Any]]
    """Each with `name`, `family` and the keys of the panels; a key may be missing."""
    panels: Sequence[Panel]


def draw(tables: Sequence[Table], colours: Mapping[str, str], path: Path, note: str) -> None:
    """Write the picture.

    Args:
        tables: One below the other.
        colours: Family of a row to its colour, with the words of the legend.
        path: `.png`, `.svg` or `.pdf`.
        note: Sentence above it all, which says how to read it.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    heights = [len(table.rows) * ROW + 1.0 for table in tables]
    figure = Figure(figsize=(12, sum(heights) + 0.9), layout="constrained")
    grid = figure.add_gridspec(len(tables), 1, height_ratios=heights)
    for table, spec in zip(tables, grid, strict=True):
        inner = spec.subgridspec(1, len(table.panels))
        for at, panel in enumerate(table.panels):
            axes = figure.add_subplot(inner[at])
            _panel(axes, table, panel, colours, names=at == 0)
            title = f"{table.title}\n{panel.title}" if at == 0 and table.title else panel.title
            axes.set_title(title, fontsize=10, loc="left")
    handles = [Patch(color=colour, label=family) for family, colour in colours.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9)
    figure.suptitle(note, fontsize=10, x=0.01, ha="left")
    figure.savefig(path, dpi=110)


def _panel(axes: Any, table: Table, panel: Panel, colours: Mapping[str, str], *, names: bool) -> None:
    top = max((row[panel.key] for row in table.rows if panel.key in row), default=1.0)
    limit = top if panel.limit is None else min(panel.limit, top)
    for at, row in enumerate(table.rows):
        if panel.key not in row:
            continue
        value = row[panel.key]
        shown = min(value, limit)
        zero = max(panel.start, 0.0)
        axes.barh(at, shown - zero, left=zero, height=0.62, color=colours[row["family"]])
        mark = " ..." if value > limit else ""
        text = panel.form.format(value).replace("-0.0", "+0.0")
        axes.annotate(f"{mark} {text}", (max(shown, zero), at), va="center", fontsize=8)
    axes.set_yticks(range(len(table.rows)), [row["name"] for row in table.rows] if names else [])
    axes.tick_params(labelsize=8.5)
    axes.set_ylim(len(table.rows) - 0.4, -0.6)
    width = limit - panel.start
    axes.set_xlim(panel.start, panel.start + (1.22 * width if width > 0 else 1.0))
    if panel.start < 0:
        axes.axvline(0, color="0.3", linewidth=0.8)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
