"""Silence between words: where the reader of an aligned recording paused, and for how long."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tiedtts.text.phones import Phone

QUIET = 4.2
"""Frames whose mean log mel lies so far below the loud ones are silent, natural logarithm of a ratio."""
ABOVE_NOISE = 0.7
"""In a noisier room it is what lies less than this above the noise."""
EARLIER = 4
"""Frames before the place of a word in the alignment from which on its silence is looked for."""
STOPS = frozenset("P T K B D G CH JH".split())
"""Phones that begin with a silence of their own."""
SHORTEST = {(False, False): 6, (True, False): 6, (False, True): 8, (True, True): 12}
"""Frames of a pause, by whether a stop stands before it and after it."""
UNCLEAR = 3
"""Frames by which a silence must be shorter, so that there certainly is no pause."""


def silences(
    mel: npt.NDArray[np.floating], phones: Sequence[Phone], durations: Sequence[int]
) -> dict[int, tuple[int, bool | None]]:
    """Return the longest silence before each word but the first, frames, and whether it is a pause.

    That is None where the closure of a stop may be meant.

    Args:
        mel: Log mel spectrogram, (F, M).
        phones: Phones and pauses of the recording, (T,).
        durations: Frames of each, (T,), F in all.
    """
    energy = np.asarray(mel, np.float32).mean(1)
    floor, loud = np.percentile(energy, (2, 95))
    quiet = energy < max(loud - QUIET, floor + ABOVE_NOISE)
    ends = np.cumsum(durations)
    found: dict[int, tuple[int, bool | None]] = {}
    last: int | None = None
    for index, phone in enumerate(phones):
        if not phone.is_speech:
            continue
        if last is not None and phones[last].word != phone.word:
            longest = _longest_run(quiet[max(int(ends[last]) - EARLIER, 0) : ends[index]])
            shortest = SHORTEST[phones[last].symbol in STOPS, phone.symbol in STOPS]
            is_pause = longest >= shortest
            unclear = not is_pause and longest > shortest - UNCLEAR
            found[phone.word] = longest, None if unclear else is_pause
        last = index
    return found


def _longest_run(values: npt.NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], values.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))
