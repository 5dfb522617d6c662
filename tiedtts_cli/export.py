"""`tiedtts export`: checkpoints become a voice."""

from pathlib import Path
from typing import Annotated

import typer

from tiedtts_cli import talk
from tiedtts_cli.boundary import UsageError


def export(
    checkpoints: Annotated[
        list[Path], typer.Argument(metavar="CKPT...", help="Checkpoints that `train` wrote.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Voice file to write.", show_default=False)],
    name: Annotated[
        str | None,
        typer.Option(help="Name the voice tells; that of the file by default.", show_default=False),
    ] = None,
    precision: Annotated[
        str, typer.Option(metavar="int8|fp16|fp32", help="How weights are stored.")
    ] = "fp16",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Make a voice of trained checkpoints.

    Of a Tacotron, which cannot be a voice file, it writes the graphs of its loop.

    \b
    tiedtts export run/voice.safetensors -o my.onnx
    tiedtts export run/acoustic.safetensors other/vocoder.safetensors -o my.onnx
    """  # noqa: D301
    if precision not in ("int8", "fp16", "fp32"):
        raise UsageError(f"`--precision` must be int8, fp16 or fp32, got: {precision}")
    from tiedtts.export.voice import export, export_steps

    steps = export_steps(checkpoints[0], output, name=name) if len(checkpoints) == 1 else None
    if steps is not None:
        for path in steps:
            typer.echo(path)
        if not quiet:
            talk.note(f"a loop around them speaks; so does: tiedtts synth --voice {checkpoints[0]}")
        return
    made = export(checkpoints, output, name=name, precision=precision)
    if not quiet:
        parameters = sum(made["parameters"].values())
        talk.note(f"{output}: {parameters:,} parameters, {made['file_bytes'] / 1e6:.2f} MB")
