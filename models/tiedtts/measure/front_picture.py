"""Draws the front of plans: how much harm they do at each size."""

import io
import math
from pathlib import Path

from tiedtts import figures, storage
from tiedtts.paths import StrPath
from tiedtts.tying.planning.planned import Planned


@figures.plain()
def draw(found: Planned, path: StrPath) -> None:
    """Write a picture of the front, with the plan that was chosen.

    Args:
        found: Result of planning.
        path: `.png`, `.svg` or `.pdf`.

    Raises:
        OutputError: The picture cannot be written.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullFormatter, StrMethodFormatter

    path = Path(path)
    figure = Figure(figsize=(7.0, 4.2), layout="constrained")
    axes = figure.subplots()
    points = found.front
    by_work = max(point.bytes for point in points) == min(point.bytes for point in points)
    whole = found.before.macs if by_work else found.before.bytes
    scale, unit = (1e6, "MB") if whole >= 1e6 else (1e3, "kB")
    size = [
        (point.macs if by_work else point.bytes) / (whole / 100 if by_work else scale) for point in points
    ]
    harm = [100 * found.share(point.harm) for point in points]
    axes.plot(size, harm, color="0.6", linewidth=1, zorder=1)
    axes.scatter(size, harm, color="C0", zorder=2, label="plans")
    at = next((at for at, point in enumerate(points) if point is found.best), None)
    if at is not None:
        axes.scatter(size[at : at + 1], harm[at : at + 1], color="C3", s=70, zorder=3, label="chosen")
    axes.set_xlabel("work, % of that before" if by_work else f"size, {unit}")
    axes.set_ylabel(f"{found.words}, %")
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=max(1e-3, min((of for of in harm if of > 0), default=1.0)))
    axes.set_ylim(0, 1.5 * max(*harm, 1e-3))
    axes.set_xlim(0.85 * min(size), 1.18 * max(size))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axis.set_minor_formatter(NullFormatter())
    axes.set_xticks(_round(min(size), max(size)))
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    data = io.BytesIO()
    # Without a date the same numbers give the same file.
    metadata = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}[path.suffix]
    figure.savefig(data, format=path.suffix[1:], dpi=150, metadata=metadata)
    storage.write_bytes(path, data.getvalue())


def _round(low: float, high: float) -> list[float]:
    """Return round numbers between two."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [
        digit * 10.0**power for power in powers for digit in (1, 2, 5) if low <= digit * 10.0**power <= high
    ]
