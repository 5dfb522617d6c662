"""`tiedtts suggest`: which ties cost a checkpoint little, and the best plan for a budget."""

import json
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from tiedtts.choices import ARCHITECTURES, PICTURES, PLANNED, STORED_AS
from tiedtts_cli import amounts, heldout, streams, talk
from tiedtts_cli.amounts import amount
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import at_least, choice, completes, option, takes


def _picture(path: Path | None) -> Path | None:
    if path is not None and path.suffix not in PICTURES:
        raise UsageError(f"a picture's name ends in {', '.join(PICTURES)}, got: {path}")
    return path


class Arguments(NamedTuple):
    """Where a plan is looked for, and what it has to keep."""

    source: Annotated[Path, typer.Argument(metavar="CKPT", help="Checkpoint, of this or another program.")]
    output: Annotated[Path | None, option("--output", "-o", metavar="PLAN", help="Tie plan to write.")] = None
    size: Annotated[str | None, amount("--bytes", metavar="300k|25%", help="Budget: size of the file.")] = (
        None
    )
    macs: Annotated[str | None, amount("--macs", metavar="50%", help="Budget: multiply-accumulates.")] = None
    loss: Annotated[
        str | None,
        amount("--loss", only_share=True, metavar="1%", help="Budget: growth of loss, change of outputs."),
    ] = None
    data: Annotated[
        Path | None, option("--data", metavar="DATA", help="Measure held-out losses on recordings.")
    ] = None
    measure: Annotated[
        str | None, option("--measure", metavar="CMD", help="Measure by a command with {file} in it.")
    ] = None
    calibrate: Annotated[
        str | None,
        option("--calibrate", metavar="MOD:FUNC|NPZ", help="Look at inputs: what runs the net, or arrays."),
    ] = None
    schemes: Annotated[
        list[str] | None,
        option("--scheme", metavar="S", help="Only this scheme.", autocompletion=completes(PLANNED)),
    ] = None
    trials: Annotated[int, at_least(10, "--trials", help="Measurements, about.", show_default=True)] = 150
    plot: Annotated[
        Path | None, option("--plot", metavar="FILE", help="Picture of the front.", callback=_picture)
    ] = None
    architecture: Annotated[
        str, choice("--arch", ARCHITECTURES, help="What a foreign checkpoint is.", show_default=True)
    ] = "auto"
    max_error: Annotated[float, typer.Option(metavar="X", help="Without budget: weight error, 0 to 1.")] = 0.2
    max_loss: Annotated[float, typer.Option(metavar="X", help="Without budget: loss over that before.")] = (
        1.05
    )
    stored_as: Annotated[
        str | None,
        choice("--stored-as", STORED_AS, help="File whose bytes count; int8 for nets of voices."),
    ] = None
    as_json: Annotated[bool, typer.Option("--json", help="Print the suggestion as JSON.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no table.")] = False


@takes(Arguments)
def suggest(given: Arguments) -> None:
    """Propose a tie plan for a checkpoint.

    \b
    tiedtts suggest run/voice.safetensors --data data -o plan.toml
    tiedtts suggest net.pt --bytes 300k --measure 'python test.py {file}'
    """  # noqa: D301
    if given.as_json or given.output is None:
        streams.need_stdout()
    if given.size is None and given.macs is None and given.loss is None:
        _without_budget(given)
    else:
        _within(given)


def _without_budget(given: Arguments) -> None:
    """Show what ties save and cost, each by itself."""
    for name, value in (
        ("--measure", given.measure),
        ("--calibrate", given.calibrate),
        ("--scheme", given.schemes),
        ("--plot", given.plot),
    ):
        if value:
            raise UsageError(f"`{name}` needs a budget", hint="give --bytes, --macs or --loss")
    from tiedtts.checkpoints.conversion import propose, save_plan
    from tiedtts.measure import macs

    with talk.progress("suggest", quiet=given.quiet) as show:
        found = propose(
            given.source,
            given.output,
            architecture=given.architecture,
            max_error=given.max_error,
            max_loss=given.max_loss,
            losses=heldout.losses(given.data),
            stored_as=given.stored_as,
            work=macs.rows,
            progress=show,
        )
    if given.as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2))
    elif not given.quiet:
        from tiedtts_cli import tie_tables

        tie_tables.show_suggestion(found)
    if given.output is not None:
        save_plan(found, given.output)
        _next(given)


def _within(given: Arguments) -> None:
    """Find the best plan for a budget."""
    if given.measure is not None and given.data is not None:
        raise UsageError("`--measure` and `--data` both measure", hint="give one of them")
    for each in given.schemes or ():
        if each not in PLANNED:
            raise UsageError(f"`--scheme` must be one of {', '.join(PLANNED)}, got: {each}")
    from tiedtts import storage
    from tiedtts.checkpoints import calibration, conversion
    from tiedtts.checkpoints.trials import Plans, Wanted
    from tiedtts.measure import macs

    for path in (given.output, given.plot):
        if path is not None:
            conversion.check_target(given.source, path)
    size = None if given.size is None else amounts.parse("--bytes", given.size)
    work = None if given.macs is None else amounts.parse("--macs", given.macs)
    loss = None if given.loss is None else amounts.parse("--loss", given.loss)
    wanted = Wanted(
        bytes=None if size is None else size.value,
        bytes_are_share=size is not None and size.is_share,
        macs=None if work is None else work.value,
        macs_are_share=work is not None and work.is_share,
        loss=None if loss is None else loss.value,
    )
    losses, run = heldout.both(given.data, given.calibrate)
    with talk.progress("suggest", quiet=given.quiet) as show:
        plans = Plans(
            given.source,
            architecture=given.architecture,
            losses=losses,
            run=run,
            measure=None if given.measure is None else calibration.command(given.measure),
            stored_as=given.stored_as,
            schemes=tuple(given.schemes or PLANNED),
            work=macs.rows,
            trials=given.trials,
            progress=show,
        )
        found = plans.within(wanted)
    if found.objective is not None and found.objective.is_doubtful:
        talk.warning(
            f"the outputs that plans were measured by are {found.objective.numbers} numbers: which plan"
            " changes them least may be chance; more inputs, or whole outputs in their place, tell more"
        )
    if given.plot is not None:
        from tiedtts.measure import front_picture

        front_picture.draw(found, given.plot)
    if given.as_json:
        typer.echo(json.dumps({"stored_as": plans.stored_as, **found.to_dict()}, indent=2))
    elif not given.quiet:
        from tiedtts_cli import plan_tables

        plan_tables.show(found, plans.stored_as)
    if given.output is not None:
        text = "" if found.plan is None else found.plan.to_toml()
        if not text:
            talk.note("the checkpoint keeps the budget as it is: there is no plan to write")
            return
        storage.write_bytes(given.output, text.encode())
        _next(given)


def _next(given: Arguments) -> None:
    """Say how a plan is used: data that it was found with are looked at again."""
    if given.quiet:
        return
    budget = given.size or given.macs or given.loss
    looked = f" --calibrate {given.calibrate}" if given.calibrate else ""
    looked += f" --data {given.data}" if given.data and budget else ""
    talk.note(f"next: tiedtts tie {given.source} -o tied.safetensors --plan {given.output}{looked}")
