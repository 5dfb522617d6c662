"""The program `tiedtts`: its commands, and nothing they need before they run."""

import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from tiedtts import __version__
from tiedtts.processes import SAFE_PATH
from tiedtts_cli import boundary, caches, streams
from tiedtts_cli.distil import distil
from tiedtts_cli.evaluate import evaluate
from tiedtts_cli.explain import explain
from tiedtts_cli.export import export
from tiedtts_cli.panels import GroupedCommand, GroupedProgram
from tiedtts_cli.prepare import prepare
from tiedtts_cli.serve import serve
from tiedtts_cli.speechd import speechd
from tiedtts_cli.stats import stats
from tiedtts_cli.suggest import suggest
from tiedtts_cli.synth import synth
from tiedtts_cli.tie import tie
from tiedtts_cli.train import train
from tiedtts_cli.untie import untie
from tiedtts_cli.voices import voices

COMMANDS: dict[str, dict[str, Callable[..., None]]] = {
    "Speak": {"synth": synth, "explain": explain, "voices": voices, "serve": serve, "speechd": speechd},
    "Make voices": {
        "distil": distil,
        "prepare": prepare,
        "train": train,
        "export": export,
        "eval": evaluate,
    },
    "Tie": {"tie": tie, "untie": untie, "suggest": suggest, "stats": stats},
}
"""The commands by the headings of the help."""
LIGHT = tuple(COMMANDS["Speak"])
"""Commands that need no libraries which keep caches."""

app = typer.Typer(
    cls=GroupedProgram,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    # Plain help: drawing it with rich takes longer than everything else that `--help` does.
    rich_markup_mode=None,
)
for _panel, _commands in COMMANDS.items():
    for _name, _command in _commands.items():
        app.command(_name, cls=GroupedCommand, rich_help_panel=_panel)(_command)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tiedtts {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", "-V", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Tiny neural text-to-speech voices: speak with one, or make your own.

    \b
    tiedtts synth "Hello there." -o hello.wav
    tiedtts prepare CORPUS -o data
    tiedtts train data -o run
    tiedtts export run/voice.safetensors -o my.onnx
    tiedtts synth "Hello there." --voice my.onnx -o hello.wav
    """  # noqa: D301
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status.

    Args:
        arguments: Without the program's name; those of the process by default.
    """
    streams.fill()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file name that the terminal's encoding lacks is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    given = list(sys.argv[1:] if arguments is None else arguments)
    # Processes that libraries start have no business in the current folder, nor libraries in the user's home.
    os.environ.setdefault(SAFE_PATH, "1")
    # Threads of torch that wait for one another sleep, rather than keep a core busy on which the one that
    # they wait for could run: where other programs run, too, `suggest` took four times as long otherwise.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if len(given) > 1 and given[0] not in LIGHT:
        caches.redirect()
    command = typer.main.get_command(app)
    return boundary.run(
        lambda given: command.main(list(given), prog_name="tiedtts", standalone_mode=False),
        given,
    )
