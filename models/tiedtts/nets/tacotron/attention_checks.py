"""Checks of attention: whether it walked through a sentence, and at the pace of a recording."""

import numpy as np
import numpy.typing as npt

PACE = 0.2
"""Share of a sentence by which a phone may come earlier or later than in its recording."""


def is_diagonal(attention: npt.NDArray[np.floating], speech: npt.NDArray[np.bool_]) -> bool:
    """Return whether attention, (N, T), walks through a sentence from its first phone to its last.

    It may not go back by more than a phone, must reach the last phone of the sentence, and may pass over
    no more than a twentieth of the phones that are speech, (T,) - a step covers several short ones.
    """
    path = attention.argmax(1)
    back = np.maximum.accumulate(path) - path
    if back.max(initial=0) > 1 or path[-1] < attention.shape[1] - 2:
        return False
    # A step that says several frames reads several phones: each must have had a share of some step.
    read = attention.max(0) > 0.1
    return bool((speech & ~read).sum() <= speech.sum() / 20)


def keeps_pace(
    attention: npt.NDArray[np.floating],
    durations: npt.NDArray[np.int64],
    speech: npt.NDArray[np.bool_],
) -> bool:
    """Return whether attention, (N, T), neither hurries nor dwells grossly, measured by a recording.

    Both are compared as shares of their own length: nobody says a sentence twice at one speed. It does not
    tell good durations from mediocre ones: a walk at one pace through all phones passes, too.

    Args:
        attention: (N, T).
        durations: Frames of each phone in the recording, (T,).
        speech: The phones that count, (T,).
    """
    path = attention.argmax(1)
    reached = path[:, None] >= np.arange(len(durations))
    ends = np.cumsum(durations)
    made = reached.argmax(0) / len(path)
    # Begins, so the first phone is never late.
    real = (ends - durations) / ends[-1]
    late = np.abs(made - real) > PACE
    return not bool(((late | ~reached.any(0)) & speech).any())
