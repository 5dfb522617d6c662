"""Silence between sentences and within them, in whole samples, and no click at its edges."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tiedtts.settings import Settings
from tiedtts.speech import timing
from tiedtts.speech.speech import Speech
from tiedtts.speech.timing import Mark
from tiedtts.text.frontend import Sentence
from tiedtts.text.phones import Phone

if TYPE_CHECKING:
    from tiedtts.text.markup.phone_prosody import PhoneProsody

FADE = 0.005
"""Fade at both ends of a sentence, seconds: no click where sentences are joined."""
BREAK = 0.09
"""Length of a phrase break at the voice's own speed and the usual silence, seconds: with the edges of the
words beside it, readers make a tenth of a second of it, and nearly always the same."""
CHANGE = 0.4
"""Silence where another voice goes on with a sentence, in that between sentences."""
LONGEST_BREAK = 1.0
"""Phrase breaks get no longer than this, seconds, however long the silence between sentences is."""

_PIECE_SECONDS = 10.0


def pause(sentence: Sentence, following: Sentence | None, settings: Settings) -> float:
    """Return the silence after a sentence, seconds: that of its markup, or the usual."""
    if following is None:
        return sentence.after
    if following.before is not None:
        return following.before
    # What seemed to go on may have been the end: `Dear Ms. Jones,` and a blank line, which came later.
    goes_on = sentence.goes_on and sentence.paragraph == following.paragraph
    other = following.voice != sentence.voice
    if other and (goes_on or following.text[:1].islower()):
        return settings.silence(paragraph=False) * CHANGE
    if goes_on or (sentence.prosody is not None and sentence.prosody.silence[-1]):
        return 0.0
    if following.gap is not None:
        return settings.silence(paragraph=False) * following.gap
    return settings.silence(paragraph=following.paragraph != sentence.paragraph)


def with_breaks(
    samples: npt.NDArray[np.float32],
    lengths: npt.NDArray[np.int64],
    phones: Sequence[Phone],
    speed: npt.NDArray[np.float32],
    settings: Settings,
    rate: int,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return a sentence whose phrase breaks are as long as its settings want them.

    The voice says how a break begins and ends. It gets a length in the measure in which the settings change
    the silence between sentences: its middle, where it is quiet, is drawn out or taken out.
    """
    cuts: list[Cut] = []
    lengths = lengths.copy()
    ends = np.cumsum(lengths)
    for place in (index for index, phone in enumerate(phones) if phone.is_break):
        own = int(lengths[place])
        wanted = round(min(BREAK / float(speed[place]) * settings.pause_factor, LONGEST_BREAK) * rate)
        if wanted == own:
            continue
        first = int(ends[place]) - own + min(own, wanted) // 2
        cuts.append((first, max(0, wanted - own), first + max(0, own - wanted)))
        lengths[place] = wanted
    return _spliced(samples, cuts, rate), lengths


def with_silence(
    samples: npt.NDArray[np.float32], lengths: npt.NDArray[np.int64], prosody: "PhoneProsody", rate: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], tuple[Mark, ...]]:
    """Return a sentence with the silence that markup puts between its phones, and its marks."""
    silence = np.array([round(seconds * rate) for seconds in prosody.silence])
    ends = np.cumsum(lengths)
    cuts = [(int(ends[phone]), int(silence[phone]), int(ends[phone])) for phone in np.flatnonzero(silence)]
    samples = _spliced(samples, cuts, rate)
    lengths = lengths + silence
    starts = np.cumsum([0, *lengths])
    held = [0, *silence]
    marks = (
        Mark(place.name, int(starts[place.phone]) - (int(held[place.phone]) if place.ahead else 0), rate)
        for place in prosody.marks
        if place.phone >= 0
    )
    return samples, lengths, tuple(marks)


Cut = tuple[int, int, int]
"""The end of a piece, the samples of silence behind it, and the start of the next piece."""


def _spliced(samples: npt.NDArray[np.float32], cuts: Sequence[Cut], rate: int) -> npt.NDArray[np.float32]:
    """Return samples with silence at cuts, faded at the edges of each piece; as they are without a cut."""
    if not cuts:
        return samples
    begins = (0, *(begin for _, _, begin in cuts))
    ends = (*(end for end, _, _ in cuts), len(samples))
    pieces = [samples[begin:end].copy() for begin, end in zip(begins, ends, strict=True)]
    for piece in pieces:
        fade(piece, int(FADE * rate))
    gaps = [np.zeros(silence, np.float32) for _, silence, _ in cuts]
    return np.concatenate([pieces[0], *chain.from_iterable(zip(gaps, pieces[1:], strict=True))])


def marks_ahead(sentence: Sentence, sample: int, rate: int) -> tuple[Mark, ...]:
    """Return the marks that stand before the silence ahead of a sentence, which begins at a sample."""
    places = () if sentence.prosody is None else sentence.prosody.marks
    return tuple(Mark(place.name, sample, rate) for place in places if place.phone < 0)


def after(part: Speech, pause: float) -> Speech:
    """Return a part with silence before it."""
    silence = round(pause * part.sample_rate)
    if not silence:
        return part
    return replace(
        part,
        samples=np.concatenate([np.zeros(silence, np.float32), part.samples]),
        durations=(part.durations[0] + silence, *part.durations[1:]),
        sentences=timing.later(part.sentences, silence),
        marks=timing.marks_later(part.marks, silence),
    )


def silence(samples: int, rate: int) -> Iterator[Speech]:
    """Yield so much silence in pieces: an hour of it does not fit in memory."""
    piece = int(_PIECE_SECONDS * rate)
    while samples > 0:
        yield still(min(samples, piece), rate)
        samples -= piece


def still(samples: int, rate: int) -> Speech:
    """Return a part in which nothing is said."""
    return Speech(np.zeros(samples, np.float32), rate, "", (), (), is_last=False)


def fade(samples: npt.NDArray[np.float32], length: int) -> None:
    """Let the first and the last samples rise from and fall to zero, in place."""
    length = min(length, len(samples) // 2)
    if length:
        ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
        samples[:length] *= ramp
        samples[-length:] *= ramp[::-1]
