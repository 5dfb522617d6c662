"""Text that grows piece by piece, and its sentences as soon as they can be told."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from tiedtts.text import first_clause, sentences, unfinished
from tiedtts.text.aligned import AlignedText
from tiedtts.text.frontend import FrontEnd, LeftOut, Sentence

LONGEST = 4_000
"""Characters of a paragraph that are read again with each of its sentences; a longer one is read in parts,
and so is a longer sentence."""

_BLANK_LINES = re.compile(r"\n[ \t\r\n]*\n")
_MARK = re.compile(r"[^\w\s,;-]|\n")
"""A mark that may end a sentence; nothing else does."""
_NEXT_WORD = re.compile(r"\S{0,400}\s+\S+\s")
"""A word behind a mark that has come whole. Much may stand between them: the closing tags of a page."""


class Whole(str):
    """A piece that is spoken to its end, whatever comes after it."""

    __slots__ = ()


class GrowingText:
    """A text that grows, wherever it is cut; its sentences are those of the whole text.

    A sentence is complete when the word behind it has come whole, since that word may tell whether a full
    stop ends a sentence. One of several lines is complete when a blank line has come, since further lines may
    show that its lines end only because the page does.

    Args:
        front_end: Reads the sentences.
        breaks: Whether the sentences have phrase breaks.
        in_haste: Whether somebody is listening, so that a sentence of several lines waits for no blank line.
    """

    def __init__(self, front_end: FrontEnd, *, breaks: bool, in_haste: bool = False) -> None:
        self._front_end, self._breaks, self._in_haste = front_end, breaks, in_haste
        self._held = ""
        self._dropped = self._said = self._tried = 0
        self._paragraph = self._said_in = 0
        self.left_out = LeftOut()
        """Counts what cannot be spoken; a new one may take its place."""

    def add(self, piece: str) -> Iterator[Sentence]:
        """Yield the sentences that a piece completes."""
        self.append(piece)
        return self.complete()

    def append(self, piece: str) -> None:
        """Take a piece; half a character of UTF-16 waits for its other half."""
        self._held = unfinished.joined(self._held, piece)

    @property
    def may_be_complete(self) -> bool:
        """Whether there may be a complete sentence: told at once, where looking for it takes longer."""
        return (
            _BLANK_LINES.search(self._held, self._tried) is not None
            or self._new_end()[1]
            or len(self._held) > LONGEST
        )

    def complete(self) -> Iterator[Sentence]:
        """Yield the sentences that are complete and have not been yielded."""
        while blank := _BLANK_LINES.search(self._held, self._tried):
            end = blank.start()
            yield from self._complete(end, surely=end)
            if blank.end() == len(self._held):
                # More blank lines may follow.
                self._said = self._tried = end
                return
            self._drop(blank.end())
            self._paragraph += 1
        self._tried, found = self._new_end()
        if found:
            yield from self._complete(len(self._held), surely=0)
        if len(self._held) > LONGEST:
            end = self._said
            if not end:
                end = len(unfinished.whole_words(self._held)) or len(self._held)
                yield from self._complete(end, surely=end)
            self._paragraph = self._said_in
            self._drop(end)

    def clauses(self, text: str) -> tuple[Sentence | None, bool]:
        """Return the first clauses of a first sentence that goes on; see `first_clause.certain`."""
        sentence = next(self._front_end.read(text, LeftOut(), breaks=self._breaks), None)
        return (None, True) if sentence is None else first_clause.certain(sentence)

    @property
    def is_whole(self) -> bool:
        """Whether what has not been said ends as a sentence does."""
        return bool(self._held[self._said :].strip()) and unfinished.is_whole(self._held)

    @property
    def beginning(self) -> str:
        """The whole words of a first sentence that is not whole; see `tiedtts.text.unfinished.beginning`."""
        return unfinished.beginning(self._held)

    def finish(self) -> Iterator[Sentence]:
        """Yield all that is left; what is added afterwards goes on in the same paragraph."""
        end = len(self._held)
        yield from self._complete(end, surely=end)
        # A line end stays: with the next one, it ends the paragraph.
        self._drop(len(self._held.rstrip()))
        self._said = self._tried = 0

    def _new_end(self) -> tuple[int, bool]:
        """Return up to where marks are tried, and whether one of them is new and has a word behind it."""
        tried, found = self._tried, False
        while mark := _MARK.search(self._held, tried):
            if not _NEXT_WORD.match(self._held, mark.end()):
                return mark.start(), found
            tried, found = mark.end(), True
        return len(self._held), found

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
        inner = "\n" in self._held[written.starts[0] : written.ends[-1]]
        return not inner or self._in_haste or len(self._held) > LONGEST

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
