"""Paths: every function that takes one takes text and any object that stands for a path."""

import os
from collections.abc import Iterable
from pathlib import Path

StrPath = str | os.PathLike[str]
"""A path as callers have it."""


def optional(path: StrPath | None) -> Path | None:
    """Return a path that may be left out."""
    return None if path is None else Path(path)


def several(paths: Iterable[StrPath]) -> list[Path]:
    """Return paths; one alone, which would be taken for its letters, is a list of itself."""
    return [Path(paths)] if isinstance(paths, str | os.PathLike) else [Path(path) for path in paths]
