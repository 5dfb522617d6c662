"""Text that grows piece by piece, and its sentences as soon as nothing that follows can change them."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from tiedtts.text import first_clause, sentences
from tiedtts.text.aligned import AlignedText
from tiedtts.text.frontend import FrontEnd, LeftOut, Sentence

LONGEST = 4_000
"""Characters of a paragraph that are read again with each of its sentences; a longer one is read in parts."""

_BLANK_LINES = re.compile(r"\n[ \t\r\n]*\n")
_MARK = re.compile(r"[^\w\s,;-]|\n")
"""A mark that may end a sentence; nothing else does."""
_NEXT_WORD = re.compile(r"\S{0,40}\s+\S+\s")
"""A word behind a mark that has come whole."""


class Whole(str):
    """A piece that is spoken to its end, whatever comes after it."""

    __slots__ = ()


class GrowingText:
    """A text that grows, wherever it is cut; its sentences are those of the whole text.

    A sentence is complete when the word behind it has come whole, since that word may tell whether a full
    stop ends a sentence; one of several lines, when a blank line has come.

    Args:
        front_end: Reads the sentences.
        breaks: Whether the sentences have phrase breaks.
    """

    def __init__(self, front_end: FrontEnd, *, breaks: bool) -> None:
        self._front_end, self._breaks = front_end, breaks
        self._held = ""
        self._dropped = self._said = self._tried = 0
        self._paragraph = self._said_in = 0
        self.left_out = LeftOut()
        """Counts what cannot be spoken; a new one may take its place."""

    def add(self, piece: str) -> Iterator[Sentence]:
        """Yield the sentences that a piece completes."""
        self._held += piece
        while blank := _BLANK_LINES.search(self._held, self._tried):
            end = blank.start()
            yield from self._complete(end, surely=end)
            if blank.end() == len(self._held):
                # More blank lines may follow.
                self._said = self._tried = end
                return
            self._drop(blank.end())
            self._paragraph += 1
        if self._has_new_end():
            yield from self._complete(len(self._held), surely=0)
        if len(self._held) > LONGEST and self._said:
            self._paragraph = self._said_in
            self._drop(self._said)

    def clauses(self, text: str) -> tuple[Sentence | None, bool]:
        """Return the first clauses of a first sentence that goes on; see `first_clause.certain`."""
        sentence = next(self._front_end.read(text, LeftOut(), breaks=self._breaks), None)
        return (None, True) if sentence is None else first_clause.certain(sentence)

    def finish(self) -> Iterator[Sentence]:
        """Yield all that is left; what is added afterwards goes on in the same paragraph."""
        end = len(self._held)
        yield from self._complete(end, surely=end)
        # A line end stays: with the next one, it ends the paragraph.
        self._drop(len(self._held.rstrip()))
        self._said = self._tried = 0

    def _has_new_end(self) -> bool:
        """Tell whether there is a mark, not tried before, and a word behind it."""
        found = False
        while mark := _MARK.search(self._held, self._tried):
            self._tried = mark.start()
            if not _NEXT_WORD.match(self._held, mark.end()):
                return found
            self._tried, found = mark.end(), True
        self._tried = len(self._held)
        return found

    def _complete(self, end: int, *, surely: int) -> Iterator[Sentence]:
        """Yield the sentences before a place that have not been yielded and are complete.

        Args:
            end: Where the text is cut.
            surely: Up to where sentences are complete without a word behind them.
        """
        number = self._paragraph
        found: list[tuple[int, AlignedText]] = []
        for number, paragraph in enumerate(sentences.paragraphs(self._held[:end]), self._paragraph):
            found += [(number, written) for written in sentences.split(paragraph) if written.text]
        for place, (paragraph_of, written) in enumerate(found):
            last = written.ends[-1]
            if last <= self._said:
                continue
            if last > surely and (place == len(found) - 1 or not self._is_complete(written)):
                return
            if written.starts[0] < self._said:
                # What came later has joined it with the sentence before.
                written = written[bisect_left(written.starts, self._said) :]
            self._said, self._said_in = last, paragraph_of
            for sentence in self._front_end.read_sentence(
                written, self.left_out, paragraph_of, breaks=self._breaks
            ):
                yield self._further_on(sentence)
        if surely == end:
            self._paragraph = number

    def _is_complete(self, written: AlignedText) -> bool:
        """Tell whether a sentence of a paragraph that goes on stays as it is."""
        if not _NEXT_WORD.match(self._held, written.ends[-1]):
            return False
        # Lines that come may show that its lines end only because the page does.
        inner = "\n" in self._held[written.starts[0] : written.ends[-1]]
        return not inner or len(self._held) > LONGEST

    def _further_on(self, sentence: Sentence) -> Sentence:
        """Return a sentence whose spans count from the start of the whole text."""
        by = self._dropped
        words = (replace(word, span=(word.span[0] + by, word.span[1] + by)) for word in sentence.words)
        return replace(sentence, words=tuple(words)) if by else sentence

    def _drop(self, characters: int) -> None:
        self._held = self._held[characters:]
        self._dropped += characters
        self._said = max(0, self._said - characters)
        self._tried = max(0, self._tried - characters)
