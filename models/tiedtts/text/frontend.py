"""The text front end: written text to the phones a voice speaks."""

import copy
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tiedtts.choices import ENGLISH
from tiedtts.text import assembly, sentences
from tiedtts.text.aligned import AlignedText
from tiedtts.text.characters import clean_aligned, fold
from tiedtts.text.excerpts import Place
from tiedtts.text.inline import BRACES, Pieces
from tiedtts.text.left_out import LeftOut
from tiedtts.text.normalize import maths
from tiedtts.text.normalize.normalizer import spoken
from tiedtts.text.pronounce.pronouncer import Pronouncer, Word
from tiedtts.text.pronounce.taking import Filled, file_at
from tiedtts.text.pronounce.user_lexicon import Files
from tiedtts.text.sentence import Reading, Sentence
from tiedtts.text.tokens import Token, read

# Few texts are marked up, and all others start sooner without.
if TYPE_CHECKING:
    from tiedtts.text.markup.marked_up import Track
    from tiedtts.text.markup.phone_prosody import MarkPlace
    from tiedtts.text.markup.spans import Span
    from tiedtts.text.structure.blocks import Block

__all__ = ["Analysis", "FrontEnd", "LeftOut", "Reading", "Sentence", "Word"]


@dataclass(frozen=True, slots=True)
class Analysis:
    """The sentences of a text, and warnings about what is left out."""

    sentences: tuple[Sentence, ...]
    warnings: tuple[str, ...]
    """One line for each kind of thing left out."""
    wrong_phones: bool = False
    """Whether something in braces was no phones, or not all of it."""


class FrontEnd:
    """Turns text into sentences of phones; reads its data at the first word.

    Args:
        lexicon: A user lexicon, see `read_user_lexicon`, or several, of which a later one wins.

    Raises:
        TextError: A lexicon cannot be read.
    """

    def __init__(self, lexicon: Files = None) -> None:
        self._pronouncer = Pronouncer(lexicon)
        self._english = ENGLISH[0]
        self._others: dict[str, FrontEnd] = {}

    def in_english(self, english: str) -> "FrontEnd":
        """Return the front end for another English, with the same lexicon; itself for its own.

        Args:
            english: One of `tiedtts.choices.ENGLISH`.
        """
        if english == self._english:
            return self
        if english not in self._others:
            other = copy.copy(self)
            other._pronouncer, other._english = self._pronouncer.in_english(english), english
            other._others = {self._english: self}
            self._others[english] = other
        return self._others[english]

    def __call__(self, text: str) -> list[Sentence]:
        """Return the sentences of a text; see `analyse`."""
        return list(self.analyse(text).sentences)

    def analyse(self, text: str) -> Analysis:
        """Return the sentences of a text and what had to be left out.

        Args:
            text: Any text; phones in braces are spoken as they are: `{HH AH0 L OW1}`. Braces around
                anything else are left out, and what is in them is read.
        """
        left_out = LeftOut()
        found = tuple(self.read(text, left_out))
        warnings = left_out.warnings()
        if not found:
            warnings = (*warnings, "nothing to say: the text has no words")
        return Analysis(found, warnings, left_out.wrong_phones)

    def read(self, text: str, left_out: LeftOut, *, breaks: bool = False) -> Iterator[Sentence]:
        """Yield the sentences of a text one by one: the first does not wait for the rest of a book.

        Args:
            text: Any text, see `analyse`.
            left_out: Counts what cannot be spoken.
            breaks: Whether they have phrase breaks; a transcript has none, where its reader paused is heard.
        """
        for number, paragraph in enumerate(sentences.paragraphs(text)):
            for written in sentences.split(paragraph):
                yield from self.read_sentence(written, left_out, number, breaks=breaks)

    def read_sentence(
        self, written: AlignedText, left_out: LeftOut, paragraph: int, *, breaks: bool = False
    ) -> Iterator[Sentence]:
        """Yield the sentences that a written one is spoken in, nearly always one.

        Args:
            written: The clean sentence.
            left_out: Counts what cannot be spoken.
            paragraph: Number of its paragraph.
            breaks: Whether it has phrase breaks, see `read`.
        """
        yield from (
            sentence for sentence, _ in self._reading(written, left_out).sentences(paragraph, breaks=breaks)
        )

    def read_beginning(
        self, written: AlignedText, paragraph: int, *, breaks: bool = False
    ) -> Sentence | None:
        """Return what the beginning of a sentence is spoken as; nothing if it is spoken in several.

        Args:
            written: The clean beginning, up to a whole word.
            paragraph: Number of its paragraph.
            breaks: Whether it has phrase breaks, see `read`.
        """
        found = list(self._reading(written, LeftOut()).sentences(paragraph, breaks=breaks, ends=False))
        return found[0][0] if len(found) == 1 and found[0][0].words else None

    def read_blocks(
        self, blocks: Iterable["Block"], left_out: LeftOut, *, breaks: bool = False, goes_on: bool = False
    ) -> Iterator[Sentence]:
        """Yield the sentences of a document one by one.

        Args:
            blocks: Those that `tiedtts.text.structure.documents.read` finds.
            left_out: Counts what cannot be spoken.
            breaks: Whether they have phrase breaks, see `read`.
            goes_on: Whether the last sentence is the beginning of one that goes on elsewhere.
        """
        gap = 0.0
        found = ((block, number) for number, block in enumerate(blocks))
        parts = (
            (written, number, block.gap if not place else 0.0)
            for block, number in found
            for place, written in enumerate(sentences.split(clean_aligned(block.text)))
        )
        following = next(parts, None)
        while following is not None:
            (written, number, before), following = following, next(parts, None)
            gap = max(gap, before)
            reading = self._reading(written, left_out)
            ends = following is not None or not goes_on
            for sentence, _ in reading.sentences(number, breaks=breaks, ends=ends):
                yield replace(sentence, gap=gap) if gap else sentence
                gap = 0.0

    def readings(
        self,
        text: str,
        left_out: LeftOut,
        *,
        spans: Sequence["Span"] | None = None,
        blocks: Iterable["Block"] | None = None,
    ) -> Iterator["Reading"]:
        """Yield what each sentence of a text is read as; see `read`.

        Args:
            text: Any text.
            left_out: Counts what cannot be spoken.
            spans: Those of the text, if it is marked up, see `read_spans`.
            blocks: Those of the text, if it is a document, see `read_blocks`.
        """
        if blocks is not None:
            for block in blocks:
                for written in sentences.split(clean_aligned(block.text)):
                    yield self._reading(written, left_out)
            return
        if spans is None:
            for paragraph in sentences.paragraphs(text):
                for written in sentences.split(paragraph):
                    yield self._reading(written, left_out)
            return
        from tiedtts.text.markup import marked_up

        track = marked_up.Track(spans)
        for run in marked_up.runs(spans):
            track.begin(run.first)
            for written, begins, _ in run.sentences():
                reading = self._reading(written, left_out, begins)
                items, gaps = track.place(reading.items, reading.spans)
                silence = dict(gaps.silence)
                if gaps.spans:
                    silence[0] = track.take()[0] or 0.0
                speaker = gaps.spans[0].speaker if gaps.spans else ""
                yield replace(reading, items=items, silence=silence, speaker=speaker)
            track.end()

    def read_spans(
        self, spans: Sequence["Span"], left_out: LeftOut, *, breaks: bool = False, goes_on: bool = False
    ) -> Iterator[Sentence]:
        """Yield the sentences of a marked-up text one by one.

        Args:
            spans: The result of `tiedtts.text.markup.ssml.parse`, or of `tiedtts.text.markup.plain.spans`.
            left_out: Counts what cannot be spoken.
            breaks: Whether they have phrase breaks, see `read`.
            goes_on: Whether the last sentence is the beginning of one that goes on elsewhere.
        """
        from tiedtts.text.markup import marked_up

        track = marked_up.Track(spans)
        paragraph = 0
        last: Sentence | None = None
        for run in marked_up.runs(spans, goes_on=goes_on):
            track.begin(run.first)
            for written, begins, ends in run.sentences():
                reading = self._reading(written, left_out, begins)
                for sentence in self._tracked(reading, track, paragraph, breaks=breaks, ends=ends):
                    if last is not None:
                        yield last
                    last = sentence
            track.end()
            paragraph += run.ends_paragraph
        if last is not None:
            silence, marks = track.take()
            yield _ending(last, silence or 0.0, marks)

    @staticmethod
    def _tracked(
        reading: "Reading", track: "Track", paragraph: int, *, breaks: bool, ends: bool
    ) -> Iterator[Sentence]:
        """Yield the sentences of a reading with the prosody that markup gives them."""
        items, gaps = track.place(reading.items, reading.spans)
        reading = replace(reading, items=items)
        parts = list(reading.sentences(paragraph, marked_up=True, breaks=breaks, ends=ends))
        for number, (sentence, first) in enumerate(parts, start=1):
            prosody = gaps.prosody(sentence.phones, first, len(sentence.words), ends=number == len(parts))
            before = gap = None
            if first == 0:
                before, marks = track.take()
                prosody = replace(prosody, marks=(*marks, *prosody.marks))
                gap = track.gap()
            who = gaps.spans[first]
            yield replace(
                sentence, prosody=prosody, before=before, gap=gap, voice=who.voice, speaker=who.speaker
            )

    def _reading(
        self, written: AlignedText, left_out: LeftOut, begins: Sequence[tuple[int, int]] = ()
    ) -> "Reading":
        """Return what a sentence is read as.

        Args:
            written: The sentence.
            left_out: Counts what cannot be spoken.
            begins: Where spans of marked-up text begin in it, and their numbers. No rule reads across.
        """
        sentence = AlignedText.of(written.text)
        filled: Filled = []
        if not begins:
            items, places = self._pronouncer.say(list(self._tokens(sentence, left_out, filled)), written)
            return Reading(written, _told(items, places, filled), places, ())
        tokens: list[Token] = []
        place = 0
        for begin, number in begins:
            tokens += self._tokens(sentence[place:begin], left_out, filled)
            tokens.append(Token(str(number), "span"))
            # With the space before it: nothing that only begins a sentence is read there.
            place = begin - (sentence.text[begin - 1 : begin] == " ")
        tokens += self._tokens(sentence[place:], left_out, filled)
        spans: list[tuple[int, int]] = []
        items, places = self._pronouncer.say(tokens, written, spans)
        return Reading(written, _told(items, places, filled), places, spans)

    def _tokens(self, text: AlignedText, left_out: LeftOut, filled: Filled) -> Iterator[Token]:
        """Yield the words and pauses of a sentence, or of the part of it that lies in one span."""
        pieces = Pieces()
        text = pieces.take(BRACES, text, left_out.phones)
        taking = self._pronouncer.taking
        # Before accents go: the user may have written them.
        folded = fold(taking.first(text, pieces, filled))
        left_out.add(folded)
        text = maths.read(taking.second(folded.text, pieces))
        if "{" in text.text or "}" in text.text:
            for _ in range(_NESTED):
                text = text.sub(_BRACED, lambda match: left_out.text(match[0]))
            left_out.braces += text.text.count("{") + text.text.count("}")
            text = text.sub(_BRACE, lambda match: " ")
        return read(spoken(text, self._english), pieces)


def _told(items: Sequence[assembly.Item], places: Sequence[Place], filled: Filled) -> Sequence[assembly.Item]:
    """Return words that tell the lexicon whose pattern was filled in for them."""
    if not filled:
        return items
    left = iter(places)
    return [
        replace(item, source=f"user lexicon {file}")
        if isinstance(item, Word) and (file := file_at(filled, next(left))) is not None
        else item
        for item in items
    ]


_BRACE = re.compile("[{}]")
_BRACED = re.compile(r"\{{1,3}[^{}]{1,400}\}{1,3}")
_NESTED = 2
"""Braces in braces, as deep as anybody writes."""


def _ending(sentence: Sentence, silence: float, marks: Sequence["MarkPlace"]) -> Sentence:
    """Return the last sentence of a text with what comes after its last word."""
    prosody = sentence.prosody
    if prosody is None or not (silence or marks):
        return sentence
    own = (replace(place, phone=len(sentence.phones), ahead=place.phone < 0) for place in marks)
    return replace(sentence, after=silence, prosody=replace(prosody, marks=(*prosody.marks, *own)))
