"""Timing: when each word and each phone of a speech is heard, exactly, in samples."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from tiedtts.speech.speech import Speech
    from tiedtts.text.frontend import Sentence


class SpokenPhone(NamedTuple):
    """A phone and its time."""

    label: str
    """ARPAbet with its stress digit."""
    start: int
    """First sample."""
    end: int
    """The sample after the last."""
    sample_rate: int
    """Hz."""

    @property
    def start_s(self) -> float:
        """Start, seconds."""
        return self.start / self.sample_rate

    @property
    def end_s(self) -> float:
        """End, seconds."""
        return self.end / self.sample_rate


class SpokenWord(NamedTuple):
    """A word as it is spoken, its phones and their times."""

    text: str
    """The word as it is spoken: `45` is spoken as the words `forty` and `five`."""
    phones: tuple[SpokenPhone, ...]
    """At least one; each begins where the one before ends."""
    written: str = ""
    """Written form it was read from, as in the text given: `$100` for `one`, `hundred` and `dollars`."""
    span: tuple[int, int] = (0, 0)
    """Where that stands in the text or SSML given: offsets of its first character and of the one after."""
    after_break: bool = False
    """Whether a phrase break stands before it: a pause where nothing is written."""

    @property
    def start_s(self) -> float:
        """Start, seconds."""
        return self.phones[0].start_s

    @property
    def end_s(self) -> float:
        """End, seconds."""
        return self.phones[-1].end_s


class SpokenSentence(NamedTuple):
    """A sentence and its words."""

    text: str
    """The sentence as it is written."""
    words: tuple[SpokenWord, ...]
    """At least one."""
    places: tuple[tuple[int, int], ...] = ()
    """Place that each word was read from: offsets in `text` of its first character and after its last."""
    speaker: str = ""
    """The name by which the text calls who speaks it; empty for the narrator."""

    @property
    def start_s(self) -> float:
        """Start of the first word, seconds."""
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        """End of the last word, seconds."""
        return self.words[-1].end_s


class Mark(NamedTuple):
    """A named place in a speech."""

    name: str
    sample: int
    """The first sample after it."""
    sample_rate: int
    """Hz."""

    @property
    def time_s(self) -> float:
        """Seconds from the beginning."""
        return self.sample / self.sample_rate


class ShownCue(NamedTuple):
    """A subtitle that was given, and when it is heard."""

    text: str
    """The subtitle as it is shown."""
    start: int
    """First sample."""
    end: int
    """The sample after the last."""
    sample_rate: int
    """Hz."""
    number: int
    """Its place in its file, from 1."""
    factor: float
    """Speed that it was spoken at, in that which was asked for; more than 1 if it had to hurry."""

    @property
    def start_s(self) -> float:
        """Start, seconds."""
        return self.start / self.sample_rate

    @property
    def end_s(self) -> float:
        """End, seconds."""
        return self.end / self.sample_rate


class Timed(Protocol):
    """Anything that has the times of its words: a `Speech`, or a `Timeline` of several."""

    @property
    def sample_rate(self) -> int:
        """Sampling rate, Hz."""

    @property
    def seconds(self) -> float:
        """Length, seconds."""

    @property
    def sentences(self) -> Sequence[SpokenSentence]:
        """Its sentences, timed from its beginning."""

    @property
    def marks(self) -> Sequence[Mark]:
        """Its marks, timed from its beginning."""

    @property
    def cues(self) -> Sequence[ShownCue]:
        """The subtitles it was made from, timed from its beginning; none if it was made from another text."""


class Timeline:
    """The times of speeches one after the other, from the beginning of the first.

    Args:
        sample_rate: Sampling rate of all speeches, Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.samples = 0
        self.sentences: list[SpokenSentence] = []
        self.marks: list[Mark] = []
        self.cues: list[ShownCue] = []

    @property
    def seconds(self) -> float:
        """Length of all speeches, seconds."""
        return self.samples / self.sample_rate

    def add(self, speech: "Speech") -> None:
        """Put a speech at the end."""
        self.sentences += later(speech.sentences, self.samples)
        self.marks += marks_later(speech.marks, self.samples)
        self.cues += cues_later(speech.cues, self.samples)
        self.samples += len(speech.samples)


def sentence(written: "Sentence", durations: Sequence[int], rate: int) -> tuple[SpokenSentence, ...]:
    """Return the times of a sentence; nothing if no word of it has a phone.

    Args:
        written: The sentence.
        durations: Samples of each phone, (T,).
        rate: Hz.
    """
    found: list[list[SpokenPhone]] = [[] for _ in written.words]
    broken: set[int] = set()
    end = word = 0
    for phone, duration in zip(written.phones, durations, strict=True):
        start, end = end, end + duration
        if phone.is_break:
            broken.add(word)
        if phone.word >= 0:
            found[phone.word].append(SpokenPhone(phone.label, start, end, rate))
            word = phone.word + 1
    spoken = tuple(
        SpokenWord(word.text, tuple(own), word.written, word.span, index in broken)
        for index, (word, own) in enumerate(zip(written.words, found, strict=True))
        if own
    )
    places = tuple(place for place, own in zip(written.places, found, strict=False) if own)
    return (SpokenSentence(written.text, spoken, places, written.speaker),) if spoken else ()


def later(sentences: Sequence[SpokenSentence], samples: int) -> tuple[SpokenSentence, ...]:
    """Return sentences that begin so many samples later."""
    if not samples:
        return tuple(sentences)
    return tuple(
        sentence._replace(words=tuple(_later(word, samples) for word in sentence.words))
        for sentence in sentences
    )


def marks_later(marks: Sequence[Mark], samples: int) -> tuple[Mark, ...]:
    """Return marks that come so many samples later."""
    return tuple(mark._replace(sample=mark.sample + samples) for mark in marks)


def cues_later(cues: Sequence[ShownCue], samples: int) -> tuple[ShownCue, ...]:
    """Return subtitles that come so many samples later."""
    return tuple(cue._replace(start=cue.start + samples, end=cue.end + samples) for cue in cues)


def _later(word: SpokenWord, samples: int) -> SpokenWord:
    phones = (
        SpokenPhone(label, start + samples, end + samples, rate) for label, start, end, rate in word.phones
    )
    return word._replace(phones=tuple(phones))
