"""Run folders: a run is not begun over another, nor continued where there is none."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tiedtts.errors import FolderError

RECIPE = "recipe.toml"
"""The recipe of a run, in its folder."""


def check(run: Path, parts: Sequence[str], *, resume: bool, overwrite: bool) -> None:
    """Refuse to begin where a run would be lost, and to go on where there is none.

    Args:
        run: Folder of the run.
        parts: Parts to be trained; others may be there.
        resume: Go on with a run.
        overwrite: Replace what is there.

    Raises:
        FolderError: Names the option that would do.
    """
    if resume:
        if not (run / RECIPE).is_file():
            raise FolderError(f"there is no run in {run} to go on with", hint="leave out `--resume`")
        return
    trained = [part for part in parts if any(_files(run, part))]
    if trained and not overwrite:
        raise FolderError(
            f"{run} has a run already: {', '.join(trained)}",
            hint="go on with `--resume`, begin anew with `--overwrite`, or choose another folder",
        )


def clear(run: Path, parts: Sequence[str]) -> None:
    """Remove states, checkpoints, pictures and sounds of parts that begin anew: none is the new run's."""
    for part in parts:
        for path in (*_files(run, part), *_illustrations(run, part)):
            path.unlink()


def _illustrations(run: Path, part: str) -> Iterator[Path]:
    """Yield the pictures and sounds of a part's steps."""
    for kind in ("png", "wav"):
        yield from (path for path in sorted((run / part).glob(f"step_*/*.{kind}")) if path.is_file())


def _files(run: Path, part: str) -> Iterator[Path]:
    """Yield the weight files of a part."""
    yield from (path for path in (run / f"{part}.safetensors",) if path.is_file())
    yield from sorted((run / part).glob("*.safetensors"))
