"""Speech of a text that comes piece by piece."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain

import numpy as np

from tiedtts.speech.speech import Speech
from tiedtts.text import first_clause
from tiedtts.text.frontend import LeftOut, Sentence
from tiedtts.text.growing import GrowingText, Whole
from tiedtts.text.left_out import NOTHING

Speak = Callable[[Iterator[Sentence], LeftOut, int, Sentence | None, str], Iterator[Speech]]
"""Speaks sentences: what could not be spoken so far, how many were spoken before, the last of them, and the
beginning of the text."""

_OPENING = 500
"""Characters that tell what a text is."""


class SpeechInPieces:
    """Speaks the sentences of a growing text as they are complete.

    Args:
        growing: The text, still empty.
        speak: Speaks sentences.
        sample_rate: Hz.
    """

    def __init__(self, growing: GrowingText, speak: Speak, sample_rate: int) -> None:
        self._growing, self._speak, self._sample_rate = growing, speak, sample_rate
        self._opening = ""
        self._last: Sentence | None = None
        self._count = 0
        self._told: set[str] = set()
        self._has_said = self._has_text = False
        self._words = 0
        self.is_open = True
        """Whether the first clauses may be said before their sentence is whole."""

    @property
    def has_begun(self) -> bool:
        """Whether something has been said."""
        return self._count > 0

    @property
    def is_whole(self) -> bool:
        """Whether what has not been said ends as a sentence does."""
        return self._growing.is_whole

    @property
    def may_be_complete(self) -> bool:
        """Whether `complete` may have something to say; told at once."""
        return self._growing.may_be_complete

    @property
    def beginning(self) -> str:
        """Whole words of a first sentence that is still coming, which `clauses` takes."""
        return self._growing.beginning if self.is_open else ""

    def parts(self, pieces: Iterable[str]) -> Iterator[Speech]:
        """Yield the speech of each sentence; a part without samples, if there is nothing to say."""
        for piece in pieces:
            yield from self.add(piece)
        yield from self.finish()

    def add(self, piece: str) -> Iterator[Speech]:
        """Yield the speech of the sentences that a piece completes; see `parts`."""
        self.append(piece)
        yield from self.complete()
        if isinstance(piece, Whole):
            yield from self.finish()

    def append(self, piece: str) -> None:
        """Take a piece, and say nothing yet."""
        if len(self._opening) < _OPENING:
            self._opening += piece
        self._has_text = self._has_text or bool(piece.strip())
        self._growing.append(piece)

    def complete(self) -> Iterator[Speech]:
        """Yield the speech of the sentences that are complete and have not been said."""
        yield from self._spoken(self._growing.complete(), ends=False)

    def clauses(self, text: str) -> Iterator[Speech]:
        """Yield the first clauses of a first sentence that is still coming, if they are certain.

        Its piece is added later, whole; then the rest of it is said. Together they are the same sound as the
        sentence alone.

        Args:
            text: What there is of it; its words are whole.
        """
        if not self.is_open:
            return
        first, self.is_open = self._growing.clauses(text)
        if first is not None:
            for part in self._speak(iter((first,)), LeftOut(), 0, None, text):
                yield replace(part, is_last=False)
            self._count, self._last, self._words = 1, first, len(first.words)

    def _spoken(self, sentences: Iterator[Sentence], *, ends: bool) -> Iterator[Speech]:
        before, first = self._last, next(sentences, None)
        if first is not None and self._words:
            sentences, self._words = first_clause.rest(chain((first,), sentences), self._words), 0
            first = next(sentences, None)
        if first is None:
            return
        self.is_open = False
        following = self._noted(chain((first,), sentences))
        for part in self._speak(following, self._growing.left_out, self._count, before, self._opening):
            self._count += 1
            # What holds for all sentences is told once.
            new = tuple(warning for warning in part.warnings if warning not in self._told)
            self._told.update(new)
            yield replace(part, warnings=new, is_last=part.is_last and ends)
        self._growing.left_out, self._has_said = LeftOut(), True

    def _noted(self, sentences: Iterator[Sentence]) -> Iterator[Sentence]:
        for sentence in sentences:
            self._last = sentence
            yield sentence

    def finish(self) -> Iterator[Speech]:
        """Yield the speech of what is left, although more may follow, and tell what nobody has told."""
        yield from self._spoken(self._growing.finish(), ends=True)
        warnings = self._growing.left_out.warnings()
        if self._has_text and not self._has_said:
            warnings = ("; ".join((NOTHING, *warnings)),)
        if warnings:
            yield Speech(np.zeros(0, np.float32), self._sample_rate, "", (), (), warnings)
        self._growing.left_out, self._has_said, self._has_text = LeftOut(), False, False
