"""The text front end: written text to the phones a voice speaks."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tiedtts.text import assembly, sentences
from tiedtts.text.characters import EMOJI, Folded, clean, fold, script
from tiedtts.text.inline import BRACES, Pieces
from tiedtts.text.normalize.normalizer import spoken
from tiedtts.text.phones import Phone, encode
from tiedtts.text.pronounce.pronouncer import Pronouncer, Word
from tiedtts.text.pronounce.user_lexicon import Files
from tiedtts.text.tokens import read

# Few texts are marked up, and all others start sooner without.
if TYPE_CHECKING:
    from tiedtts.text.markup.marked_up import Track
    from tiedtts.text.markup.phone_prosody import Delivery, Place
    from tiedtts.text.markup.spans import Span

__all__ = ["Analysis", "FrontEnd", "LeftOut", "Sentence", "Word"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, ready to be spoken."""

    text: str
    """As written."""
    words: tuple[Word, ...]
    """The spoken words in order; `Phone.word` counts them."""
    phones: tuple[Phone, ...]
    """From a leading `sil` to the final `.`, `?` or `!`; to a `,` if the sentence was cut there."""
    paragraph: int = 0
    """Number of its paragraph in the text."""
    delivery: "Delivery | None" = None
    """How its phones are said, if markup tells."""
    before: float | None = None
    """Silence before it, seconds, in place of the usual."""
    after: float = 0.0
    """Silence after it at the end of a text, seconds."""

    @property
    def ids(self) -> npt.NDArray[np.int64]:
        """What a net reads: phone, stress, position and clause ids, (T, 4)."""
        return encode(self.phones)

    @property
    def goes_on(self) -> bool:
        """Whether the next one is the rest of the same written sentence, which was too long for one."""
        return self.phones[-1].symbol == ","


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a text says and what of it cannot be said."""

    sentences: tuple[Sentence, ...]
    warnings: tuple[str, ...]
    """One line for each kind of thing left out."""


class FrontEnd:
    """Turns text into sentences of phones; reads its data at the first word.

    Args:
        lexicon: A user lexicon, see `read_user_lexicon`, or several, of which a later one wins.

    Raises:
        TextError: A lexicon cannot be read.
    """

    def __init__(self, lexicon: Files = None) -> None:
        self._pronouncer = Pronouncer(lexicon)

    def __call__(self, text: str) -> list[Sentence]:
        """Return the sentences of a text; see `analyse`."""
        return list(self.analyse(text).sentences)

    def analyse(self, text: str) -> Analysis:
        """Return the sentences of a text and what had to be left out.

        Args:
            text: Any text; phones in braces are spoken as they are: `{HH AH0 L OW1}`.

        Raises:
            TextError: Something in braces is not a phone.
        """
        left_out = LeftOut()
        found = tuple(self.read(text, left_out))
        warnings = left_out.warnings()
        if not found:
            warnings = (*warnings, "nothing to say: the text has no words")
        return Analysis(found, warnings)

    def read(self, text: str, left_out: "LeftOut") -> Iterator[Sentence]:
        """Yield the sentences of a text one by one: the first does not wait for the rest of a book.

        Args:
            text: As `analyse` takes it.
            left_out: Counts what cannot be said.

        Raises:
            TextError: Something in braces is not a phone.
        """
        for number, paragraph in enumerate(sentences.paragraphs(clean(text))):
            for written in sentences.split(paragraph):
                yield from self._sentences(written, left_out, number)

    def read_spans(self, spans: Sequence["Span"], left_out: "LeftOut") -> Iterator[Sentence]:
        """Yield the sentences of a marked-up text one by one.

        Args:
            spans: As `tiedtts.text.ssml.parse` gives them.
            left_out: Counts what cannot be said.

        Raises:
            TextError: Something in braces is not a phone.
        """
        from tiedtts.text.markup import marked_up

        track = marked_up.Track(spans)
        paragraph = 0
        made: Sentence | None = None
        for first, text, ends in marked_up.runs(spans):
            track.begin(first)
            for written in sentences.split(text):
                for sentence in self._sentences(written, left_out, paragraph, track):
                    if made is not None:
                        yield made
                    made = sentence
            track.end()
            paragraph += ends
        if made is not None:
            silence, places = track.take()
            yield _ending(made, silence or 0.0, places)

    def pronounce(self, word: str) -> Word:
        """Return how a word is said on its own.

        Raises:
            TextError: There is nothing to pronounce.
        """
        return self._pronouncer.alone(word)

    def _sentences(
        self, written: str, left_out: "LeftOut", paragraph: int, track: "Track | None" = None
    ) -> Iterator[Sentence]:
        pieces = Pieces()
        folded = fold(pieces.take(BRACES, written))
        left_out.add(folded)
        text = self._pronouncer.take_user_words(folded.text, pieces)
        braces = text.count("{") + text.count("}")
        if braces:
            left_out.braces += braces
            text = text.replace("{", " ").replace("}", " ")
        switches: list[tuple[int, int]] = []
        items = self._pronouncer.say(list(read(spoken(text), pieces)), switches)
        gaps = None
        if track is not None:
            written = track.written(written)
            items, gaps = track.place(items, switches)
        parts = list(assembly.parts(items))
        said = 0
        for number, part in enumerate(parts, start=1):
            words = tuple(item for item in part if isinstance(item, Word))
            shown = (
                " ".join(written.replace(EMOJI, " ").split())
                if len(parts) == 1
                else " ".join(word.text for word in words)
            )
            ends = number == len(parts)
            phones = assembly.phones(part, ends=ends)
            if track is None or gaps is None:
                yield Sentence(shown, words, phones, paragraph)
                continue
            delivery = gaps.delivery(phones, said, len(words), ends=ends)
            said += len(words)
            before = None
            if number == 1:
                before, places = track.take()
                delivery = replace(delivery, places=(*places, *delivery.places))
            yield Sentence(shown, words, phones, paragraph, delivery, before)


def _ending(sentence: Sentence, silence: float, places: Sequence["Place"]) -> Sentence:
    """Return the last sentence of a text with what comes after its last word."""
    delivery = sentence.delivery
    if delivery is None or not (silence or places):
        return sentence
    own = (replace(place, phone=len(sentence.phones), ahead=place.phone < 0) for place in places)
    return replace(sentence, after=silence, delivery=replace(delivery, places=(*delivery.places, *own)))


class LeftOut:
    """Counts of what cannot be said."""

    def __init__(self) -> None:
        self.emoji = 0
        self.braces = 0
        self._foreign: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, folded: Folded) -> None:
        """Count what was left out of a sentence."""
        self.emoji += folded.emoji
        for word in folded.foreign:
            name = script(word)
            self._foreign[name] += 1
            self._first.setdefault(name, word)

    def warnings(self) -> tuple[str, ...]:
        """Return a line for each kind."""
        lines = []
        if self._foreign:
            count, names = self._foreign.total(), " and ".join(self._foreign)
            first = next(iter(self._first.values()))
            lines.append(
                f"skipped {count} {_plural('word', count)} in {names} script, the first: {first[:40]}"
            )
        if self.emoji:
            lines.append(f"skipped {self.emoji} emoji")
        if self.braces:
            lines.append(f"dropped {self.braces} unmatched {_plural('brace', self.braces)}")
        return tuple(lines)


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else noun + "s"
