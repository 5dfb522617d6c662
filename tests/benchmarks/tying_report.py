"""Tables and a picture of what `tests.benchmarks.tying` found."""

import argparse
import re
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks import rows_picture
from tests.benchmarks.places import existing, writable
from tiedtts_cli import boundary

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


COLOURS = {
    "not tied": "0.55",
    "share": "C0",
    "lowrank": "C1",
    "cluster": "C2",
    "codebook": "C4",
    "identity": "C5",
    "pruned, int8, fp16": "C8",
}
"""Family of variants to the colour of its bars."""
NOTE = (
    "What tying costs and saves, on this project's two nets. Less is better everywhere. The loss is held out, and told in "
    "per cent above that of the\nuntied net after as many steps; a half is of the blocks' weights. Bars that would be "
    "too long are cut off. Short trainings of one voice: see the page."
)
FURTHEST = 12.0
"""Loss above the untied net's, in per cent, of the longest bar."""


def family(name: str) -> str:
    """Return the family that a variant is drawn with."""
    first = name.split(",")[0].split(" ")[0]
    if first == "untied":
        return "not tied"
    return "pruned, int8, fp16" if first in ("pruned", "int8", "fp16") else first


def picture(rows: Sequence[Row], path: Path) -> None:
    """Draw loss, bytes and work: a table of bars a study and part."""
    merged = merge(rows)
    tables = []
    for (study, part), title in TITLES.items():
        own = [row for row in merged if (row["study"], row["part"]) == (study, part)]
        if not own:
            continue
        untied = next(
            (row["after"] for row in own if row["name"] == "untied"), min(row["after"] for row in own)
        )
        made = [
            {
                "name": row["name"],
                "family": family(row["name"]),
                "loss": 100 * (row["after"] / untied - 1),
                "kB": row["bytes"] / 1e3,
                "work": row["macs_per_second"] / 1e6,
            }
            for row in own
        ]
        panels = (
            rows_picture.Panel(
                key="loss",
                title="loss above the untied net's, %",
                limit=FURTHEST,
                form="{:+.1f}",
                start=min([0.0, *(1.1 * row["loss"] for row in made if row["loss"] < -0.2)]),
            ),
            rows_picture.Panel(key="kB", title="kB stored"),
            rows_picture.Panel(key="work", title="million multiply-accumulates a second"),
        )
        made.sort(key=lambda row: row["kB"])
        heading = f"{title.split(':')[0]} (after {own[0]['steps']} steps)"
        tables.append(rows_picture.Table(title=heading, rows=made, panels=panels))
    rows_picture.draw(tables, COLOURS, path, NOTE)


def from_page(text: str) -> list[Row]:
    """Return the rows of the tables that `report` wrote into a page."""
    rows = []
    for (study, part), title in TITLES.items():
        _, found, rest = text.partition(f"**{title}**\n\n")
        if not found:
            continue
        head, _, *lines = rest.split("\n\n")[0].splitlines()
        steps = int(re.findall(r"after (\d+) steps", head)[0])
        for line in lines:
            name, parameters, kilobytes, work, *losses, _ = (
                cell.strip() for cell in line.strip("|").split("|")
            )
            rows.append(
                {
                    "study": study,
                    "part": part,
                    "name": name,
                    "steps": steps,
                    "parameters": int(parameters.split(" ")[0].replace(",", "")),
                    "bytes": 1e3 * float(kilobytes.replace(",", "")),
                    "macs_per_second": 1e6 * float(work),
                    "after": float(losses[-1].split(" ")[0]),
                }
            )
    return rows


def main() -> None:
    """Draw the picture of the tables of a page."""
    parser = argparse.ArgumentParser(
        description="Draw the tables of a page that `tests.benchmarks.tying` wrote."
    )
    parser.add_argument("page", type=existing, nargs="?", default=Path("docs/tying.md"))
    parser.add_argument("picture", type=writable, nargs="?", default=Path("docs/tying.png"))
    arguments = parser.parse_args()
    picture(from_page(arguments.page.read_text(encoding="utf-8")), arguments.picture)


if __name__ == "__main__":
    sys.exit(boundary.run(lambda _: main(), sys.argv[1:]))
