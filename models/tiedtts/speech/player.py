"""Sound on a page: an audio player in HTML that needs no file beside it."""

import base64
from html import escape

import numpy as np
import numpy.typing as npt

from tiedtts.audio import files

LONGEST_SECONDS = 300.0
"""Longer sound, 20 MB of page, gets no player."""
_CHARACTERS = 500
"""Characters of the text that are shown; the rest is left out."""


def html(samples: npt.NDArray[np.floating], rate: int, text: str, way_out: str) -> str:
    """Return a player with a text above it.

    Args:
        samples: Mono, full scale 1, (S,).
        rate: Hz.
        text: Shown as it is.
        way_out: Advice for sound that is too long for a page.
    """
    shown = text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "\u2026"
    said = f"<p>{escape(shown)}</p>"
    if len(samples) > LONGEST_SECONDS * rate:
        return f"{said}<p>{len(samples) / rate:.0f} s of sound: {escape(way_out)}</p>"
    data = base64.b64encode(files.encode(samples, rate)).decode("ascii")
    return f'{said}<audio controls src="data:audio/wav;base64,{data}"></audio>'
