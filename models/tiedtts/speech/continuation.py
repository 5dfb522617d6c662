"""A text that is spoken piece by piece, as if it had been there from the start."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from tiedtts.errors import TextError
from tiedtts.speech import timing
from tiedtts.speech.speech import Speech

Speak = Callable[[str, int, bool, int], Iterator[Speech]]
"""Speaks a piece: before it so many sentences were spoken and, if so, a paragraph ended; of it, so many words
were said already."""
Begin = Callable[[str], tuple[Speech | None, bool]]
"""Speaks the first clauses of a first sentence that is not whole, if they are certain, and tells whether more
words could make them so."""


class Continuation:
    """The place that has been reached in a text whose pieces come one by one.

    Args:
        speak: Speaks a piece.
        begin: Speaks the beginning of the first piece.
        sample_rate: Sampling rate of what it makes, Hz.
    """

    def __init__(self, speak: Speak, begin: Begin, sample_rate: int) -> None:
        self._speak, self._begin, self._sample_rate = speak, begin, sample_rate
        self._number = self._characters = self._line_ends = self._words = 0
        self.is_open = True
        """Whether the first clauses may be said before the first sentence is whole."""

    @property
    def has_begun(self) -> bool:
        """Whether something has been said."""
        return self._number > 0

    def clause(self, text: str) -> Iterator[Speech]:
        """Yield the first clauses of a first piece that is still coming, if they are certain.

        The piece itself is said later, without them: together they make the same sound as the piece alone.

        Args:
            text: What there is of it; its words are whole.

        Raises:
            VoiceError: The voice is damaged.
        """
        if not self.is_open:
            return
        part, self.is_open = self._begin(text)
        if part is not None:
            self._number, self._words = 1, len(part.words)
            yield part

    def say(self, piece: str) -> Iterator[Speech]:
        """Yield the parts of the next piece; the rules for pieces are those of `Voice.stream`.

        Raises:
            VoiceError: The voice is damaged.
        """
        self.is_open = False
        blank = not piece.strip()
        before = self._line_ends + piece[: len(piece) - len(piece.lstrip())].count("\n")
        self._line_ends = before if blank else piece[len(piece.rstrip()) :].count("\n")
        if not blank or "\n" not in piece:
            try:
                # Two line ends with nothing between them end a paragraph.
                words, self._words = self._words, 0
                for part in self._speak(piece, self._number, before > 1, words):
                    self._number += 1
                    yield replace(part, sentences=timing.further_on(part.sentences, self._characters))
            except TextError as error:
                yield Speech(np.zeros(0, np.float32), self._sample_rate, piece, (), (), (str(error),))
        self._characters += len(piece)
