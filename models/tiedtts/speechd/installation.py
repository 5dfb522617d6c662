"""Puts the module where the server finds it, and takes it away; what is there of others stays as it is."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tiedtts import storage
from tiedtts.errors import ConfigError, OutputError, VoiceError
from tiedtts.speechd import options, server_configuration
from tiedtts.speechd.places import Places

MARK = "# Made by `tiedtts speechd --install`."
"""Comment by which our files are known."""


def install(
    places: Places, *, voice: str | None = None, lexicon: Sequence[str] = (), default: bool = False
) -> list[str]:
    """Let the user's Speech Dispatcher find the module; return what was done, a line each.

    Args:
        places: Where its files are.
        voice: Name or file of the voice that speaks when none is chosen; as it was by default.
        lexicon: Files of own pronunciations; those there were by default.
        default: Whether the module speaks where a client names none.

    Raises:
        OutputError: A file cannot be written, or one of ours has the name of somebody else's.
        VoiceError: There is no such voice.
        ConfigError: A file cannot be read.
    """
    _check(places.program)
    if voice is not None:
        _check_voice(voice)
    for file in lexicon:
        if not Path(file).is_file():
            raise ConfigError(
                f"there is no file {file}", hint="name a file with a word and its phones a line"
            )
    done = []
    _write(places.program, f'#!/bin/sh\n{MARK}\nexec {_command()} "$@"\n')
    places.program.chmod(0o755)
    # The server goes to its modules by way of this folder, and finds none if it is missing.
    _make(places.data)
    done.append(f"{places.program}: the module")
    done += _configure_module(places.module, voice, lexicon)
    done += _configure_server(places, default)
    return done


def uninstall(places: Places) -> list[str]:
    """Take the module away; return what was done, a line each.

    Raises:
        OutputError: A file cannot be changed.
        ConfigError: A file cannot be read.
    """
    done = []
    if _read(places.program) is not None:
        _check(places.program)
        done.append(_remove(places.program))
    written = _read(places.module)
    if written is not None:
        is_ours = written == _module_text(options.read(places.module))
        done.append(_remove(places.module) if is_ours else f"{places.module}: kept, since it was edited")
    server = _read(places.server)
    if server is not None and server_configuration.FIRST in server:
        plain = server_configuration.without(server)
        if plain == _read(places.system / places.server.name):
            # A copy of the system's that only our lines made necessary.
            done.append(_remove(places.server))
        else:
            _write(places.server, plain)
            done.append(f"{places.server}: our lines taken out")
    return done


def _command() -> str:
    """Return the command that starts the module, for a shell."""
    # Not `tiedtts`: the server may have another PATH than the shell of the user.
    return f"env PYTHONSAFEPATH=1 {shlex.quote(sys.executable)} -m tiedtts_cli speechd"


def _configure_module(path: Path, voice: str | None, lexicon: Sequence[str]) -> Iterator[str]:
    written = _read(path)
    before = options.Options() if written is None else options.read(path)
    changed = options.Options(
        voice=before.voice if voice is None else _absolute(voice),
        lexicon=tuple(str(Path(file).absolute()) for file in lexicon) or before.lexicon,
    )
    text = _module_text(changed)
    if written is None or written == _module_text(before):
        _write(path, text)
        yield f"{path}: its configuration"
    elif (changed.voice, changed.lexicon) == (before.voice, before.lexicon):
        yield f"{path}: kept as it is"
    else:
        # Edited by hand: the last line of a name wins.
        _write(path, written.rstrip("\n") + "\n" + _settings(changed))
        yield f"{path}: the voice added to what is there"


def _configure_server(places: Places, default: bool) -> Iterator[str]:
    own = _read(places.server)
    text = own if own is not None else _read(places.system / places.server.name) or ""
    changed = server_configuration.with_module(text, str(places.program), default=default)
    if changed == text:
        return
    _write(places.server, changed)
    yield f"{places.server}: {'a few lines added' if own is not None else 'made from that of the system'}"


def _module_text(found: options.Options) -> str:
    return (
        f"{MARK}\n"
        "# The voice that speaks when none is chosen: a name from `tiedtts voices`, or a file.\n"
        "# TiedTTSLexicon names a file of own pronunciations; there may be several.\n"
        f"{_settings(found)}"
    )


def _settings(found: options.Options) -> str:
    lexicon = "".join(f"TiedTTSLexicon {shlex.quote(file)}\n" for file in found.lexicon)
    return f"TiedTTSVoice {shlex.quote(found.voice)}\n{lexicon}"


def _absolute(voice: str) -> str:
    return str(Path(voice).absolute()) if Path(voice).is_file() else voice


def _check_voice(voice: str) -> None:
    from tiedtts.speech import library

    if Path(voice).suffix == library.CHECKPOINT:
        raise VoiceError(
            f"{voice} is a checkpoint, which is too slow to start for a screen reader",
            hint=f"tiedtts export {voice} -o {Path(voice).with_suffix('.onnx').name}",
        )
    library.find(voice)


def _check(path: Path) -> None:
    """Refuse to touch a program of somebody else's."""
    written = _read(path)
    if written is not None and MARK not in written:
        raise OutputError(f"{path} is there already, and is not ours", hint="move it away first")


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error


def _write(path: Path, text: str) -> None:
    _make(path.parent)
    # A link is followed: many keep their configuration in one folder and link to it.
    storage.write_bytes(path.resolve(), text.encode("utf-8", errors="surrogateescape"))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error


def _remove(path: Path) -> str:
    try:
        path.unlink()
    except OSError as error:
        raise OutputError(f"cannot remove {path}: {error.strerror}") from error
    return f"{path}: removed"
