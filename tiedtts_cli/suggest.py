"""`tiedtts suggest`: which ties cost a checkpoint little."""

import json
from pathlib import Path
from typing import Annotated

import typer

from tiedtts.choices import ARCHITECTURES, STORED_AS
from tiedtts_cli import heldout, streams, talk
from tiedtts_cli.options import choice, option


def suggest(
    source: Annotated[Path, typer.Argument(metavar="CKPT", help="Checkpoint, of this or another program.")],
    output: Annotated[
        Path | None, option("--output", "-o", metavar="PLAN", help="Tie plan to write.")
    ] = None,
    architecture: Annotated[
        str, choice("--arch", ARCHITECTURES, help="What a foreign checkpoint is.", show_default=True)
    ] = "auto",
    data: Annotated[
        Path | None, option("--data", metavar="DATA", help="Measure held-out losses of every candidate.")
    ] = None,
    max_error: Annotated[
        float, typer.Option(metavar="X", help="Weight error that is accepted, 0 to 1.")
    ] = 0.2,
    max_loss: Annotated[
        float, typer.Option(metavar="X", help="Held-out loss over that before that is accepted, with data.")
    ] = 1.05,
    stored_as: Annotated[
        str | None,
        choice(
            "--stored-as", STORED_AS, help="File whose bytes count; a voice, int8, where one is made of it."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the suggestion as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress and no table.")] = False,
) -> None:
    """Propose a tie plan for a checkpoint.

    \b
    tiedtts suggest run/voice.safetensors
    tiedtts suggest run/voice.safetensors --data data -o plan.toml
    """  # noqa: D301
    if as_json or output is None:
        streams.need_stdout()
    from tiedtts.checkpoints.conversion import propose, save_plan
    from tiedtts.measure import macs

    with talk.progress("suggest", quiet=quiet) as show:
        found = propose(
            source,
            output,
            architecture=architecture,
            max_error=max_error,
            max_loss=max_loss,
            losses=heldout.losses(data),
            stored_as=stored_as,
            work=macs.rows,
            progress=show,
        )
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2))
    elif not quiet:
        from tiedtts_cli import tie_tables

        tie_tables.show_suggestion(found)
    if output is not None:
        save_plan(found, output)
        if not quiet:
            talk.note(f"next: tiedtts tie {source} -o tied.safetensors --plan {output}")
