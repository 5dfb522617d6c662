"""`tiedtts stats`: what is stored, and what is computed."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from tiedtts.choices import ARCHITECTURES, PICTURES
from tiedtts_cli import streams, talk
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import choice, completes, option

_PICTURES = f"{', '.join(PICTURES[:-1])} or {PICTURES[-1]}"


def _one_or_two(files: Any) -> Any:
    # Any: typer cannot read `list[str]` here in Python 3.10.
    if len(files) > 2:
        raise UsageError(f"one file or two can be counted, got: {len(files)}")
    return files


def _picture(path: Path | None) -> Path | None:
    if path is not None and path.suffix not in PICTURES:
        raise UsageError(f"a picture's name ends in {_PICTURES}, got: {path}")
    return path


def _sizes(words: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Return the shapes of inputs by name."""
    found = {}
    for word in words:
        name, _, size = word.rpartition("=")
        axes = size.split("x")
        if not name or not all(axis.isascii() and axis.isdigit() and int(axis) for axis in axes):
            raise UsageError(f"`--size` must be an input with its axes, such as x=1x80x100, got: {word}")
        found[name] = tuple(map(int, axes))
    return found


def stats(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE [FILE]",
            help="Checkpoints or voices; two are compared.",
            callback=_one_or_two,
            autocompletion=completes("weights"),
        ),
    ],
    everything: Annotated[bool, typer.Option("--all", help="Show every module by itself.")] = False,
    plot: Annotated[
        Path | None,
        option("--plot", metavar="FILE", help=f"Picture of size and work: {_PICTURES}.", callback=_picture),
    ] = None,
    architecture: Annotated[
        str, choice("--arch", ARCHITECTURES, help="What a foreign checkpoint is.", show_default=True)
    ] = "auto",
    sizes: Annotated[
        list[str] | None,
        option("--size", metavar="INPUT=1x80x100", help="Size of an input of an ONNX model, for its work."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with unrounded numbers.")] = False,
) -> None:
    """Count parameters, work and bytes.

    \b
    tiedtts stats kathleen
    tiedtts stats run/voice.safetensors tied.safetensors --plot saved.png
    """  # noqa: D301
    given = _sizes(sizes or ())
    if plot is None or as_json:
        streams.need_stdout()
    if plot is not None:
        from tiedtts.storage import check_writable

        check_writable(plot)
    from tiedtts.measure import statistics

    counted = [statistics.statistics(file, architecture, given) for file in files]
    for each in counted:
        for note in each.notes:
            talk.note(f"{each.file}: {note}")
    if plot is not None:
        from tiedtts.measure.statistics_picture import draw

        draw(counted, plot)
    if as_json:
        typer.echo(json.dumps(statistics.to_dict(counted), indent=2))
    else:
        from tiedtts_cli import stats_tables

        stats_tables.show(counted, everything=everything)
