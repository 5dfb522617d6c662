"""Other Python processes, which import nothing from the current folder.

A Python that is started with `-c` or `-m`, as `multiprocessing` does, looks for every module in the current
folder first: a `random.py` that lies beside somebody's texts would run.
"""

import contextlib
import functools
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import tiedtts

SAFE_PATH = "PYTHONSAFEPATH"
"""Environment variable by which Python 3.11 and later leave the current folder out."""

_START = (
    "import sys; sys.path[:] = [place for place in sys.path if place]; "
    "from importlib import import_module; import_module(sys.argv[1]).main()"
)
"""Python 3.10 has no switch that leaves out the current folder, `''`, and nothing else; `sys` is built in."""


def command(module: str) -> list[str]:
    """Return the command line of a process that calls `main` of a module; `environment` belongs to it."""
    return [sys.executable, "-c", _START, module]


def environment() -> dict[str, str]:
    """Return the environment of a process that runs the same code as this one."""
    places = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    # The package's own folder first. An empty entry would stand for the current folder.
    path = [str(Path(tiedtts.__file__).parents[1]), *(place for place in places if place)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), SAFE_PATH: "1"}


@contextlib.contextmanager
def spawning(**variables: str) -> Iterator[None]:
    """Let `multiprocessing` start processes that leave the current folder alone, its own helpers included.

    Args:
        variables: Environment variables of these processes.
    """
    with contextlib.ExitStack() as undo:
        for name, value in {**variables, SAFE_PATH: "1"}.items():
            undo.callback(_set, name, os.environ.get(name))
            os.environ[name] = value
        # The processes are given this one's path, in which `''` stands for the current folder.
        for index in [index for index, place in enumerate(sys.path) if not place][::-1]:
            undo.callback(sys.path.insert, index, sys.path.pop(index))
        if sys.version_info < (3, 11):
            from multiprocessing import util

            flags = util._args_from_interpreter_flags
            undo.callback(setattr, util, flags.__name__, flags)
            # Isolated from the environment, too: this process's path is the first thing that they are given.
            setattr(util, flags.__name__, lambda: [*flags(), "-I"])
        yield


def cores() -> int:
    """Return how many processor cores this process may use, as its affinity and a container's quota say."""
    with_affinity = getattr(os, "sched_getaffinity", None)
    own = len(with_affinity(0)) if with_affinity else os.cpu_count() or 1
    return min(own, _quota() or own)


@functools.cache
def _quota() -> int | None:
    """Return the cores that a Linux container may use the time of, if that is limited."""
    with contextlib.suppress(OSError, ValueError):
        allowed, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if allowed == "max" else max(1, math.ceil(int(allowed) / int(period)))
    with contextlib.suppress(OSError, ValueError):
        # The first version of control groups.
        folder = Path("/sys/fs/cgroup/cpu")
        quota, span = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
        return max(1, math.ceil(quota / span)) if quota > 0 else None
    return None


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
