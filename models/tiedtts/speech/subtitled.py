"""Subtitles spoken: each cue begins at its time, and hurries where its time is short."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from tiedtts.choices import SPEEDS
from tiedtts.errors import TextError
from tiedtts.settings import Settings
from tiedtts.speech import pauses, timing
from tiedtts.speech.speech import Speech
from tiedtts.speech.timing import ShownCue
from tiedtts.text.left_out import NOTHING, plural
from tiedtts.text.structure.cues import Cue, Subtitles, clock

Say = Callable[[Cue, Settings], Speech]
"""Speaks the words of a cue."""

EARLY_SECONDS = 0.03
"""Sound that is kept before the first phone of a cue; the rest of a sentence's opening silence is cut off."""
LATE_SECONDS = 0.08
"""Sound that is kept after the last phone."""
_TRIES = 4
"""A voice's durations are whole frames, so that a speed does not tell the length exactly."""
_CLOSER = 1.01
_MOST_TOLD = 10


class _Made(NamedTuple):
    """The speech of a cue at a speed."""

    speech: Speech
    factor: float


def speak(subtitles: Subtitles, settings: Settings, rate: int, say: Say) -> Iterator[Speech]:
    """Yield the speech of subtitles, cue by cue, each with the silence before it.

    A cue that is too long for its time is spoken faster, up to `Settings.hurry` times as fast. One that is
    too long even so runs on into the silence behind it; where there is none, the next one begins late. None
    overlaps another.

    Args:
        subtitles: The cues.
        settings: How they are spoken.
        rate: Sampling rate of the voice, Hz.
        say: Speaks a cue.
    """
    report = _Report(len(subtitles.cues))
    warnings = subtitles.warnings
    place = 0
    for cue, following in zip(subtitles.cues, (*subtitles.cues[1:], None), strict=True):
        start = round(cue.start * rate)
        begin = max(start, place)
        # A next one that begins at the same time has to wait anyway.
        limit = following.start if following is not None and following.start > cue.start else cue.end
        room = round(min(cue.end, limit) * rate) - begin
        try:
            made = _fitted(cue, settings, room, rate, say)
        except TextError as error:
            report.unsaid(cue, error)
            continue
        yield from pauses.silence(begin - place, rate)
        speech = made.speech
        place = begin + len(speech.samples)
        told = report.add(cue, made.factor, begin - start, place - round(cue.end * rate), rate)
        shown = ShownCue(cue.text, 0, len(speech.samples), rate, cue.number, made.factor)
        yield replace(
            speech, cues=(shown,), warnings=(*warnings, *told, *speech.warnings), is_last=False, text=cue.text
        )
        warnings = ()
    if report.is_silent:
        raise TextError(NOTHING, hint="give cues with words in Latin letters or with numbers")
    end = round(max(cue.end for cue in subtitles.cues) * rate)
    *silence, last = [*pauses.silence(end - place, rate), pauses.still(0, rate)]
    yield from silence
    yield replace(last, warnings=report.summary(), is_last=True)


def _fitted(cue: Cue, settings: Settings, room: int, rate: int, say: Say) -> _Made:
    """Return a cue, spoken no faster than it must be for so many samples, nor than it may be."""
    most = max(1.0, min(settings.hurry, SPEEDS[1] / settings.speed))
    factor = 1.0
    for _ in range(_TRIES):
        speech = _cut(say(cue, replace(settings, speed=settings.speed * factor)), rate)
        size = len(speech.samples)
        if size <= room or factor >= most:
            break
        factor = min(factor * size / room * _CLOSER, most) if room > 0 else most
    return _Made(speech, factor)


def _cut(speech: Speech, rate: int) -> Speech:
    """Return speech without the silence at its ends."""
    phones = [phone for word in speech.words for phone in word.phones]
    if not phones:
        return speech
    first = max(phones[0].start - round(EARLY_SECONDS * rate), 0)
    last = min(phones[-1].end + round(LATE_SECONDS * rate), len(speech.samples))
    samples = speech.samples[first:last].copy()
    pauses.fade(samples, int(pauses.FADE * rate))
    durations = list(speech.durations)
    for order, left in (
        (range(len(durations)), first),
        (range(len(durations) - 1, -1, -1), len(speech.samples) - last),
    ):
        for index in order:
            taken = min(left, durations[index])
            durations[index] -= taken
            left -= taken
    return replace(
        speech,
        samples=samples,
        durations=tuple(durations),
        sentences=timing.later(speech.sentences, -first),
        marks=timing.marks_later(speech.marks, -first),
    )


class _Report:
    """Counts of the cues that had to hurry, ran on, or began late."""

    def __init__(self, cues: int) -> None:
        self._cues = cues
        self._hurried = self._ran_on = self._late = self._unsaid = 0
        self._first = ""
        self._fastest, self._latest = 1.0, 0.0

    def add(self, cue: Cue, factor: float, late: int, over: int, rate: int) -> Sequence[str]:
        """Count a cue; return what is to be told of it.

        Args:
            cue: The cue.
            factor: Speed, in that which was asked for.
            late: Samples after its time at which it begins.
            over: Samples after its time at which it ends.
            rate: Hz.
        """
        self._hurried += factor > 1.0
        self._fastest = max(self._fastest, factor)
        self._ran_on += over > 0
        self._late += late > 0
        self._latest = max(self._latest, late / rate)
        if late <= 0 and over <= 0:
            return ()
        if max(self._late, self._ran_on) > _MOST_TOLD:
            return ()
        what = [f"begins {late / rate:.2f} s late"] if late > 0 else []
        what += [f"ends {over / rate:.2f} s after its time"] if over > 0 else []
        return (f"cue {cue.number}, {clock(cue.start)}, {' and '.join(what)}",)

    def unsaid(self, cue: Cue, error: TextError) -> None:
        """Count a cue that has nothing to say."""
        self._unsaid += 1
        self._first = self._first or f"{cue.number}: {error}"

    @property
    def is_silent(self) -> bool:
        """Whether no cue could be said."""
        return self._unsaid == self._cues

    def summary(self) -> tuple[str, ...]:
        """Return what is told of all cues."""
        parts = []
        if self._hurried:
            parts.append(f"{self._hurried} hurried, up to {self._fastest:.2f} x")
        if self._ran_on:
            parts.append(f"{self._ran_on} ran on into the silence behind them")
        if self._late:
            parts.append(f"{self._late} began late, up to {self._latest:.2f} s")
        if self._unsaid:
            parts.append(f"{self._unsaid} could not be said, the first was {self._first}")
        return (f"of {self._cues} {plural('cue', self._cues)} {', '.join(parts)}",) if parts else ()
