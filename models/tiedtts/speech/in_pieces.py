"""Speech of a text that comes piece by piece."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain

import numpy as np

from tiedtts.speech.lead import Lead
from tiedtts.speech.speech import Speech
from tiedtts.text.frontend import LeftOut, Sentence
from tiedtts.text.growing import GrowingText, Unfinished, Whole
from tiedtts.text.left_out import NOTHING

Speak = Callable[[Iterator[Sentence], LeftOut, int, Sentence | None, str], Iterator[Speech]]
"""Speaks sentences: what could not be spoken so far, how many were spoken before, the last of them, and the
beginning of the text."""

ENOUGH_SECONDS = 0.4
"""Sound that is enough to listen to until the next clause is made."""
IDLE_SECONDS = 0.02
"""A mark at the end is taken for the end of a clause or a sentence when nothing has followed for so long."""
WHOLE_SECONDS = 0.5
"""The same of a sentence while there is sound to listen to: the next words may go on with it."""
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
        self._lead = Lead()
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
    def has_unsaid(self) -> bool:
        """Whether there are characters that were not said."""
        return self._growing.has_unsaid

    @property
    def may_be_complete(self) -> bool:
        """Whether `complete` may have something to say; told at once."""
        return self._growing.may_be_complete

    @property
    def beginning(self) -> str:
        """Whole words of a first sentence that is still coming, whose clauses may be certain."""
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
        elif isinstance(piece, Unfinished):
            self._growing.in_haste = True
            yield from self.in_haste(piece.idle)

    def append(self, piece: str) -> None:
        """Take a piece, and say nothing yet."""
        if len(self._opening) < _OPENING:
            self._opening += piece
        self._has_text = self._has_text or bool(piece.strip())
        self._growing.append(piece)

    def complete(self) -> Iterator[Speech]:
        """Yield the speech of the sentences that are complete and have not been said."""
        yield from self._spoken(self._growing.complete(), ends=False)

    def first_clauses(self) -> Iterator[Speech]:
        """Yield the first clauses of a first sentence that is still coming, if they are certain.

        The rest of it is said when it has come. Together they are the same sound as the sentence alone.
        """
        if not self.is_open:
            return
        first, self.is_open = self._growing.first_clauses()
        if first is not None:
            yield from self._clauses(first)

    def in_haste(self, idle: float) -> Iterator[Speech]:
        """Yield what can be said of a sentence that is still coming, so that whoever listens need not wait.

        As long as there is sound to listen to, nothing is said before its sentence is complete.

        Args:
            idle: Seconds since the last piece came.
        """
        if self._is_whole_after(idle):
            yield from self.finish()
        elif self.is_due(idle):
            first = self._growing.next_clauses(ended=idle >= IDLE_SECONDS)
            if first is not None:
                self.is_open = False
                yield from self._clauses(first)

    def is_due(self, idle: float) -> bool:
        """Tell at once whether `in_haste` may have something to say."""
        if self._is_whole_after(idle):
            return True
        ended = idle >= IDLE_SECONDS
        return self._lead.seconds <= ENOUGH_SECONDS and self._growing.may_have_clauses(ended=ended)

    def _is_whole_after(self, idle: float) -> bool:
        """Tell whether what has not been said is taken for a whole sentence, after so many seconds."""
        has_sound = self._lead.seconds > ENOUGH_SECONDS
        return idle >= (WHOLE_SECONDS if has_sound else IDLE_SECONDS) and self._growing.is_whole

    def _clauses(self, first: Sentence) -> Iterator[Speech]:
        """Yield clauses of a sentence that goes on."""
        before, self._last = self._last, first
        for part in self._speak(iter((first,)), LeftOut(), self._count, before, self._opening):
            self._count += 1
            self._lead.add(part.seconds)
            self._has_said = True
            yield self._told_once(part, is_last=False)

    def _spoken(self, sentences: Iterator[Sentence], *, ends: bool) -> Iterator[Speech]:
        before, first = self._last, next(sentences, None)
        if first is None:
            return
        self.is_open = False
        following = self._noted(chain((first,), sentences))
        for part in self._speak(following, self._growing.left_out, self._count, before, self._opening):
            self._count += 1
            self._lead.add(part.seconds)
            yield self._told_once(part, is_last=part.is_last and ends)
        self._growing.left_out, self._has_said = LeftOut(), True

    def _told_once(self, part: Speech, *, is_last: bool) -> Speech:
        """Return a part without what was told already: what holds for all sentences is told once."""
        new = tuple(warning for warning in part.warnings if warning not in self._told)
        self._told.update(new)
        return replace(part, warnings=new, is_last=is_last)

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
