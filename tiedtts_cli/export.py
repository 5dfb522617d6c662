"""`tiedtts export`: checkpoints become a voice."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tiedtts.choices import VOICE_PRECISIONS
from tiedtts_cli import heldout, talk
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import choice, completes, option


def export(
    checkpoints: Annotated[
        list[Path], typer.Argument(metavar="CKPT...", help="Checkpoints that `train` wrote.")
    ],
    output: Annotated[Path, option("--output", "-o", help="Voice file to write.")],
    name: Annotated[
        str | None, option("--name", help="Name the voice tells; that of the file by default.")
    ] = None,
    precision: Annotated[
        str,
        choice("--precision", VOICE_PRECISIONS, help="How weights are stored.", show_default=True),
    ] = "fp16",
    base: Annotated[
        str | None,
        option(
            "--base",
            metavar="VOICE",
            help="Write a small change of it, a .voice file.",
            autocompletion=completes("whole_voice"),
        ),
    ] = None,
    rank: Annotated[
        int | None,
        option(
            "--rank",
            min=1,
            help="With `--base`: keep the strongest terms of the change alone, so many of a matrix.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        option(
            "--data",
            metavar="DATA",
            help="With `--rank`: keep the terms that matter most for what the nets read of recordings.",
        ),
    ] = None,
    card: Annotated[
        Path | None, option("--card", metavar="FILE", help="Also write a model card, as Markdown.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Make a voice of trained checkpoints.

    Of a Tacotron, which cannot be a voice file, it writes the graphs of its loop.

    \b
    tiedtts export run/voice.safetensors -o my.onnx
    tiedtts export run/voice.safetensors -o my.onnx --card my.md
    tiedtts export run/acoustic.safetensors other/vocoder.safetensors -o my.onnx
    tiedtts export adapted/voice.safetensors --base kathleen -o my.voice
    tiedtts export more.safetensors --base clara --rank 64 --data data -o my.voice
    """  # noqa: D301
    from tiedtts.storage import check_writable

    if rank is not None and base is None:
        raise UsageError("`--rank` is for a small change of a voice", hint="name the voice: --base clara")
    if data is not None and rank is None:
        raise UsageError("`--data` chooses among the terms of a change", hint="say how many stay: --rank 64")
    if card is not None:
        check_writable(card)
    if base is not None:
        from tiedtts.export import difference

        run = heldout.both(data)[1]
        change = difference.export(checkpoints, output, base=base, name=name, rank=rank, run=run)
        if card is not None:
            _write_card(card, change)
        if not quiet:
            numbers = change["change"]["numbers"]
            of = "change" if data is None else "change of what layers give"
            cut = "" if rank is None else f"; {change['left_out']:.1%} of the {of} is left out"
            talk.note(
                f"{output}: {numbers:,} numbers beside {base}, {change['file_bytes'] / 1e3:.0f} kB{cut}"
            )
        return
    from tiedtts.export.voice import export_files

    made = export_files(checkpoints, output, name=name, precision=precision)
    if card is not None:
        _write_card(card, made.voice)
    if made.voice is None:
        for path in made.files:
            typer.echo(path)
        if not quiet:
            talk.note(f"a loop around them speaks; so does: tiedtts synth --voice {checkpoints[0]}")
    elif not quiet:
        parameters = sum(made.voice["parameters"].values())
        talk.note(f"{output}: {parameters:,} parameters, {made.voice['file_bytes'] / 1e6:.2f} MB")


def _write_card(path: Path, voice: dict[str, Any] | None) -> None:
    """Write the model card of a voice; the graphs of a Tacotron have none."""
    from tiedtts.export import card

    if voice is None:
        raise UsageError("`--card` describes a voice, and a Tacotron is none", hint="leave it out")
    card.write(path, voice)
