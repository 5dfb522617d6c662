"""The pace of fast speech: made at the voice's own speed, then drawn together, so that no sound is lost.

A voice that is asked to speak fast speaks like somebody in a hurry: its sounds get so short that they are not
reached. Listeners who are used to fast speech understand clear speech that is drawn together better than fast
speech with as many words a minute (Janse, "Word perception in fast speech: artificially time-compressed vs.
naturally produced fast speech", Speech Communication 42, 2004), and a recogniser does so, too.
"""

from collections.abc import Iterator

import numpy as np

from tiedtts.audio import time_scale
from tiedtts.speech.speech import Speech
from tiedtts.speechd.utterance import Part

CLEAREST = 1.0
"""Speed up to which the voice itself speaks faster or more slowly."""
PIECE_SECONDS = 0.08
"""Sound that is handed on at once."""


def own_speed(speed: float) -> float:
    """Return at which speed the voice is to speak, so that `parts` makes the rest."""
    return min(speed, CLEAREST)


def parts(speech: Speech, speed: float) -> Iterator[Part]:
    """Yield speech at a speed, a piece at a time.

    Args:
        speech: Speech at its `own_speed`.
        speed: The speed that is wanted.
    """
    factor = speed / own_speed(speed)
    rate = speech.sample_rate
    waiting = [(mark.name, round(mark.sample / factor)) for mark in speech.marks]
    ready: list[np.ndarray] = []
    size = place = 0
    for piece in time_scale.faster(speech.samples, factor, rate):
        ready.append(piece)
        size += len(piece)
        if size >= PIECE_SECONDS * rate:
            yield _part(ready, rate, waiting, place, size)
            place, ready, size = place + size, [], 0
    yield _part(ready, rate, waiting, place, None)


def _part(
    ready: list[np.ndarray], rate: int, waiting: list[tuple[str, int]], place: int, size: int | None
) -> Part:
    """Return a part that begins at a place, with its marks; the last one, of no size, has all others."""
    samples = np.concatenate([np.zeros(0, np.float32), *ready])
    marks = []
    while waiting and (size is None or waiting[0][1] < place + size):
        name, sample = waiting.pop(0)
        marks.append((name, min(max(sample - place, 0), len(samples))))
    return Part(samples, rate, tuple(marks))
