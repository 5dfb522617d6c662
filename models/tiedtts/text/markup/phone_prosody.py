"""Prosody of a marked-up sentence, phone by phone."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from tiedtts.text.markup.spans import Span
from tiedtts.text.phones import Phone


@dataclass(frozen=True, slots=True)
class MarkPlace:
    """A mark in a sentence."""

    name: str
    phone: int
    """It stands before this one, 0 to T; before the silence ahead of the sentence if -1."""
    ahead: bool = True
    """Whether it stands before the silence between the phones there."""


@dataclass(frozen=True, slots=True)
class PhoneProsody:
    """Prosody of the T phones of a sentence, relative to the settings of the whole text."""

    speed: tuple[float, ...]
    """Factors, (T,); larger is faster."""
    pitch: tuple[float, ...]
    """Semitones, (T,)."""
    pitch_range: tuple[float, ...]
    """Factors of the movement of the pitch around its mean, (T,)."""
    volume: tuple[float, ...]
    """Decibels, (T,)."""
    silence: tuple[float, ...]
    """Seconds of silence after each phone, (T,)."""
    marks: tuple[MarkPlace, ...] = ()

    def cut(self, phone: int) -> tuple["PhoneProsody", "PhoneProsody"]:
        """Return the prosody of the first phones, and that of the others with a silence ahead of them."""
        opening = PhoneProsody(
            self.speed[:phone],
            self.pitch[:phone],
            self.pitch_range[:phone],
            self.volume[:phone],
            self.silence[:phone],
            tuple(place for place in self.marks if place.phone < phone),
        )
        rest = PhoneProsody(
            (self.speed[phone], *self.speed[phone:]),
            (self.pitch[phone], *self.pitch[phone:]),
            (self.pitch_range[phone], *self.pitch_range[phone:]),
            (self.volume[phone], *self.volume[phone:]),
            (0.0, *self.silence[phone:]),
            tuple(
                MarkPlace(place.name, place.phone - phone + 1, place.ahead)
                for place in self.marks
                if place.phone >= phone
            ),
        )
        return opening, rest


@dataclass(slots=True)
class Gaps:
    """Silence and marks between the words of a sentence, and their spans; gap n is before word n."""

    spans: list[Span] = field(default_factory=list)
    """The span of each word."""
    silence: dict[int, float] = field(default_factory=dict)
    """Seconds, by gap."""
    marks: list[tuple[int, MarkPlace]] = field(default_factory=list)
    """Marks with their gaps; their `phone` is 0 for the end of the word before, else 1."""

    def prosody(self, phones: Sequence[Phone], first: int, count: int, *, ends: bool) -> PhoneProsody:
        """Return the prosody of a part of the sentence.

        Args:
            phones: Phones of the part, T of them.
            first: Its first word.
            count: Its words.
            ends: Whether it is the last part.
        """
        begin: dict[int, int] = {}
        end: dict[int, int] = {}
        for index, phone in enumerate(phones):
            if phone.word >= 0:
                begin.setdefault(phone.word, index)
                end[phone.word] = index + 1

        def start(word: int) -> int:
            return next((begin[n] for n in range(word, count) if n in begin), len(phones))

        word = 0
        chosen = []
        for phone in phones:
            word = phone.word if phone.word >= 0 else word
            chosen.append(self.spans[first + word])
        silence = [0.0] * len(phones)
        # Of this part alone: a sentence may have very many parts, and very many pauses.
        for gap in range(first + 1, first + count + 1):
            if gap in self.silence:
                silence[start(gap - first) - 1] += self.silence[gap]
        marks = [
            MarkPlace(
                place.name,
                start(gap - first) if place.phone else end.get(gap - first - 1, 0),
                place.ahead,
            )
            for gap, place in self.marks[_index(self.marks, first) : _index(self.marks, first + count + ends)]
        ]
        return PhoneProsody(
            tuple(span.speed for span in chosen),
            tuple(span.pitch for span in chosen),
            tuple(span.pitch_range for span in chosen),
            tuple(span.volume for span in chosen),
            tuple(silence),
            tuple(marks),
        )


def _index(marks: Sequence[tuple[int, MarkPlace]], gap: int) -> int:
    """Return how many marks come before a gap; they are in order."""
    return bisect_left(marks, gap, key=itemgetter(0))
