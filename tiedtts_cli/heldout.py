"""Held-out losses for `tie` and `suggest`."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tiedtts_cli import talk

if TYPE_CHECKING:
    from torch import nn


def losses(data: Path | None) -> "Callable[[Mapping[str, nn.Module]], dict[str, float]] | None":
    """Return what measures nets on the held-out recordings of a data folder; nothing without one.

    Raises:
        CorpusError: It is no data folder, or nothing in it is held out.
    """
    if data is None:
        return None
    from tiedtts.training.heldout import HeldOut

    found = HeldOut(data)
    for name in found.left_out:
        talk.warning(f"left out: {name}")
    return found.losses
