"""A text that is spoken piece by piece, as if it had been there from the start."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from tiedtts.errors import TextError
from tiedtts.speech import timing
from tiedtts.speech.speech import Speech

Speak = Callable[[str, int, bool], Iterator[Speech]]
"""Speaks a piece, before which so many sentences were spoken, and whether a paragraph ended before it."""


class Continuation:
    """The place that has been reached in a text whose pieces come one by one.

    Args:
        speak: Speaks a piece.
        sample_rate: Sampling rate of what it makes, Hz.
    """

    def __init__(self, speak: Speak, sample_rate: int) -> None:
        self._speak, self._sample_rate = speak, sample_rate
        self._number = self._characters = self._line_ends = 0

    @property
    def has_begun(self) -> bool:
        """Whether something has been said."""
        return self._number > 0

    def say(self, piece: str) -> Iterator[Speech]:
        """Yield the parts of the next piece; the rules for pieces are those of `Voice.stream`.

        Raises:
            VoiceError: The voice is damaged.
        """
        blank = not piece.strip()
        before = self._line_ends + piece[: len(piece) - len(piece.lstrip())].count("\n")
        self._line_ends = before if blank else piece[len(piece.rstrip()) :].count("\n")
        if not blank or "\n" not in piece:
            try:
                # Two line ends with nothing between them end a paragraph.
                for part in self._speak(piece, self._number, before > 1):
                    self._number += 1
                    yield replace(part, sentences=timing.further_on(part.sentences, self._characters))
            except TextError as error:
                yield Speech(np.zeros(0, np.float32), self._sample_rate, piece, (), (), (str(error),))
        self._characters += len(piece)
