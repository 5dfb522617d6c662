"""`tiedtts eval`: a voice against held-out recordings."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tiedtts_cli import streams, talk
from tiedtts_cli.options import at_least, option


def evaluate(
    voice: Annotated[str, typer.Argument(help="Voice file, checkpoint, or name of a voice in the package.")],
    data: Annotated[Path, typer.Argument(help="Folder made by `prepare`.")],
    aligner: Annotated[
        Path | None,
        option("--aligner", metavar="CKPT", help="Recogniser that counts wrong phones."),
    ] = None,
    vocoder: Annotated[
        str | None,
        option("--vocoder", metavar="NAME|CKPT", help="Another vocoder than the voice's own."),
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
    from tiedtts.measure.evaluation import evaluate
    from tiedtts.speech.voice import Voice

    with talk.progress("eval", quiet=quiet) as show:
        result = evaluate(
            Voice.load(voice, vocoder=vocoder), data, aligner=aligner, limit=limit, progress=show
        ).to_dict()
    if as_json:
        typer.echo(json.dumps(result, indent=2))
    else:
        left_out = result.pop("left_out", [])
        _show(result)
        for name in left_out:
            talk.warning(f"left out: {name}")


def _show(values: Mapping[str, Any]) -> None:
    """Print nested values as a table on stdout."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, pad_edge=False)
    for name, value in _rows(values):
        table.add_row(name, value)
    Console(highlight=False).print(table)


def _rows(values: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield a row for every value; those of an inner mapping are indented under its name."""
    for key, value in values.items():
        name = "  " * depth + key.replace("_", " ")
        if isinstance(value, Mapping):
            yield name, ""
            yield from _rows(value, depth + 1)
        else:
            yield name, _number(value)


def _number(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    if isinstance(value, (list, tuple)):
        return " to ".join(_number(each) for each in value)
    return str(value)
