"""`tiedtts voices`: the voices in the package."""

import typer

from tiedtts_cli import streams


def voices() -> None:
    """List the voices in the package.

    \b
    tiedtts voices
    """  # noqa: D301
    streams.need_stdout()
    from tiedtts.speech.library import list_voices

    for name in list_voices():
        typer.echo(name)
