"""Tables and a picture of what `tests.benchmarks.tying` found."""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
TITLES = {
    ("scratch", "acoustic"): "Acoustic net, trained from nothing: held-out mel loss",
    ("scratch", "vocoder"): "Vocoder, trained from nothing: held-out spectral loss",
    ("trained", "acoustic"): "Acoustic net, changed after training: held-out mel loss",
    ("trained", "vocoder"): "Vocoder, changed after training: held-out spectral loss",
}


def merge(rows: Sequence[Row]) -> list[Row]:
    """Put the seeds of a variant into one row: means, and the spread of the loss."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["study"], row["part"], row["name"]), []).append(row)
    merged = []
    for group in groups.values():
        after = [row["after"] for row in group]
        merged.append(
            {
                **group[0],
                "after": statistics.fmean(after),
                "spread": max(after) - min(after) if len(after) > 1 else None,
                "seeds": len(after),
            }
        )
    return merged


def report(rows: Sequence[Row]) -> str:
    """Return Markdown tables, one a study and part."""
    merged = merge(rows)
    lines = []
    for (study, part), title in TITLES.items():
        own = [row for row in merged if (row["study"], row["part"]) == (study, part)]
        if not own:
            continue
        heads = "| variant | unique parameters | kB | MMACs/s"
        steps = own[0]["steps"]
        column = f"after {steps} steps" if study == "trained" else f"loss after {steps} steps"
        lines += [
            f"\n**{title}**\n",
            f"{heads}{' | no data' if study == 'trained' else ''} | {column} | seeds |",
            "|---|---:|---:|---:|" + ("---:|" if study == "trained" else "") + "---:|---:|",
        ]
        for row in own:
            loss = f"{row['after']:.4f}"
            if row["spread"] is not None:
                loss += f" ± {row['spread'] / 2:.4f}"
            first = f"| {row['before']:.4f} " if study == "trained" else ""
            count = f"{row['parameters']:,}"
            if "nonzero" in row:
                count = f"{row['nonzero']:,} not zero"
            lines.append(
                f"| {row['name']} | {count} | {row['bytes'] / 1e3:,.0f} "
                f"| {row['macs_per_second'] / 1e6:.1f} {first}| {loss} | {row['seeds']} |"
            )
    return "\n".join(lines)


def picture(rows: Sequence[Row], path: Path) -> None:
    """Draw the loss over bytes and over work: a row of axes a study and part."""
    from matplotlib.figure import Figure

    merged = merge(rows)
    shown = [key for key in TITLES if any((row["study"], row["part"]) == key for row in merged)]
    figure = Figure(figsize=(13, 4.2 * len(shown)), layout="constrained")
    grid = figure.subplots(len(shown), 2, squeeze=False)
    for (study, part), pair in zip(shown, grid, strict=True):
        own = [row for row in merged if (row["study"], row["part"]) == (study, part)]
        for axes, key, scale, label in (
            (pair[0], "bytes", 1e3, "kB stored"),
            (pair[1], "macs_per_second", 1e6, "MMACs per second of audio"),
        ):
            for row in own:
                colour = "C0" if row["name"].startswith("untied") else "C3"
                if row["name"].split(",")[0] in ("pruned", "int8", "fp16"):
                    colour = "C2"
                axes.plot(row[key] / scale, row["after"], "o", color=colour)
                axes.annotate(
                    row["name"],
                    (row[key] / scale, row["after"]),
                    fontsize=7,
                    xytext=(4, 3),
                    textcoords="offset points",
                )
            axes.set_xlabel(label)
            axes.set_ylabel("held-out loss")
            axes.set_title(
                f"{part}, {'from nothing' if study == 'scratch' else 'after training'}", fontsize=10
            )
            # A broken variant would squeeze all the others into one line.
            best = min(row["after"] for row in own)
            axes.set_ylim(best * 0.985, min(max(row["after"] for row in own) * 1.01, best * 1.35))
            axes.margins(x=0.12)
    figure.savefig(path, dpi=110)
