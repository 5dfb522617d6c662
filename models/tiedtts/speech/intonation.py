"""Intonation: how far the pitch of a sentence moves around its mean."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tiedtts.speech.renderer import Factors
    from tiedtts.text.frontend import Sentence


def moved(
    sentence: "Sentence",
    log_f0: npt.NDArray[np.float32],
    voiced: npt.NDArray[np.float32],
    durations: npt.NDArray[np.int64],
    shift: "Factors",
) -> npt.NDArray[np.float32]:
    """Return the pitch of a sentence of T phones, with the range that its markup wants.

    A shift of the pitch is wanted as it is: only what the voice does of its own accord gets more or less.

    Args:
        sentence: Its prosody tells the range of each phone; without any, the pitch is returned as it is.
        log_f0: Pitch, natural logarithm of Hz, (F,).
        voiced: 1 for frames of a voice, else 0, (F,).
        durations: Frames of each phone, (T,); frames behind their sum count as the last phone's.
        shift: What was added to the pitch of each phone, (T,).
    """
    prosody = sentence.prosody
    if prosody is None or all(factor == 1 for factor in prosody.pitch_range) or not durations.sum():
        return log_f0
    phones = np.repeat(np.arange(len(durations)), durations)[: len(log_f0)]
    phones = np.concatenate([phones, np.full(len(log_f0) - len(phones), phones[-1])])
    added = shift[phones]
    own = log_f0 - added
    mean = own[voiced > 0].mean() if voiced.any() else own.mean()
    factors = np.asarray(prosody.pitch_range, np.float32)[phones]
    return np.asarray(mean + factors * (own - mean) + added, np.float32)
