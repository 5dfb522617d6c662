"""`tiedtts train`: a data folder becomes checkpoints."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tiedtts.stopping import Stopped
from tiedtts_cli import talk
from tiedtts_cli.boundary import UsageError

if TYPE_CHECKING:
    from tiedtts.training.trainer import Progress

CHOICES = {
    "--part": ("all", "aligner", "acoustic", "vocoder"),
    "--precision": ("auto", "32", "bf16"),
    "--accelerator": ("auto", "cpu", "cuda"),
}
SHOWN = 4
"""Losses in a line of progress."""


def train(
    data: Annotated[Path, typer.Argument(help="Folder made by `prepare`.")],
    run: Annotated[
        Path, typer.Option("--output", "-o", metavar="RUN", help="Folder to write.", show_default=False)
    ],
    recipe: Annotated[str, typer.Option(metavar="NAME|FILE", help="Sizes, steps, rates.")] = "default",
    part: Annotated[str, typer.Option(metavar="|".join(CHOICES["--part"]), help="What to train.")] = "all",
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run stopped.")] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin anew where a run is; what it has is lost.")
    ] = False,
    init_from: Annotated[
        Path | None, typer.Option(metavar="CKPT", help="Start from its weights.", show_default=False)
    ] = None,
    tie: Annotated[
        Path | None,
        typer.Option(metavar="NAME|FILE", help="Tie weights by a plan before training.", show_default=False),
    ] = None,
    precision: Annotated[
        str, typer.Option(metavar="|".join(CHOICES["--precision"]), help="auto: bf16 on GPUs that have it.")
    ] = "auto",
    accelerator: Annotated[
        str, typer.Option(metavar="|".join(CHOICES["--accelerator"]), help="Where to compute.")
    ] = "auto",
    devices: Annotated[
        int | None, typer.Option(metavar="N", help="GPUs; all of them by default.", show_default=False)
    ] = None,
    threads: Annotated[
        int | None, typer.Option(metavar="N", help="CPU threads of a process.", show_default=False)
    ] = None,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also log for TensorBoard.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False,
) -> None:
    """Train the parts of a voice, one after the other.

    \b
    tiedtts train data -o run
    tiedtts train data -o run --resume
    tiedtts train data -o tuned --part vocoder --init-from run/voice.safetensors
    tiedtts train data -o tied --part vocoder --tie plan.toml
    torchrun --nproc-per-node 2 -m tiedtts_cli train data -o run
    """  # noqa: D301
    for option, value in (("--part", part), ("--precision", precision), ("--accelerator", accelerator)):
        if value not in CHOICES[option]:
            raise UsageError(f"`{option}` must be {', '.join(CHOICES[option])}, got: {value}")
    for option, number in (("--devices", devices), ("--threads", threads)):
        if number is not None and number < 1:
            raise UsageError(f"`{option}` must be at least 1, got: {number}")
    if resume and overwrite:
        raise UsageError("`--resume` and `--overwrite` exclude each other", hint="go on, or begin anew")
    if resume and init_from is not None:
        raise UsageError(
            "`--resume` and `--init-from` exclude each other",
            hint="a resumed run has weights of its own",
        )
    from tiedtts.training import loop

    with talk.progress("train", quiet=quiet, clock=False) as show:

        def report(state: "Progress") -> None:
            show(state.step / state.steps, _describe(state))
            if state.step == state.steps and not quiet:
                talk.note(f"{state.part}: {state.steps} steps done, {_losses(state)}")

        try:
            made = loop.train(
                data,
                run,
                recipe=recipe,
                parts=loop.PARTS if part == "all" else (part,),
                resume=resume,
                init_from=init_from,
                tie=tie,
                tensorboard=tensorboard,
                precision=precision,
                devices="auto" if devices is None else devices,
                accelerator=accelerator,
                threads=threads,
                overwrite=overwrite,
                progress=report,
            )
        except Stopped as stop:
            stop.hint = stop.hint or _way_on(run)
            raise
    if talk.is_first():
        for path in made.values():
            typer.echo(path)
        if "voice" in made and not quiet:
            talk.note(f"next: tiedtts export {made['voice']} -o voice.onnx")


def _way_on(run: Path) -> str:
    """Return how to go on where training was stopped between two states."""
    from tiedtts.training.trainer import STATE

    if any(run.glob(f"*/{STATE}")):
        return "the same command with `--resume` goes on from the last state"
    return "nothing was saved yet: the same command starts again"


def _describe(state: "Progress") -> str:
    left = talk.duration(state.seconds_left)
    return f"{state.part} {state.step}/{state.steps}, {left} left, {_losses(state)}"


def _losses(state: "Progress") -> str:
    return " ".join(f"{name} {value:.3g}" for name, value in list(state.losses.items())[:SHOWN])
