"""Matplotlib as it comes: figures depend on no fonts of the machine and no settings in the current folder."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def plain() -> Iterator[None]:
    """Draw and save figures with matplotlib's own fonts and default settings; it is imported if need be.

    A `matplotlibrc` in the current folder is read by matplotlib, and could have it call LaTeX.
    """
    with _without_programs():
        import matplotlib
        import matplotlib.font_manager
    with matplotlib.rc_context(matplotlib.rcParamsDefault):
        yield


@contextlib.contextmanager
def _without_programs() -> Iterator[None]:
    """Let matplotlib find no program that lists fonts: it would start one, which writes caches of its own."""
    if "matplotlib.font_manager" in sys.modules:
        yield
        return
    before = os.environ.get("PATH")
    # An empty path would stand for the current folder.
    os.environ["PATH"] = str(Path(__file__).parent)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PATH"]
        else:
            os.environ["PATH"] = before
