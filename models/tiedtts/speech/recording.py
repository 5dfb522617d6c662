"""Speech on its way to where it is heard or kept: samples, the times of words, and what is reported of it."""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from tiedtts.errors import TextError
from tiedtts.settings import Settings
from tiedtts.speech import timing
from tiedtts.speech.timing import ShownCue, Timeline

if TYPE_CHECKING:
    from tiedtts.audio.encoding import Add
    from tiedtts.speech.speech import Speech

_TITLE = 80
"""Characters of a title."""


class Speaker(Protocol):
    """Anything that speaks a text part by part: a voice, or one that reads a book."""

    @property
    def sample_rate(self) -> int:
        """Sampling rate, Hz."""

    def stream(self, text: str | Iterable[str], settings: Settings) -> "Iterator[Speech]":
        """Yield the parts of a text."""


class Recording:
    """The speech recorded so far.

    Args:
        sample_rate: Sampling rate of the voice, Hz.
        timestamps: One of `tiedtts.choices.TIMESTAMPS`, if the times of words are wanted.
    """

    def __init__(self, sample_rate: int, timestamps: str | None = None) -> None:
        self.seconds = 0.0
        self.phones: list[str] = []
        self.warnings: list[str] = []
        self.cues: list[ShownCue] = []
        self._kind = timestamps
        self._timeline = None if timestamps is None else Timeline(sample_rate)

    def add(self, speech: "Speech") -> None:
        """Count a part of the speech, after those before it."""
        self.cues += (
            timing.cues_later(speech.cues, round(self.seconds * speech.sample_rate)) if speech.cues else ()
        )
        self.seconds += speech.seconds
        self.phones.extend(phone.label for phone in speech.phones)
        self.warnings.extend(speech.warnings)
        if self._timeline is not None:
            self._timeline.add(speech)

    def timestamps(self) -> bytes | None:
        """Return the file with the times of words, if one is wanted."""
        if self._timeline is None or self._kind is None:
            return None
        from tiedtts.speech import timestamps

        return timestamps.encode(self._timeline, self._kind)


def record(
    voice: "Speaker",
    text: str | Iterable[str],
    settings: Settings,
    opened: "Callable[[bool], AbstractContextManager[Add]]",
    *,
    timestamps: str | None = None,
    keep: Callable[[bytes], object] = lambda data: None,
    report: "Callable[[Speech, Recording], object]" = lambda speech, recording: None,
) -> Recording:
    """Speak a text part by part: the samples of a book do not fit in memory.

    Args:
        voice: Speaks.
        text: A text, or several that come one by one.
        settings: How it is spoken.
        opened: Opens the place of the samples, once there are some; it is told whether they are all.
        timestamps: Kind of a file with the times of words.
        keep: Takes that file, before the place of the samples is closed.
        report: Called with every part, after its samples were added.

    Raises:
        TextError: There is nothing to speak.
        OutputError: The sound or the timestamps cannot be written.
    """
    recording = Recording(voice.sample_rate, timestamps)
    parts = iter(voice.stream(text, settings))
    first = next(parts, None)
    if first is None:
        raise TextError("there is nothing to say in the text", hint="give a text with words or numbers")
    with opened(isinstance(text, str) and first.is_last) as add:
        for part in itertools.chain((first,), parts):
            add(part.samples)
            recording.add(part)
            report(part, recording)
        times = recording.timestamps()
        # Before the sound appears: where there is one, its times are there, too.
        if times is not None:
            keep(times)
    return recording


def title(text: str | Iterable[str], *, ssml: bool = False) -> str:
    """Return the beginning of a text without markup, for a place that holds a line; nothing of a stream."""
    if not isinstance(text, str):
        return ""
    plain = re.sub("<[^<>]*>", " ", text) if ssml else text
    return " ".join(plain[: 2 * _TITLE].split())[:_TITLE]
