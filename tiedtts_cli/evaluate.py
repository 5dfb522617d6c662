"""`tiedtts eval`: a voice against held-out recordings."""

import json
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tiedtts.quoting import printable
from tiedtts_cli import streams, talk
from tiedtts_cli.options import at_least, completes, option

if TYPE_CHECKING:
    from tiedtts.measure.evaluation import Evaluation

WIDEST = 100
"""Characters of a line where the terminal is no narrower."""
VERDICTS = {True: "met", False: "missed", None: ""}
"""Words for whether a target is met."""


def evaluate(
    voice: Annotated[
        str,
        typer.Argument(
            help="Voice file, checkpoint, or name of a voice in the package.",
            autocompletion=completes("voice"),
        ),
    ],
    data: Annotated[Path, typer.Argument(help="Folder made by `prepare`.")],
    aligner: Annotated[
        Path | None,
        option(
            "--aligner",
            metavar="CKPT",
            help="Recogniser that counts wrong phones; by default that of the voice's run.",
        ),
    ] = None,
    vocoder: Annotated[
        str | None,
        option(
            "--vocoder",
            metavar="NAME|CKPT",
            help="Another vocoder than the voice's own.",
            autocompletion=completes("vocoder"),
        ),
    ] = None,
    limit: Annotated[int | None, at_least(1, "--limit", help="Stop after so many recordings.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with unrounded numbers.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Compare a voice with held-out recordings.

    \b
    tiedtts eval my.onnx data
    tiedtts eval my.onnx data --aligner run/aligner.safetensors --json > eval.json
    """  # noqa: D301
    streams.need_stdout()
    from tiedtts.measure import judging
    from tiedtts.measure.evaluation import evaluate
    from tiedtts.speech.voice import Voice

    with talk.progress("eval", quiet=quiet) as show:
        result = evaluate(
            Voice.load(voice, vocoder=vocoder),
            data,
            aligner=aligner,
            run_aligner=judging.of_run(voice),
            limit=limit,
            progress=show,
        )
    if as_json:
        typer.echo(json.dumps(result.to_dict(), indent=2))
    else:
        _show(result, voice, quiet=quiet)


def _show(found: "Evaluation", voice: str, *, quiet: bool) -> None:
    """Print each number with its unit and target, and below it what it means."""
    from tiedtts.measure import explanation

    lines = list(explanation.explain(found))
    width = min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns)
    rows = [(line.name, line.value, line.target, VERDICTS[line.met]) for line in lines]
    heads = ("measure", "value", "aim for", "")
    columns = [max(len(row[n]) for row in (heads, *rows)) for n in range(len(heads))]
    typer.echo(f"{printable(voice)} beside {found.recordings} held-out recordings of the same texts\n")
    typer.echo(_row(heads, columns))
    for line, row in zip(lines, rows, strict=True):
        typer.echo(_row(row, columns))
        typer.echo(textwrap.fill(line.meaning, width, initial_indent="    ", subsequent_indent="    "))
    if not quiet and (words := explanation.caution(found)) is not None:
        talk.warning(words)
    for name in found.left_out:
        talk.warning(f"left out: {name}")


def _row(cells: tuple[str, ...], columns: list[int]) -> str:
    return "  ".join(cell.ljust(size) for cell, size in zip(cells, columns, strict=True)).rstrip()
