"""Spans of a marked-up text through the front end: where each begins is carried along as a switch.

A switch is a mark of private-use characters, as those of `inline`; no rule touches it, and the tokens tell
where it has come to stand.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tiedtts.text import inline
from tiedtts.text.characters import clean
from tiedtts.text.markup.phone_prosody import Gaps, Place
from tiedtts.text.markup.spans import Span
from tiedtts.text.pronounce.pronouncer import Word


def runs(spans: Sequence[Span]) -> Iterator[tuple[int, str, bool]]:
    """Yield texts that no sentence crosses: the first span, the text, whether a paragraph ends there."""
    first = 0
    parts: list[str] = []
    for number, span in enumerate(spans):
        # The first of a run begins where the run does.
        parts.append((inline.switch(number) if parts else "") + " " + clean(span.text))
        if span.boundary or number == len(spans) - 1:
            yield first, " ".join(parts).strip(), span.boundary == "paragraph"
            first, parts = number + 1, []


def without_switches(text: str) -> str:
    """Return a text as it was written."""
    text = " ".join(re.sub(inline.SWITCH, "", text).split())
    return re.sub(r" (?=[.,;:!?)\]]+(?: |$))", "", text)


@dataclass(slots=True)
class Waiting:
    """What has been met since the last word: it belongs to the next sentence, or to the end."""

    silence: float | None = None
    """Seconds, if there was a break."""
    places: list[tuple[str, bool]] = field(default_factory=list)
    """Names, and whether the silence comes after them."""

    def pause(self, seconds: float) -> None:
        """Add silence."""
        if seconds:
            self.silence = (self.silence or 0.0) + seconds

    def mark(self, name: str) -> None:
        """Add a place."""
        self.places.append((name, not self.silence))


class Track:
    """Follows the spans through the sentences of a text."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._current = Span("")
        self._number = 0
        self.waiting = Waiting()

    def written(self, text: str) -> str:
        """Return a sentence as it was written."""
        return without_switches(text)

    def begin(self, number: int) -> None:
        """Begin a run with a span."""
        self._meet(number)

    def end(self) -> None:
        """End a run: the silence after its last span is waited for."""
        self.waiting.pause(self._spans[self._number].pause)

    def place(
        self, items: Sequence[Word | str], switches: Sequence[tuple[int, int]]
    ) -> tuple[list[Word | str], Gaps]:
        """Return the items of a sentence, with a pause at each break, and what stands in its gaps.

        Args:
            items: Words and pauses.
            switches: Where spans begin: the number of items before, the number of the span.
        """
        made: list[Word | str] = []
        gaps = Gaps()
        left = deque(switches)
        for index in range(len(items) + 1):
            while left and left[0][0] == index:
                self._switch(left.popleft()[1], made, gaps)
            if index < len(items):
                item = items[index]
                made.append(item)
                if isinstance(item, Word):
                    gaps.spans.append(self._current)
        return made, gaps

    def _switch(self, number: int, made: list[Word | str], gaps: Gaps) -> None:
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
            gaps.places.append(
                (word, Place(span.mark, 0 if ahead and isinstance(made[-1], Word) else 1, ahead))
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

    def take(self) -> tuple[float | None, tuple[Place, ...]]:
        """Return what has waited: silence, and places ahead of it or after it."""
        waited, self.waiting = self.waiting, Waiting()
        places = (Place(name, -1 if ahead and waited.silence else 0) for name, ahead in waited.places)
        return waited.silence, tuple(places)
