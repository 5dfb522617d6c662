"""Draws what files store and what work they do, part by part."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tiedtts import figures, storage
from tiedtts.measure.statistics import Statistics
from tiedtts.paths import StrPath

WIDTH = 9.0
"""Inches."""
_REST = "names and graph"
"""Label of whatever a file holds beside its tensors."""


@figures.plain()
def draw(found: Sequence[Statistics], path: StrPath) -> None:
    """Write a picture of the bytes and the work of one file, or of two one above the other.

    Args:
        found: One or two files.
        path: `.png`, `.svg` or `.pdf`.

    Raises:
        OutputError: The picture cannot be written.
    """
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    path = Path(path)
    names = list(dict.fromkeys(name for each in found for name, _ in (*_work(each), *_bytes(each))))
    # Beside the parts, and grey.
    names.sort(key=_REST.__eq__)
    figure = Figure(figsize=(WIDTH, 1.9 + 0.55 * len(found)), layout="constrained")
    size, work = figure.subplots(1, 2)
    largest = max(each.file_bytes for each in found)
    scale, unit = (1e6, "MB") if largest >= 1e6 else (1e3, "kB")
    labels = []
    for row, each in enumerate(found):
        count = each.total.unique_parameters
        labels.append(f"{each.file.name}\n{count:,} parameters")
        _bars(size, row, [(name, value / scale) for name, value in _bytes(each)], names, unit)
        _bars(work, row, [(name, value / 1e6) for name, value in _work(each)], names, "M")
    _axes(size, "Size", f"{unit} in the file", labels)
    _axes(work, "Work", "millions of multiply-accumulates for a second of sound", [""] * len(found))
    handles = [Patch(color=_colour(names, name), label=name) for name in names]
    figure.legend(handles=handles, loc="outside lower center", ncols=max(1, len(names)), frameon=False)
    data = io.BytesIO()
    # Without a date the same numbers give the same file.
    metadata = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[path.suffix]
    figure.savefig(data, format=path.suffix[1:], dpi=150, metadata=metadata)
    storage.write_bytes(path, data.getvalue())


def _bytes(found: Statistics) -> list[tuple[str, float]]:
    """Return the bytes of the parts of a file, and of what is beside their tensors."""
    parts = [(part.name, float(part.unique_bytes)) for part in found.parts if part.unique_bytes is not None]
    if not parts:
        return [("weights of all parts", float(found.total.unique_bytes or 0)), _rest(found)]
    return [*parts, _rest(found)]


def _rest(found: Statistics) -> tuple[str, float]:
    return _REST, max(0.0, float(found.file_bytes - (found.total.unique_bytes or 0)))


def _work(found: Statistics) -> list[tuple[str, float]]:
    """Return the work of the parts of a file, where it is known."""
    return [(part.name, part.macs_per_second) for part in found.parts if part.macs_per_second is not None]


def _bars(axes: Any, row: int, values: Sequence[tuple[str, float]], names: Sequence[str], unit: str) -> None:
    """Draw a row of bars, one after the other, and write their sum behind."""
    left = 0.0
    for name, value in values:
        axes.barh(row, value, left=left, height=0.6, color=_colour(names, name))
        left += value
    axes.annotate(f" {left:.3g} {unit}" if values else " not known", (left, row), va="center")


def _axes(axes: Any, title: str, label: str, rows: Sequence[str]) -> None:
    axes.set_title(title, fontsize=11, loc="left")
    axes.set_xlabel(label, fontsize=9)
    axes.set_yticks(range(len(rows)), rows, fontsize=9)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.margins(x=0.22)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _colour(names: Sequence[str], name: str) -> str:
    return "0.75" if name == _REST else f"C{list(names).index(name)}"
