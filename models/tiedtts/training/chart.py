"""Charts of losses over steps, drawn as SVG for a page: they need no program and no network to be seen."""

import html
import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 360, 200
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 34
"""Margins around the curves, for the axes."""
TICKS = 4
"""Steps between the labels of an axis, about."""
Points = Sequence[tuple[int, float]]
"""Steps and values."""


def draw(series: Mapping[str, Points], last: int, marks: Sequence[int] = ()) -> str:
    """Return a chart as SVG.

    Args:
        series: Name of each curve, for style sheets, to its points; those that are no numbers are left out.
        last: Step at the right end of the axis.
        marks: Steps at which a stage ends, drawn as lines.
    """
    known = {name: [p for p in points if math.isfinite(p[1])] for name, points in series.items()}
    values = [value for points in known.values() for _, value in points]
    if not values:
        return ""
    rows = nice_ticks(min(values), max(values))
    columns = [tick for tick in nice_ticks(0, last) if tick <= last]
    low, high = min(rows[0], *values), max(rows[-1], *values)

    def across(step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * step / max(1, last)

    def up(value: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - value) / (high - low)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{" and ".join(known)} by step">']
    floor = HEIGHT - BOTTOM
    for tick in rows:
        parts.append(f'<path class="grid" d="M{LEFT} {up(tick):.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="row" x="{LEFT - 6}" y="{up(tick) + 4:.1f}">{label(tick)}</text>')
    for tick in columns:
        parts.append(f'<path class="axis" d="M{across(tick):.1f} {floor}v4"/>')
        parts.append(f'<text class="column" x="{across(tick):.1f}" y="{floor + 16}">{label(tick)}</text>')
    for mark in marks:
        parts.append(f'<path class="mark" d="M{across(mark):.1f} {TOP}V{floor}"/>')
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{floor}H{WIDTH - RIGHT}"/>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text class="column" x="{middle}" y="{HEIGHT - 3}">step</text>')
    for name, points in known.items():
        if points:
            path = "L".join(f"{across(step):.1f} {up(value):.1f}" for step, value in points)
            parts.append(f'<path class="curve {name}" d="M{path}"/>')
        for step, value in points:
            told = html.escape(f"{name}, step {step}: {value:.4g}")
            at = f'cx="{across(step):.1f}" cy="{up(value):.1f}"'
            parts.append(f'<circle class="{name}" {at} r="2.5"><title>{told}</title></circle>')
    return "".join([*parts, "</svg>"])


def nice_ticks(low: float, high: float) -> list[float]:
    """Return round numbers from about `low` to about `high`; two at least, whatever they are."""
    if not high > low:
        spread = abs(low) * 0.1 or 1.0
        low, high = low - spread, high + spread
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first, final = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, final + 1)]


def label(value: float) -> str:
    """Write the number beside a tick: short, and with thousands set off."""
    if value and abs(value) < 1e-3:
        return f"{value:.1e}".replace(".0e", "e").replace("e-0", "e-")
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"
