"""`tiedtts speechd`: a module of Speech Dispatcher, which Orca and other screen readers speak through."""

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from tiedtts_cli import talk
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.options import completes, option


def speechd(
    configuration: Annotated[
        Path | None,
        typer.Argument(metavar="[CONF]", help="Configuration; the server names it.", show_default=False),
    ] = None,
    install: Annotated[bool, typer.Option("--install", help="Let your Speech Dispatcher find it.")] = False,
    uninstall: Annotated[bool, typer.Option("--uninstall", help="Take it away again.")] = False,
    voice: Annotated[
        str | None,
        option(
            "--voice",
            metavar="VOICE",
            help="--install: the voice that speaks, a name or an .onnx file.",
            autocompletion=completes("voice"),
            show_default="clara",
        ),
    ] = None,
    lexicon: Annotated[
        list[Path] | None,
        option("--lexicon", metavar="FILE", help="--install: word, then phones; several: last wins."),
    ] = None,
    default: Annotated[
        bool, typer.Option("--default", help="--install: speak wherever no other module is named.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Speak for Orca and others, as a module of Speech Dispatcher.

    Without options it answers the server on stdin and stdout.

    \b
    tiedtts speechd --install
    spd-say -o tiedtts "Hello there."
    """  # noqa: D301
    if install and uninstall:
        raise UsageError("`--install` and `--uninstall` do not go together")
    if not install and (voice is not None or lexicon or default):
        raise UsageError("`--voice`, `--lexicon` and `--default` need `--install`")
    if (install or uninstall) and configuration is not None:
        raise UsageError(f"`{configuration}` does not go with `--install` and `--uninstall`")
    if install or uninstall:
        _set_up(install, voice, lexicon, default, quiet)
        return
    if sys.stdin.isatty() and not quiet:
        talk.note("Speech Dispatcher starts this by itself once it is installed: tiedtts speechd --install")
    from tiedtts.speechd import module, options

    module.run(None if configuration is None else options.read(configuration))


def _set_up(
    install: bool, voice: str | None, lexicon: "list[Path] | None", default: bool, quiet: bool
) -> None:
    if os.name == "nt":
        raise UsageError(
            "there is no Speech Dispatcher on Windows",
            hint="tiedtts synth speaks there: tiedtts synth --help",
        )
    from tiedtts.speechd import installation
    from tiedtts.speechd.places import Places

    places = Places.of_user()
    if install:
        done = installation.install(
            places, voice=voice, lexicon=tuple(map(str, lexicon or ())), default=default
        )
    else:
        done = installation.uninstall(places) or ["nothing of it was installed"]
    if quiet:
        return
    for line in done:
        talk.note(line)
    if shutil.which("speech-dispatcher") is None:
        talk.warning("Speech Dispatcher is not installed; on Debian: apt install speech-dispatcher")
    elif install:
        talk.note("It is found once Speech Dispatcher starts anew, such as when you log in. Then try:")
        talk.note('  spd-say -o tiedtts "Hello there."')
        talk.note("  Orca: Preferences, Voice, Speech synthesizer: tiedtts")
