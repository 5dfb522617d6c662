"""Runs that `torchrun` starts again, with the same command, when a process or a node was lost."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from tiedtts import storage
from tiedtts.training.trainer import STATE

MARK = ".torchrun"
"""File of a run that tells which job of `torchrun` began it, until it has ended."""
_NAMELESS = ("", "none")
"""Names of jobs that were given none."""


def job() -> str | None:
    """Return the name of the job of `torchrun` that this process belongs to; None outside one."""
    return os.environ.get("TORCHELASTIC_RUN_ID")


def is_restart(run: Path) -> bool:
    """Tell whether this job has begun the run, and was started again.

    Every process must come to the same answer: it is asked before they meet, and `begin` is called after.

    Args:
        run: Folder of the run.
    """
    name = job()
    if name is None:
        return False
    try:
        begun_by = (run / MARK).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    # A node that joins starts all processes again, and the count stays as it is.
    again = int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) > 0
    return begun_by == name and (again or name not in _NAMELESS)


def has_state(run: Path, parts: Sequence[str]) -> bool:
    """Tell whether something was saved that the run can go on from."""
    return any((run / part / STATE).is_file() for part in parts)


def begin(run: Path) -> None:
    """Tell in the folder of a run which job has begun it; the first process does."""
    name = job()
    if name is not None:
        storage.write_bytes(run / MARK, name.encode())


def end(run: Path) -> None:
    """Forget which job has begun a run: it has ended."""
    with contextlib.suppress(OSError):
        (run / MARK).unlink()
