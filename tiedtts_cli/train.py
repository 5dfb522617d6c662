"""`tiedtts train`: a data folder becomes checkpoints."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from tiedtts.choices import ACCELERATORS, PARTS, TRAINING_PRECISIONS
from tiedtts.stopping import Stopped
from tiedtts_cli import talk
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import at_least, choice, completes, option, takes

if TYPE_CHECKING:
    from tiedtts.training.advice import Advice
    from tiedtts.training.progress import Progress

SHOWN = 4
"""Losses in a line of progress."""


class Arguments(NamedTuple):
    """Arguments of `train`: the data, the recipe, the run, and the devices."""

    data: Annotated[Path, typer.Argument(help="Folder made by `prepare`.")]
    run: Annotated[Path, option("--output", "-o", metavar="RUN", help="Folder to write.")]
    recipe: Annotated[
        str | None,
        option(
            "--recipe",
            metavar="NAME|FILE",
            help="Sizes, steps, rates; by default the one that fits.",
            autocompletion=completes("recipe"),
        ),
    ] = None
    part: Annotated[
        str, choice("--part", ("all", *PARTS), help="all: those of the recipe.", show_default=True)
    ] = "all"
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run stopped.")] = False
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin anew where a run is; what it has is lost.")
    ] = False
    init_from: Annotated[
        str | None,
        option(
            "--init-from",
            metavar="CKPT|VOICE",
            help="Start from its weights: fine-tuning.",
            autocompletion=completes("voice"),
        ),
    ] = None
    tie: Annotated[
        Path | None,
        option(
            "--tie",
            metavar="NAME|FILE",
            help="Tie weights by a plan, before or in training.",
            autocompletion=completes("plan"),
        ),
    ] = None
    precision: Annotated[
        str,
        choice(
            "--precision", TRAINING_PRECISIONS, help="auto: bf16 on GPUs that have it.", show_default=True
        ),
    ] = "auto"
    accelerator: Annotated[
        str, choice("--accelerator", ACCELERATORS, help="Where to compute.", show_default=True)
    ] = "auto"
    devices: Annotated[int | None, at_least(1, "--devices", help="GPUs; all of them by default.")] = None
    threads: Annotated[int | None, at_least(1, "--threads", help="CPU threads of a process.")] = None
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also log for TensorBoard.")] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")] = False


@takes(Arguments)
def train(given: Arguments) -> None:
    """Train the parts of a voice, one after the other.

    \b
    tiedtts train data -o run
    tiedtts train data -o run --resume
    tiedtts train minutes -o mine --init-from clara
    tiedtts train data -o tuned --part vocoder --init-from run/voice.safetensors
    tiedtts train data -o tied --part vocoder --tie plan.toml
    torchrun --nproc-per-node 2 -m tiedtts_cli train data -o run
    """  # noqa: D301
    if given.resume and given.overwrite:
        raise UsageError("`--resume` and `--overwrite` exclude each other", hint="go on, or begin anew")
    if given.resume and given.init_from is not None:
        raise UsageError(
            "`--resume` and `--init-from` exclude each other",
            hint="leave out `--init-from`: the run keeps what it began from",
        )
    from tiedtts.training import train as core

    begun: list[str] = []
    with talk.progress("train", quiet=given.quiet, clock=False) as show:

        def report(state: "Progress") -> None:
            if not begun and not given.quiet:
                talk.note(f"how it goes: {given.run / 'report.html'}")
            begun.append(state.part)
            show(state.share, _describe(state))
            if state.step == state.steps and not given.quiet:
                talk.note(f"{state.part}: {state.steps} steps done, {_losses(state)}")

        def advise(advice: "Advice") -> None:
            if not given.quiet:
                (talk.warning if advice.warning else talk.note)(advice.text)

        try:
            made = core.train(
                given.data,
                given.run,
                recipe=given.recipe,
                parts=None if given.part == "all" else (given.part,),
                resume=given.resume,
                init_from=given.init_from,
                tie=given.tie,
                tensorboard=given.tensorboard,
                precision=given.precision,
                devices="auto" if given.devices is None else given.devices,
                accelerator=given.accelerator,
                threads=given.threads,
                overwrite=given.overwrite,
                progress=report,
                advise=advise,
            )
        except Stopped as stop:
            stop.hint = stop.hint or _way_on(given.run)
            if given.init_from is not None and "--resume" in stop.hint:
                stop.hint += ", without `--init-from`"
            raise
    if talk.is_first():
        for path in made.values():
            typer.echo(path)
        if "voice" in made and not given.quiet:
            talk.note(f"next: tiedtts export {made['voice']} -o voice.onnx")


def _way_on(run: Path) -> str:
    """Return how to go on where training was stopped between two states."""
    from tiedtts.training.trainer import STATE

    if any(run.glob(f"*/{STATE}")):
        return "the same command with `--resume` goes on from the last state"
    return "nothing was saved yet: the same command starts again"


def _describe(state: "Progress") -> str:
    """Return where a run is, in words: what is left is of all parts together."""
    left = talk.duration(state.seconds_left)
    part = f"{state.part} ({state.place} of {state.parts})" if state.parts > 1 else state.part
    stage = f", stage {state.stage} of {state.stages}" if state.stages > 1 else ""
    return f"{left} left; {part}{stage}, step {state.step}/{state.steps}, {_losses(state)}"


def _losses(state: "Progress") -> str:
    return " ".join(f"{name} {value:.3g}" for name, value in list(state.losses.items())[:SHOWN])
