"""Draws what files store and what work they do, part by part."""

import io
from collections.abc import Sequence
from pathlib import Path

from tiedtts import figures, storage
from tiedtts.measure.statistics import Statistics
from tiedtts.paths import StrPath


@figures.plain()
def draw(found: Sequence[Statistics], path: StrPath) -> None:
    """Write a picture of parameters and multiply-accumulates of one file, or of two side by side.

    Args:
        found: One or two files.
        path: `.png`, `.svg` or `.pdf`.

    Raises:
        OutputError: The picture cannot be written.
    """
    path = Path(path)
    from matplotlib.figure import Figure

    names = list(dict.fromkeys(part.name for each in found for part in each.parts))
    figure = Figure(figsize=(9, 1.6 + 0.5 * len(found)), layout="constrained")
    size, work = figure.subplots(1, 2)
    for row, each in enumerate(found):
        left = {"size": 0.0, "work": 0.0}
        parts = {part.name: part for part in each.parts}
        for number, name in enumerate(names):
            part = parts.get(name)
            if part is None:
                continue
            values = {"size": part.unique_parameters / 1e6, "work": (part.macs_per_second or 0) / 1e6}
            for axes, kind in ((size, "size"), (work, "work")):
                label = name if row == 0 and kind == "size" else None
                axes.barh(row, values[kind], left=left[kind], color=f"C{number}", label=label)
                left[kind] += values[kind]
        for axes, kind in ((size, "size"), (work, "work")):
            axes.annotate(f" {left[kind]:.3g}", (left[kind], row), va="center")
    for axes, title in (
        (size, "unique parameters, millions"),
        (work, "multiply-accumulates per second of audio, millions"),
    ):
        axes.set_title(title, fontsize=10)
        axes.set_yticks(range(len(found)), [each.file.name for each in found] if axes is size else [])
        axes.set_ylim(len(found) - 0.5, -0.5)
        axes.margins(x=0.12)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=max(1, len(names)), frameon=False)
    data = io.BytesIO()
    # Without a date the same numbers give the same file.
    metadata = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[path.suffix]
    figure.savefig(data, format=path.suffix[1:], dpi=150, metadata=metadata)
    storage.write_bytes(path, data.getvalue())
