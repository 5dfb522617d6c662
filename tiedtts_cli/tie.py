"""`tiedtts tie`: weights that could be the same become the same."""

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tiedtts_cli import streams, talk
from tiedtts_cli.boundary import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from tiedtts.checkpoints.conversion import Conversion
    from tiedtts.training.heldout import HeldOut
    from tiedtts.tying import LayerReport, TiePlan
    from tiedtts.tying.suggestion import Suggestion

ARCHITECTURES = ("auto", "hifigan", "tacotron2", "state_dict")


def tie(
    source: Annotated[Path, typer.Argument(metavar="CKPT", help="Checkpoint, of this or another program.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="OUT", help="Checkpoint to write.", show_default=False),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(metavar="NAME|FILE", help="Tie plan, TOML.", show_default=False)
    ] = None,
    scheme: Annotated[
        str | None,
        typer.Option(
            metavar="S",
            help="Instead of a plan: identity, diagonal, separable, lowrank, cluster, share, codebook or io.",
            show_default=False,
        ),
    ] = None,
    layers: Annotated[
        str | None, typer.Option(metavar="GLOB", help="Layers that `--scheme` ties.", show_default=False)
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="Option of `--scheme`.", show_default=False)
    ] = None,
    bias: Annotated[
        str, typer.Option(metavar="keep|share|zero", help="Biases that `--scheme` meets.")
    ] = "keep",
    architecture: Annotated[
        str, typer.Option("--arch", metavar="|".join(ARCHITECTURES), help="What a foreign checkpoint is.")
    ] = "auto",
    data: Annotated[
        Path | None,
        typer.Option(metavar="DATA", help="Measure held-out losses before and after.", show_default=False),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as JSON.", show_default=False)
    ] = None,
    undo: Annotated[bool, typer.Option("--untie", help="Write the plain checkpoint back.")] = False,
    suggest: Annotated[bool, typer.Option("--suggest", help="Propose a plan; `-o` writes it.")] = False,
    max_error: Annotated[
        float, typer.Option(metavar="X", help="Weight error that `--suggest` accepts, 0 to 1.")
    ] = 0.2,
    max_loss: Annotated[
        float, typer.Option(metavar="X", help="Held-out loss over that before, that it accepts with data.")
    ] = 1.05,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no table.")] = False,
) -> None:
    """Tie the weights of a checkpoint.

    \b
    tiedtts tie run/voice.safetensors -o tied.safetensors --plan plan.toml
    tiedtts tie generator_v2 -o tied.safetensors --scheme codebook --layers "*" --option k=64
    tiedtts tie --suggest run/voice.safetensors --data data -o plan.toml
    tiedtts tie --untie tied.safetensors -o plain.safetensors
    """  # noqa: D301
    if as_json or (suggest and output is None):
        streams.need_stdout()
    _check(output, plan, scheme, layers, option, architecture, undo=undo, suggest=suggest)
    if undo:
        assert output is not None
        from tiedtts.checkpoints.conversion import revert

        parameters = revert(source, output)
        if not quiet:
            talk.note(f"{output}: {parameters:,} parameters, untied")
        return
    heldout = None if data is None else _heldout(data)
    if suggest:
        _suggest(source, output, architecture, heldout, max_error, max_loss, as_json, quiet)
        return
    assert output is not None
    from tiedtts.checkpoints.conversion import convert
    from tiedtts.tying import TiePlan

    wanted = TiePlan.read(plan) if plan is not None else _rule(scheme, layers, option or [], bias)
    if report is not None:
        from tiedtts import storage

        storage.check_writable(report)
    made = convert(
        source, output, wanted, architecture=architecture, losses=None if heldout is None else heldout.losses
    )
    for note in () if quiet else made.notes:
        talk.note(f"{source}: {note}")
    text = json.dumps(made.to_dict(), indent=2)
    if report is not None:
        storage.write_bytes(report, f"{text}\n".encode())
    if as_json:
        typer.echo(text)
    elif not quiet:
        _show(made)


def _check(
    output: Path | None,
    plan: Path | None,
    scheme: str | None,
    layers: str | None,
    option: list[str] | None,
    architecture: str,
    *,
    undo: bool,
    suggest: bool,
) -> None:
    """Refuse arguments that do not go together."""
    if architecture not in ARCHITECTURES:
        raise UsageError(f"`--arch` must be {', '.join(ARCHITECTURES)}, got: {architecture}")
    if undo and suggest:
        raise UsageError("`--untie` and `--suggest` exclude each other")
    if (undo or suggest) and (plan is not None or scheme is not None):
        other = "--untie" if undo else "--suggest"
        raise UsageError(f"`{other}` takes no plan", hint="leave out `--plan` and `--scheme`")
    if output is None and not suggest:
        raise UsageError("the result needs a place to go: `-o OUT`")
    if not undo and not suggest:
        if (plan is None) == (scheme is None):
            raise UsageError(
                "give either `--plan FILE` or `--scheme S --layers GLOB`",
                hint="`tiedtts tie --suggest CKPT` proposes a plan",
            )
        if scheme is not None and layers is None:
            raise UsageError("`--scheme` needs `--layers`", hint='all layers are --layers "*"')
    if scheme is None and (layers is not None or option):
        raise UsageError("`--layers` and `--option` belong to `--scheme`", hint="a plan has its own")


def _rule(scheme: str | None, layers: str | None, options: list[str], bias: str) -> "TiePlan":
    """Make a plan of one rule."""
    from tiedtts import schema
    from tiedtts.errors import ConfigError
    from tiedtts.tying import TiePlan

    table: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not key:
            raise UsageError(f"`--option` must be K=V, got: {option}")
        try:
            table[key] = schema.from_json(value, f"`{key}`")
        except ConfigError:
            table[key] = value
    rule = {"layers": layers, "scheme": scheme, "bias": bias, "options": table}
    return TiePlan.from_dict({"tie": [rule]}, "the arguments")


def _heldout(data: Path) -> "HeldOut":
    from tiedtts.training.heldout import HeldOut

    found = HeldOut(data)
    for name in found.left_out:
        talk.warning(f"left out: {name}")
    return found


def _suggest(
    source: Path,
    output: Path | None,
    architecture: str,
    heldout: "HeldOut | None",
    max_error: float,
    max_loss: float,
    as_json: bool,
    quiet: bool,
) -> None:
    from tiedtts import storage
    from tiedtts.checkpoints.conversion import check_target, read
    from tiedtts.errors import ConfigError
    from tiedtts.tying.suggestion import suggest

    if output is not None:
        check_target(source, output)
    loaded = read(source, architecture)
    with talk.progress("tie", quiet=quiet) as show:
        found = suggest(
            loaded.parts,
            max_error=max_error,
            max_loss=max_loss,
            losses=None if heldout is None else heldout.losses,
            progress=show,
        )
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2))
    elif not quiet:
        _show_suggestion(found)
    if output is not None:
        if found.plan is None:
            raise ConfigError(
                "no tie is within the bounds, so that there is no plan to write",
                hint="allow more: --max-error 0.5",
            )
        storage.write_bytes(output, found.plan.to_toml().encode())
        if not quiet:
            talk.note(f"next: tiedtts tie {source} -o tied.safetensors --plan {output}")


def _show(made: "Conversion") -> None:
    """Print what tying did as a table."""
    report = made.report
    table = _table("layers", "", "scheme", "kind", "parameters", "tied", "error", "")
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
    console = _console()
    console.print(table)
    console.print(
        f"\n{report.parameters_before:,} parameters became {report.parameters_after:,}"
        f" ({report.tying_ratio:.2f} times fewer), {_megabytes(made.file_bytes_before)} on disk became"
        f" {_megabytes(made.file_bytes_after)}"
    )
    if made.losses_before is not None and made.losses_after is not None:
        losses = _table("held-out loss", "before", "after")
        for name, before in made.losses_before.items():
            losses.add_row(name, f"{before:.4g}", f"{made.losses_after[name]:.4g}")
        console.print()
        console.print(losses)


def _show_suggestion(found: "Suggestion") -> None:
    """Print candidates, likeness and the plan."""
    console = _console()
    table = _table("", "layers", "scheme", "options", "kind", "parameters", "tied", "bytes", "error", "loss")
    chosen = {id(each) for each in found.chosen}
    for each in found.candidates:
        options = ", ".join(f"{key}={value}" for key, value in each.rule.to_dict()["options"].items())
        table.add_row(
            "*" if id(each) in chosen else "",
            each.rule.layers,
            each.rule.scheme,
            options,
            each.kind,
            f"{each.parameters_before:,}",
            f"{each.parameters_after:,}",
            f"{each.bytes_after / each.bytes_before:.0%}",
            f"{each.error:.3f}",
            "" if each.loss is None else f"{each.loss:.3f}",
        )
    console.print(table)
    if found.alike:
        near = _table("layers", "most alike", "distance")
        for like in found.alike:
            near.add_row(like.pattern, " and ".join(like.nearest), f"{like.distance:.3f}")
        console.print()
        console.print(near)
        console.print("distance 0: equal; 1: unrelated")
    if found.plan is None:
        console.print("\nno tie is within the bounds")
    else:
        console.print(f"\n# the plan, marked * above\n{found.plan.to_toml()}", markup=False)


def _alike(rows: "Sequence[LayerReport]") -> "dict[str, list[LayerReport]]":
    """Put layers whose names differ in numbers, and that were tied alike, into one row."""
    found: dict[tuple[str, str, str], list[LayerReport]] = {}
    for row in rows:
        key = (_pattern(row.layer), row.scheme, row.note.split(" ")[0] if "left as it is" in row.note else "")
        found.setdefault(key, []).append(row)
    return {rows[0].layer if len(rows) == 1 else key[0]: rows for key, rows in found.items()}


def _pattern(text: str) -> str:
    """Write `*` for the numbers in names."""
    return re.sub(r"(?<=\.)\d+(?=\.|`|$)", "*", text)


def _console() -> "Console":
    from rich.console import Console

    # Names of layers are long; where no terminal says how wide it is, no line is broken.
    return Console(highlight=False, width=None if sys.stdout.isatty() else 200)


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in columns:
        numeric = column in ("parameters", "tied", "error", "bytes", "loss", "before", "after", "distance")
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    return table


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.2f} MB"
