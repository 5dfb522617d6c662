"""`tiedtts tie`: weights that could be the same become the same."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tiedtts.choices import ARCHITECTURES, BIASES, SCHEMES
from tiedtts_cli import heldout, shard_size, streams, talk
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import choice, completes, option, takes
from tiedtts_cli.shard_size import ShardSize

if TYPE_CHECKING:
    from tiedtts.tying import TiePlan

_SCHEMES = f"{', '.join(SCHEMES[:-1])} or {SCHEMES[-1]}"


class Arguments(NamedTuple):
    """Which layers of which checkpoint are tied, and how."""

    source: Annotated[Path, typer.Argument(metavar="CKPT", help="Checkpoint, of this or another program.")]
    output: Annotated[
        Path, option("--output", "-o", metavar="OUT", help="Checkpoint to write, or index of files.")
    ]
    plan: Annotated[
        Path | None,
        option("--plan", metavar="NAME|FILE", help="Tie plan, TOML.", autocompletion=completes("plan")),
    ] = None
    scheme: Annotated[
        str | None,
        option(
            "--scheme",
            metavar="S",
            help=f"Instead of a plan: {_SCHEMES}.",
            autocompletion=completes(SCHEMES),
        ),
    ] = None
    layers: Annotated[str | None, option("--layers", metavar="GLOB", help="Layers that the scheme ties.")] = (
        None
    )
    scheme_options: Annotated[
        list[str] | None, option("--option", metavar="K=V", help="Option of the scheme.")
    ] = None
    bias: Annotated[
        str, choice("--bias", BIASES, help="Biases that `--scheme` meets.", show_default=True)
    ] = "keep"
    architecture: Annotated[
        str, choice("--arch", ARCHITECTURES, help="What a foreign checkpoint is.", show_default=True)
    ] = "auto"
    data: Annotated[
        Path | None,
        option("--data", metavar="DATA", help="Look at recordings; measure losses before and after."),
    ] = None
    calibrate: Annotated[
        str | None,
        option("--calibrate", metavar="MOD:FUNC|NPZ", help="Look at inputs: what runs the net, or arrays."),
    ] = None
    shard_size: ShardSize = None
    report: Annotated[Path | None, option("--report", metavar="FILE", help="Write the report as JSON.")] = (
        None
    )
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no table.")] = False


@takes(Arguments)
def tie(given: Arguments) -> None:
    """Tie the weights of a checkpoint.

    \b
    tiedtts tie run/voice.safetensors -o tied.safetensors --plan plan.toml
    tiedtts tie generator_v2 -o tied.safetensors --scheme codebook --layers "*"
    tiedtts tie net.pt -o tied.safetensors --plan plan.toml --calibrate mine:run
    """  # noqa: D301
    if given.as_json:
        streams.need_stdout()
    _check(given)
    from tiedtts import storage
    from tiedtts.checkpoints.conversion import convert
    from tiedtts.tying import TiePlan

    plan = _rule(given) if given.plan is None else TiePlan.read(given.plan)
    if given.report is not None:
        storage.check_writable(given.report)
    largest = shard_size.in_bytes(given.shard_size, given.output)
    losses, run = heldout.both(given.data, given.calibrate)
    made = convert(
        given.source,
        given.output,
        plan,
        architecture=given.architecture,
        losses=losses,
        run=run,
        largest=largest,
    )
    for note in () if given.quiet else made.notes:
        talk.note(f"{given.source}: {note}")
    text = json.dumps(made.to_dict(), indent=2)
    if given.report is not None:
        storage.write_bytes(given.report, f"{text}\n".encode())
    if given.as_json:
        typer.echo(text)
    elif not given.quiet:
        from tiedtts_cli import tie_tables

        tie_tables.show(made)


def _check(given: Arguments) -> None:
    """Refuse no plan, and two."""
    if (given.plan is None) == (given.scheme is None):
        raise UsageError(
            "give either `--plan FILE` or `--scheme S --layers GLOB`",
            hint="`tiedtts suggest CKPT` proposes a plan",
        )
    if given.scheme is not None and given.layers is None:
        raise UsageError("`--scheme` needs `--layers`", hint='all layers are --layers "*"')
    if given.scheme is None and (given.layers is not None or given.scheme_options):
        raise UsageError("`--layers` and `--option` belong to `--scheme`", hint="a plan has its own")


def _rule(given: Arguments) -> "TiePlan":
    """Make a plan of one rule."""
    from tiedtts import documents
    from tiedtts.errors import ConfigError
    from tiedtts.tying import TiePlan

    table: dict[str, object] = {}
    for each in given.scheme_options or []:
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise UsageError(f"`--option` must be K=V, got: {each}")
        try:
            table[key] = documents.from_json(value, f"`{key}`")
        except ConfigError:
            table[key] = value
    rule = {"layers": given.layers, "scheme": given.scheme, "bias": given.bias, "options": table}
    return TiePlan.from_dict({"tie": [rule]}, "the arguments")
