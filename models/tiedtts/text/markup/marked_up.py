"""Carries the spans of a marked-up text, with their pauses and marks, to the words of its sentences."""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tiedtts.text import sentences
from tiedtts.text.aligned import AlignedText, join
from tiedtts.text.characters import clean_aligned
from tiedtts.text.markup.phone_prosody import Gaps, MarkPlace
from tiedtts.text.markup.spans import Span
from tiedtts.text.pronounce.pronouncer import Word


@dataclass(frozen=True, slots=True)
class Run:
    """A text that no sentence crosses the ends of."""

    first: int
    """The number of its first span."""
    text: AlignedText
    begins: Sequence[tuple[int, int]]
    """Offsets where the other spans begin, and their numbers; an empty span begins where the next does."""
    ends_paragraph: bool
    goes_on: bool = False
    """Whether its last sentence may go on in the next run, where another voice speaks."""

    def sentences(self) -> Iterator[tuple[AlignedText, Sequence[tuple[int, int]], bool]]:
        """Yield the sentences, where spans begin in each, and whether each ends here.

        What follows the last sentence comes as a sentence without text.
        """
        begins = deque(self.begins)
        size = len(self.text.text.rstrip())
        for sentence in sentences.split(AlignedText.of(self.text.text)):
            end = sentence.ends[-1]
            # What is behind a text without a full stop is still within its sentence.
            goes_on = end >= size and not sentences.is_whole(sentence.text)
            own = []
            while begins and (begins[0][0] < end or goes_on):
                place, number = begins.popleft()
                own.append((bisect_left(sentence.starts, place), number))
            yield sentence.within(self.text), own, not (goes_on and self.goes_on)
        if begins:
            yield self.text[:0], [(0, number) for _, number in begins], True


def runs(spans: Sequence[Span], *, goes_on: bool = False) -> Iterator[Run]:
    """Yield the texts that no sentence crosses.

    Args:
        spans: Those of a whole text.
        goes_on: Whether its last sentence is the beginning of one that goes on elsewhere.
    """
    first = place = 0
    texts: list[AlignedText] = []
    begins: list[tuple[int, int]] = []
    voice: str | None = None
    for number, span in enumerate(spans):
        if span.text and voice not in (None, span.voice):
            yield Run(first, join(texts, " "), begins, ends_paragraph=False, goes_on=True)
            first, place, texts, begins = number, 0, [], []
        if span.text:
            voice = span.voice
        if number > first:
            begins.append((place, number))
        text = clean_aligned(span.aligned)
        if text.text:
            texts.append(text)
            place += len(text) + 1
        if span.boundary or number == len(spans) - 1:
            is_last = number == len(spans) - 1
            yield Run(
                *(first, join(texts, " "), begins, span.boundary == "paragraph"), goes_on=is_last and goes_on
            )
            first, place, texts, begins, voice = number + 1, 0, [], [], None


@dataclass(slots=True)
class Waiting:
    """Silence and marks since the last word: they belong to the next sentence, or to the end of the text."""

    silence: float | None = None
    """Seconds, if there was a break."""
    marks: list[tuple[str, bool]] = field(default_factory=list)
    """Names, and whether the silence comes after them."""

    def pause(self, seconds: float) -> None:
        """Add silence."""
        if seconds:
            self.silence = (self.silence or 0.0) + seconds

    def mark(self, name: str) -> None:
        """Add a place."""
        self.marks.append((name, not self.silence))


class Track:
    """Follows the spans through the sentences of a text."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._current = Span("")
        self._number = 0
        self._gap = 0.0
        self.waiting = Waiting()

    def begin(self, number: int) -> None:
        """Begin a run with a span."""
        self._meet(number)

    def end(self) -> None:
        """End a run: the silence after its last span is waited for."""
        self.waiting.pause(self._spans[self._number].pause)

    def place(
        self, items: Sequence[Word | str], begins: Sequence[tuple[int, int]]
    ) -> tuple[list[Word | str], Gaps]:
        """Return the items of a sentence, with a pause at each break, and what stands in its gaps.

        Args:
            items: Words and pauses.
            begins: Where spans begin: the number of items before, the number of the span.
        """
        made: list[Word | str] = []
        gaps = Gaps()
        left = deque(begins)
        for index in range(len(items) + 1):
            while left and left[0][0] == index:
                self._begin(left.popleft()[1], made, gaps)
            if index < len(items):
                item = items[index]
                made.append(item)
                if isinstance(item, Word):
                    gaps.spans.append(self._current)
        return made, gaps

    def _begin(self, number: int, made: list[Word | str], gaps: Gaps) -> None:
        word = len(gaps.spans)
        if not word:
            self.waiting.pause(self._spans[self._number].pause)
            self._meet(number)
            return
        pause = self._spans[self._number].pause
        if pause:
            gaps.silence[word] = gaps.silence.get(word, 0.0) + pause
            made.append(",")
        span = self._spans[number]
        self._number = number
        if span.mark is not None:
            ahead = word not in gaps.silence
            gaps.marks.append(
                (word, MarkPlace(span.mark, 0 if ahead and isinstance(made[-1], Word) else 1, ahead))
            )
        elif span.text:
            self._current = span

    def _meet(self, number: int) -> None:
        """Come to a span before the first word of a sentence."""
        span = self._spans[number]
        self._number = number
        if span.mark is not None:
            self.waiting.mark(span.mark)
        elif span.text:
            self._current = span
            self._gap = max(self._gap, span.gap)

    def gap(self) -> float | None:
        """Return the silence that the structure of a document wants here, and forget it."""
        gap, self._gap = self._gap, 0.0
        return gap or None

    def take(self) -> tuple[float | None, tuple[MarkPlace, ...]]:
        """Return what has waited: silence, and marks ahead of it or after it."""
        waited, self.waiting = self.waiting, Waiting()
        marks = (MarkPlace(name, -1 if ahead and waited.silence else 0) for name, ahead in waited.marks)
        return waited.silence, tuple(marks)
