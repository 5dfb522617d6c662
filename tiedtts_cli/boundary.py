"""The error boundary of the program: one line says what is wrong, one says the way out."""

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from tiedtts import stopping
from tiedtts.errors import TiedTTSError, is_out_of_memory
from tiedtts_cli import talk

TRACEBACK = "TIEDTTS_TRACEBACK"
"""Environment variable that lets tracebacks through."""
TRAIN_PACKAGES = frozenset(
    (
        "lightning_fabric",
        "matplotlib",
        "onnx",
        "onnxscript",
        "PIL",
        "pyworld",
        "safetensors",
        "scipy",
        "soxr",
        "tomli",
        "torch",
    )
)
"""Packages that the extra `train` installs, by the names they are imported under."""
SERVE_PACKAGES = frozenset(("anyio", "h11", "prometheus_client", "starlette", "uvicorn", "wyoming"))
"""Packages that the extra `serve` installs, by the names they are imported under."""

MOVED = {
    ("synth", "--explain"): 'tiedtts explain "Hello there."',
    ("synth", "--list-voices"): "tiedtts voices",
    ("tie", "--untie"): "tiedtts untie CKPT -o OUT",
    ("tie", "--suggest"): "tiedtts suggest CKPT",
}
"""Commands in the place of what were options."""

_INTERRUPTED = 130
_ENDED = {
    128 + number: "interrupted" if number == signal.SIGINT else f"ended by {number.name}"
    for number in stopping.SIGNALS
}
"""Messages for exit statuses that stand for signals."""
_GO_ON = {
    "distil": "the same command goes on where it stopped",
    "prepare": "the same command goes on where it stopped",
    "synth": "with `-d`, `--skip-existing` makes only what is missing",
}


class UsageError(TiedTTSError):
    """Arguments that do not go together; ends with exit status 2, not 1."""


def run(command: Callable[[Sequence[str]], object], arguments: Sequence[str]) -> int:
    """Run a command line and return its exit status; no exception passes.

    Args:
        command: Runs the arguments; returns an exit status or something else for 0.
        arguments: Without the program's name.
    """
    hint = None
    try:
        with stopping.handled():
            status = command(arguments)
            sys.stdout.flush()
    except KeyboardInterrupt:
        status = _INTERRUPTED
    except stopping.Stopped as stop:
        status, hint = stop.status, stop.hint
    except BrokenPipeError:
        return close_stdout()
    except SystemExit as end:
        status = end.code
        if isinstance(status, str):
            # `sys.exit("why")`: Python itself would print it.
            talk.error(status, None)
            status = 1
    except Exception as error:
        show_traceback()
        message, hint, status = describe(error, _name(arguments), arguments)
        if talk.speaks_for_node() or not isinstance(error, TiedTTSError):
            talk.error(message, hint)
        _flush()
        return status
    if isinstance(status, int) and status in _ENDED and talk.speaks_for_node():
        hint = hint or _GO_ON.get(_name(arguments), "the same command starts again")
        talk.error(_ENDED[status], hint)
        _flush()
    return status if isinstance(status, int) else 0


def describe(error: Exception, command: str, arguments: Sequence[str] = ()) -> tuple[str, str | None, int]:
    """Return what an exception means: message, hint, exit status.

    Args:
        error: Any exception.
        command: Name of the command that was run.
        arguments: Without the program's name.
    """
    if isinstance(error, UsageError):
        return str(error), error.hint or f"tiedtts {command} --help", 2
    if isinstance(error, TiedTTSError):
        return str(error), error.hint, 1
    usage = getattr(error, "format_message", None)
    if usage is not None:
        # Typer's own errors: their class moved from click to typer between versions.
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "tiedtts"
        hint = MOVED.get((command, getattr(error, "option_name", ""))) or _way_out(error, context, arguments)
        # Without the names that look alike: they stand in the hint.
        words = error.message if hasattr(error, "possibilities") and hasattr(error, "message") else usage()
        return _lower(str(words).rstrip(".")), hint or f"{path} --help", 2
    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("tiedtts"):
        from tiedtts import extras

        package = error.name.partition(".")[0]
        extra = "train" if package in TRAIN_PACKAGES else "serve" if package in SERVE_PACKAGES else ""
        return f"the package `{package}` is not installed", extras.install_command(extra), 1
    if is_out_of_memory(error):
        hint = "use a smaller `batch_size` in the recipe" if command == "train" else None
        return "out of memory", hint, 1
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{_lower(error.strerror)}", None, 1
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = f"run it again with {TRACEBACK}=1 in the environment and report what it prints"
    return f"internal error: {what}", hint, 1


def _way_out(error: Exception, context: Any, arguments: Sequence[str]) -> str | None:
    """Return what is meant by arguments that typer refuses, if it can be told."""
    if context is None:
        return None
    from tiedtts_cli import hints

    is_program = context.parent is None
    flag = getattr(error, "option_name", None)
    if flag is None:
        return hints.text_for_command(arguments) if is_program else None
    known = [name for parameter in context.command.params for name in parameter.opts]
    name = "" if is_program else context.info_name
    return (
        hints.meant(name, flag, known, arguments)
        or hints.dashed(name, flag, arguments)
        or hints.alike(flag, () if is_program else known)
    )


def has_gone(error: OSError) -> bool:
    """Tell whether the reader of a pipe has closed it; Windows calls that an invalid argument."""
    return isinstance(error, BrokenPipeError) or (sys.platform == "win32" and error.errno == errno.EINVAL)


def show_traceback() -> None:
    """Print where the exception being handled came from, if that is wanted."""
    if os.environ.get(TRACEBACK):
        traceback.print_exc()


def _flush() -> None:
    """Write what is buffered, so that the interpreter does not fail in doing so."""
    try:
        sys.stdout.flush()
    except OSError:
        close_stdout()


def close_stdout() -> int:
    """Let what is still buffered for a reader that has gone vanish without a word; return a status."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def _name(arguments: Sequence[str]) -> str:
    return arguments[0] if arguments else ""


def _lower(message: str) -> str:
    """Write an error of others as ours: without a capital, unless it is an abbreviation."""
    return message if message[1:2].isupper() else message[:1].lower() + message[1:]
