"""Arguments of `tiedtts synth` that do not go together."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiedtts.choices import LOCAL
from tiedtts.errors import ConfigError
from tiedtts_cli import engines, streams
from tiedtts_cli.boundary import UsageError
from tiedtts_cli.synth_arguments import STDIO, Arguments

if TYPE_CHECKING:
    from tiedtts.settings import Settings

_LANGUAGE = re.compile(r"en|en[-+_]\w+(-\w+)*|[a-z]{2}_[A-Z]{2}(-\w+)*")
"""Names of voices of other programs: `en`, `en-us`, `en+f3`, `en_US-lessac-medium`."""
EXAMPLE = 'tiedtts synth "Hello there." -o hello.wav'


def check(given: Arguments) -> None:
    """Refuse a text or a sound of no place or of two.

    Raises:
        UsageError: Arguments are missing, or exclude each other.
    """
    if given.as_json or given.output == STDIO:
        streams.need_stdout()
    check_text(given.text, given.inputs or [], "there is no text to say", EXAMPLE)
    check_words(given.spoken or [], "synth")
    if given.verbose:
        _check_voice(given.spoken or [])
    if given.folder is None and len(given.inputs or []) > 1:
        raise UsageError("`-o` takes one `-i`", hint="`-d DIR` makes a file for each line or each text")
    _check_sound(given)
    _check_engine(given)
    if given.timestamps is not None and given.folder is None and given.output in (None, STDIO):
        raise UsageError(
            "`--timestamps` needs `-o FILE` or `-d DIR`", hint="they are written beside the sound"
        )


def check_text(text: str | None, paths: list[Path], missing: str, example: str) -> None:
    """Refuse a text that comes from nowhere or from two places.

    Args:
        text: On the command line.
        paths: Files.
        missing: Message if there is no text.
        example: A command that has one.
    """
    if text is not None and paths:
        raise UsageError("a text and `-i` exclude each other", hint=example)
    if text is None and not paths and not streams.offers_text():
        raise UsageError(missing, hint=example)


def check_words(words: Sequence[str], command: str) -> None:
    """Refuse several words where each is a file: their names would be said; and `-` among words.

    Raises:
        UsageError: They are files, or stdin would be read as well.
    """
    if len(words) < 2:
        return
    if all(os.path.isfile(word) for word in words):
        several = f" -i {words[1]} -d DIR" if command == "synth" else ""
        raise UsageError(
            f"{words[0]} and {words[1]} are files, whose names are no text",
            hint=f"tiedtts {command} -i {words[0]}{several}",
        )
    if words[0] == "-" or words[-1] == "-":
        raise UsageError("a text and `-`, which reads stdin, exclude each other", hint=f"tiedtts {command} -")


def is_file_name(words: Sequence[str]) -> bool:
    """Tell whether a text is the name of a file that is there, so that the file may be meant."""
    return len(words) == 1 and ("." in words[0] or os.sep in words[0]) and os.path.isfile(words[0])


def _check_voice(words: Sequence[str]) -> None:
    """Refuse `-v NAME TEXT`, as other programs have it: the name would be said.

    Raises:
        UsageError: The first or the last word is the name of a voice or a language, or the first stands
            before a text in quotes.
    """
    if len(words) < 2:
        return
    from tiedtts.speech.library import list_voices

    is_alone = len(words) == 2 and len(words[0].split()) == 1 and len(words[1].split()) > 1
    ends = (words[0], words[-1])
    if is_alone or any(word in list_voices() or _LANGUAGE.fullmatch(word) for word in ends):
        raise UsageError(
            "`-v` is `--verbose`, and takes no name of a voice",
            hint=f"`--voice NAME` is one of {', '.join(list_voices())}, or a voice file",
        )


def _check_sound(given: Arguments) -> None:
    """Refuse a sound that goes nowhere or to two places."""
    to_file, to_folder = given.output is not None, given.folder is not None
    if not to_file and not to_folder and not given.play:
        raise UsageError("the sound needs a place to go: `-o FILE` or `-d DIR`", hint=EXAMPLE)
    if to_file and to_folder:
        raise UsageError("`-o` and `-d` exclude each other", hint="`-o` is one file, `-d` a file a line")
    if given.play and (to_file or to_folder):
        raise UsageError("`--play` excludes `-o` and `-d`", hint="make a file first, then play it")
    if given.raw and given.output != STDIO:
        raise UsageError("`--raw` needs `-o -`", hint="a file tells its rate in its header: -o speech.wav")
    if given.output == STDIO and given.as_json:
        raise UsageError("`-o -` and `--json` exclude each other", hint="both would go to stdout")
    if given.output == STDIO and sys.stdout.isatty():
        raise UsageError(
            "sound is not written to a terminal", hint=f"{EXAMPLE}, or send it on with `|` or `>`"
        )


def _check_engine(given: Arguments) -> None:
    """Refuse an engine that is none, and one for a single text."""
    engines.check(given.engine)
    if given.engine != LOCAL and given.folder is None:
        raise UsageError(
            "`--engine` needs `-d DIR`", hint="a single text is spoken faster than it is sent around"
        )


def settings(given: Arguments) -> "Settings":
    """Return how the text is spoken.

    Raises:
        UsageError: A setting is out of its bounds.
    """
    from tiedtts.settings import NAMES

    return made(**{name: getattr(given, name) for name in NAMES})


def made(**values: Any) -> "Settings":
    """Return settings by name, as options have given them.

    Raises:
        UsageError: A setting is out of its bounds.
    """
    from tiedtts.settings import Settings

    try:
        return Settings(**values)
    except ConfigError as error:
        raise UsageError(str(error).replace("`", "`--", 1), hint=error.hint) from error


def timestamps_file(given: Arguments) -> Path | None:
    """Return the file of timestamps that belongs to a sound file, which can be written.

    Raises:
        UsageError: It would replace the text.
        OutputError: Its folder cannot be written.
    """
    if given.timestamps is None or given.output in (None, STDIO):
        return None
    from tiedtts import storage
    from tiedtts.speech import timestamps

    path = timestamps.beside(given.output, given.timestamps)
    storage.check_writable(path)
    if any(path.exists() and text.exists() and path.samefile(text) for text in given.inputs or []):
        raise UsageError(f"the timestamps would replace the text {path}", hint="give the sound another name")
    return path
