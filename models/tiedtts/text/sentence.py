"""A sentence: what a written one is read as, and those it is spoken in, ready for a voice."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tiedtts.text import assembly, excerpts, phrasing
from tiedtts.text.aligned import AlignedText, Edit
from tiedtts.text.characters import EMOJI
from tiedtts.text.excerpts import Place
from tiedtts.text.phones import Phone, encode
from tiedtts.text.pronounce.pronouncer import Word

if TYPE_CHECKING:
    from tiedtts.text.markup.phone_prosody import PhoneProsody

_PHONES = re.compile(r"\{[^{}]*\}")
_EMOJI = re.compile(EMOJI)
_SPACE_BEFORE_MARK = re.compile(r" (?=[.,;:!?)\]]+(?: |$))")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, ready to be spoken."""

    text: str
    """The sentence as it is written."""
    words: tuple[Word, ...]
    """The spoken words in order; `Phone.word` counts them."""
    phones: tuple[Phone, ...]
    """Its phones, from a leading `sil` to the final `.`, `?` or `!`, or `,` where the sentence is cut."""
    paragraph: int = 0
    """Number of its paragraph in the text."""
    prosody: "PhoneProsody | None" = None
    """Speed, pitch and volume of its phones, where the text is marked up."""
    before: float | None = None
    """Silence before it, seconds, in place of the usual."""
    after: float = 0.0
    """Silence after it at the end of a text, seconds."""
    voice: str = ""
    """Name of the voice that speaks it; empty for that of the whole text."""
    speaker: str = ""
    """The name by which the text calls who speaks it."""
    gap: float | None = None
    """Silence before it, in those between sentences, where the structure of a document asks for it."""
    places: tuple[Place, ...] = field(default=(), compare=False)
    """The place of each word in `text`."""

    @property
    def ids(self) -> npt.NDArray[np.int64]:
        """The input of a net: phone, stress, position and clause ids, (T, 4)."""
        return encode(self.phones)

    @property
    def goes_on(self) -> bool:
        """Whether the next one is the rest of the same written sentence, which was too long for one."""
        return self.phones[-1].symbol == ","


@dataclass(frozen=True, slots=True)
class Reading:
    """A written sentence and what it is read as."""

    written: AlignedText
    """The clean sentence."""
    items: Sequence[assembly.Item]
    """Words and pauses."""
    places: Sequence[Place]
    """The place of each word in the sentence."""
    spans: Sequence[tuple[int, int]]
    """The number of items before each span of marked-up text that begins in it, and its number."""
    silence: Mapping[int, float] = field(default_factory=dict)
    """Seconds of silence that markup asks for, by the word before which it stands."""
    speaker: str = ""
    """The name by which the text calls who speaks it."""

    @property
    def breaks(self) -> Sequence[int]:
        """The numbers of the words before which a phrase break stands."""
        return phrasing.breaks(self.items, self.places, self.written.text)

    def sentences(
        self, paragraph: int, *, marked_up: bool = False, breaks: bool = False, ends: bool = True
    ) -> Iterator[tuple[Sentence, int]]:
        """Yield the sentences it is spoken in, nearly always one, and the number of words before each."""
        items = assembly.with_breaks(self.items, self.breaks) if breaks else self.items
        parts = list(assembly.parts(items))
        words = [tuple(item for item in part if isinstance(item, Word)) for part in parts]
        text, places = self._shown(marked_up)
        spoken = [word.text for part in words for word in part]
        shown = excerpts.cut(text, spoken, places, [len(part) for part in words])
        first = 0
        for number, (part, own, (written, its_places)) in enumerate(
            zip(parts, words, shown, strict=True), start=1
        ):
            phones = assembly.phones(part, ends=ends and number == len(parts))
            yield Sentence(written, own, phones, paragraph, places=tuple(its_places)), first
            first += len(own)

    def _shown(self, marked_up: bool) -> tuple[str, Sequence[Place]]:
        """Return the sentence without pictures, and the places of the words in it."""
        if not marked_up and EMOJI not in self.written.text:
            return self.written.text, self.places
        shown, places = AlignedText.of(self.written.text), self.places
        if marked_up:
            shown = shown.sub(_SPACE_BEFORE_MARK, lambda match: "")
            if "{" in shown.text:
                found = list(self._spelled())
                shown = AlignedText.of(self.written.text).edit(found)
                places = [
                    next(((a, b) for a, b, _ in found if a <= start and end <= b), (start, end))
                    for start, end in places
                ]
                shown = shown.sub(_SPACE_BEFORE_MARK, lambda match: "")
        shown = shown.sub(_EMOJI, lambda match: " ").with_single_spaces()
        return shown.text, [
            (bisect_left(shown.starts, start), bisect_right(shown.ends, end)) for start, end in places
        ]

    def _spelled(self) -> Iterator[Edit]:
        """Yield the places of phones that stand for something written, such as letters to be spelled."""
        written = self.written
        found = [(written.span(*match.span()), match.span()) for match in _PHONES.finditer(written.text)]
        for span, own in groupby(found, key=itemgetter(0)):
            places = [place for _, place in own]
            start, end = places[0][0], places[-1][1]
            original = " ".join(written.source[slice(*span)].split())
            # `<say-as interpret-as="characters">A1</say-as>` is read as phones and words of one stretch.
            beside = [n for n in (start - 2, end + 1) if 0 <= n < len(written)]
            if (
                original
                and not set("{<[") & set(original)
                and span not in [written.span(n, n + 1) for n in beside]
            ):
                yield start, end, original
