"""Text that grows piece by piece, and its sentences as soon as they can be told."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from tiedtts.text import clauses, first_clause, sentences, unfinished
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


class Unfinished(str):
    """A piece of a line that nobody has ended for a while; it is empty where only time has passed."""

    idle: float
    """Seconds since the last of it came."""

    def __new__(cls, text: str, idle: float) -> "Unfinished":
        """Make a piece.

        Args:
            text: What has come.
            idle: Seconds since the last of it came.
        """
        made = super().__new__(cls, text)
        made.idle = idle
        return made


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
        self._front_end, self._breaks = front_end, breaks
        self.in_haste = in_haste
        self._held = ""
        self._dropped = self._said = self._tried = 0
        self._paragraph = self._said_in = 0
        self._clauses = 0
        """Where the clauses end that were said of a sentence that goes on."""
        self._looked_at = (0, False)
        """How much there was when clauses were looked for, and whether a mark at the end counted."""
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

    def first_clauses(self) -> tuple[Sentence | None, bool]:
        """Return the first clauses of a first sentence that goes on; see `first_clause.certain`."""
        sentence = next(self._front_end.read(self.beginning, LeftOut(), breaks=self._breaks), None)
        if sentence is None or self._clauses:
            return None, not self._clauses
        first, more = first_clause.certain(sentence)
        if first is not None:
            self._clauses = first.words[-1].span[1]
        return first, more

    def may_have_clauses(self, *, ended: bool) -> bool:
        """Tell at once whether `next_clauses` may find any."""
        looked_at = (self._dropped + len(self._held), ended)
        return looked_at > self._looked_at and bool(self._held[max(self._said, self._clauses) :].strip())

    def next_clauses(self, *, ended: bool) -> Sentence | None:
        """Return clauses of a sentence that goes on which are complete and have not been yielded.

        They are said before anybody knows what follows; the rest of their sentence is spoken without them.

        Args:
            ended: Nothing has come for a while, so that a mark at the end is taken for one.
        """
        self._looked_at = (self._dropped + len(self._held), ended)
        text, is_marked = unfinished.beginning_of_sentence(self._held, ended=ended)
        found = [
            (number, written) for number, written in self._written(text)[0] if written.ends[-1] > self._said
        ]
        if len(found) != 1 or unfinished.is_laid_out(text):
            return None
        number, written = found[0]
        written = self._unsaid(written)
        if "\n" in text[written.starts[0] :]:
            return None
        sentence = self._front_end.read_beginning(written, number, breaks=self._breaks)
        sentence = None if sentence is None else self._unspoken(sentence)
        first = None if sentence is None else clauses.complete(sentence, is_marked=is_marked)
        if first is None:
            return None
        self._clauses = max(word.span[1] for word in first.words)
        return self._further_on(first)

    @property
    def has_unsaid(self) -> bool:
        """Whether something has not been said."""
        return bool(self._held[self._said :].strip())

    @property
    def is_whole(self) -> bool:
        """Whether what has not been said ends as a sentence does."""
        return self.has_unsaid and unfinished.is_whole(self._held)

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
        found, number = self._written(self._held[:end])
        for place, (paragraph_of, written) in enumerate(found):
            last = written.ends[-1]
            if last <= self._said:
                continue
            if last > surely and (place == len(found) - 1 or not self._is_complete(written)):
                return
            written = self._unsaid(written)
            self._said, self._said_in = last, paragraph_of
            for sentence in self._front_end.read_sentence(
                written, self.left_out, paragraph_of, breaks=self._breaks
            ):
                unspoken = self._unspoken(sentence)
                if unspoken is not None:
                    yield self._further_on(unspoken)
        if surely == end:
            self._paragraph = number

    def _written(self, text: str) -> tuple[list[tuple[int, AlignedText]], int]:
        """Return the sentences of the beginning of what is held, and the number of the last paragraph.

        Each sentence comes with the number of its own paragraph.
        """
        number = self._paragraph
        found: list[tuple[int, AlignedText]] = []
        for number, paragraph in enumerate(sentences.paragraphs(text), self._paragraph):
            found += [(number, written) for written in sentences.split(paragraph) if written.text]
        return found, number

    def _unsaid(self, written: AlignedText) -> AlignedText:
        """Return a sentence without what was said: what came later may have joined it with the one before."""
        if written.starts[0] >= self._said:
            return written
        return written[bisect_left(written.starts, self._said) :]

    def _unspoken(self, sentence: Sentence) -> Sentence | None:
        """Return a sentence without the clauses that were said of it; nothing if these are all of it."""
        said = (number for number, word in enumerate(sentence.words, 1) if word.span[1] <= self._clauses)
        return first_clause.without(sentence, max(said, default=0))

    def _is_complete(self, written: AlignedText) -> bool:
        """Tell whether a sentence of a paragraph that goes on stays as it is."""
        if not _NEXT_WORD.match(self._held, written.ends[-1]):
            return False
        inner = "\n" in self._held[written.starts[0] : written.ends[-1]]
        return not inner or self.in_haste or len(self._held) > LONGEST

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
        self._clauses = max(0, self._clauses - characters)
