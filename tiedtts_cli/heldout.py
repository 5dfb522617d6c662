"""Recordings for `tie` and `suggest`: held-out losses, and what runs nets on those that are not held out."""

from pathlib import Path
from typing import TYPE_CHECKING

from tiedtts_cli import talk

if TYPE_CHECKING:
    from tiedtts.checkpoints.calibration import Run
    from tiedtts.checkpoints.conversion import Losses


def losses(data: Path | None) -> "Losses | None":
    """Return what measures nets on the held-out recordings of a data folder; nothing without one.

    Raises:
        CorpusError: It is no data folder, or nothing in it is held out.
    """
    return both(data)[0]


def both(data: Path | None, calibrate: str | None = None) -> "tuple[Losses | None, Run | None]":
    """Return what measures nets on held-out recordings, and what runs them on others, or on given inputs.

    Args:
        data: Data folder, if there is one.
        calibrate: Inputs beside it, or in its place; see `tiedtts.checkpoints.calibration`.

    Raises:
        ConfigError: The inputs cannot be found.
        CorpusError: It is no data folder, or nothing in it is held out.
    """
    run: Run | None = None
    if calibrate is not None:
        from tiedtts.checkpoints.calibration import calibration

        run = calibration(calibrate)
    if data is None:
        return None, run
    from tiedtts.training.heldout import HeldOut

    found = HeldOut(data)
    for name in found.left_out:
        talk.warning(f"left out: {name}")
    if run is None:
        seen = found.on_training()
        run = lambda parts, path: seen.losses(parts)  # noqa: E731
    return found.losses, run
