"""Tables of what `tie` did and what `suggest` found."""

import re
from typing import TYPE_CHECKING

from tiedtts_cli import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tiedtts.checkpoints.conversion import Conversion
    from tiedtts.tying import LayerReport
    from tiedtts.tying.suggestion import Suggestion

WIDTH = 200
"""Columns, where no terminal says how many there are."""
_PASSED_OVER = re.compile(r"(`[^`]*`|the model itself|)(, an? [^`]*?\),)? ?(.*)", re.DOTALL)
WORDS = ("", "layers", "scheme", "kind", "options", "held-out loss", "most alike")
"""Headings of columns that are words."""


def show(made: "Conversion") -> None:
    """Print what tying did as a table."""
    report = made.report
    table = tables.table("layers", "", "scheme", "kind", "parameters", "tied", "error", "", left=WORDS)
    for pattern, rows in _alike(report.layers).items():
        table.add_row(
            pattern,
            f"x{len(rows)}" if len(rows) > 1 else "",
            rows[0].scheme,
            rows[0].kind,
            f"{sum(row.parameters_before for row in rows):,}",
            f"{sum(row.parameters_after for row in rows):,}",
            f"{sum(row.error for row in rows) / len(rows):.3f}",
            _pattern(rows[-1].note),
        )
    console = tables.console(WIDTH)
    console.print(table)
    count = max(1, sum(row.parameters_before for row in report.layers))
    stored = sum(row.bytes_after for row in report.layers)
    plain = sum(row.bytes_before for row in report.layers)
    # What a tie stores beside numbers are indices, and they weigh more than the numbers of a codebook.
    console.print(
        f"\n{report.parameters_before:,} parameters became {report.parameters_after:,}; with its indices, a"
        f" weight that is tied takes {8 * stored / count:.1f} bits, before {8 * plain / count:.0f}, that is"
        f" {plain / max(1, stored):.2f} times fewer. {tables.size(made.file_bytes_before)} on disk became"
        f" {tables.size(made.file_bytes_after)}."
    )
    for reason, layers in _reasons(report.passed_over).items():
        each = ": each" if len(layers) > 1 else ""
        console.print(f"passed over: {', '.join(layers)}{each} {reason}", markup=False)
    if made.losses_before is not None and made.losses_after is not None:
        losses = tables.table("held-out loss", "before", "after", left=WORDS)
        for name, before in made.losses_before.items():
            losses.add_row(name, f"{before:.4g}", f"{made.losses_after[name]:.4g}")
        console.print()
        console.print(losses)


def show_suggestion(found: "Suggestion") -> None:
    """Print candidates, likeness and the plan."""
    console = tables.console(WIDTH)
    table = tables.table(
        *("", "layers", "scheme", "options", "kB", "tied, kB", "bits a weight"),
        *("file saved", "work saved", "error", "loss"),
        left=WORDS,
    )
    chosen = {id(each) for each in found.chosen}
    for each in found.candidates:
        options = ", ".join(f"{key}={value}" for key, value in each.rule.to_dict()["options"].items())
        table.add_row(
            "*" if id(each) in chosen else "-" if each.dominated else "",
            each.rule.layers,
            each.rule.scheme,
            options,
            f"{each.bytes_before / 1e3:,.1f}",
            f"{each.bytes_after / 1e3:,.1f}",
            f"{each.bits:.1f}",
            f"{each.bytes_saved:.1%}",
            f"{each.work_saved:.1%}",
            f"{each.error:.3f}",
            "" if each.loss is None else f"{each.loss:.3f}",
        )
    console.print(table)
    console.print(_explanation(found))
    if found.alike:
        near = tables.table("layers", "most alike", "distance", left=WORDS)
        for like in found.alike:
            near.add_row(like.pattern, " and ".join(like.nearest), f"{like.distance:.3f}")
        console.print()
        console.print(near)
        console.print("distance 0: equal; 1: unrelated")
    if found.plan is None:
        console.print("\nno tie is within the bounds; --max-error, --max-loss and --stored-as set them")
    else:
        console.print(f"\nby the plan, {_totals(found)}")
        console.print(f"\n# the plan, marked * above\n{found.plan.to_toml()}", markup=False)


def _explanation(found: "Suggestion") -> str:
    """Say what the columns mean."""
    file = "the checkpoint" if found.stored_as == "checkpoint" else f"a voice exported in {found.stored_as}"
    lines = [
        f"*: in the plan; -: another row saves as much at a smaller cost. Bytes are those of {file};",
        "file and work saved are shares of the whole. "
        + (
            "Work is that of a second of speech."
            if found.before.macs_are_measured
            else "Work counts each layer once: how often it runs is not known."
        ),
    ]
    if all(each.loss is None for each in found.candidates):
        lines.append(
            "error: how much the weights change. It does not tell how much the output does: measure that with"
            " `--data`, or in the program that the checkpoint is from."
        )
    return "\n".join(lines)


def _totals(found: "Suggestion") -> str:
    """Say what the plan saves of the whole."""
    before, after = found.before, found.after
    work = "the work stays the same"
    if after.macs < 0.995 * before.macs:
        work = f"the work becomes {after.macs / before.macs:.0%}"
    return f"{tables.size(before.bytes)} of tensors become {tables.size(after.bytes)}, {work}"


def _alike(rows: "Sequence[LayerReport]") -> "dict[str, list[LayerReport]]":
    """Put layers whose names differ in numbers, and that were tied alike, into one row."""
    found: dict[tuple[str, str, str], list[LayerReport]] = {}
    for row in rows:
        key = (_pattern(row.layer), row.scheme, row.note.split(" ")[0] if "left as it is" in row.note else "")
        found.setdefault(key, []).append(row)
    return {rows[0].layer if len(rows) == 1 else key[0]: rows for key, rows in found.items()}


def _reasons(passed_over: "Sequence[str]") -> "dict[str, list[str]]":
    """Put layers that are passed over for one reason into one sentence: many have the same."""
    found: dict[str, list[str]] = {}
    for sentence in dict.fromkeys(map(_pattern, passed_over)):
        layer, _, reason = _PASSED_OVER.match(sentence).groups()  # type: ignore[union-attr]
        layers = found.setdefault(reason, [])
        layers.extend(() if layer in layers else (layer,))
    return found


def _pattern(text: str) -> str:
    """Write `*` for the numbers in names."""
    return re.sub(r"(?<=\.)\d+(?=\.|`|$)", "*", text)
