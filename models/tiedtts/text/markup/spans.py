"""Marked-up text as spans, each with one prosody."""

import re
from dataclasses import dataclass, field
from typing import Literal

from tiedtts.text.aligned import AlignedText, join
from tiedtts.text.markup.prosody import LONGEST_BREAK, Prosody

Boundary = Literal["", "sentence", "paragraph"]
BOUNDARIES: tuple[Boundary, ...] = ("", "sentence", "paragraph")
"""Boundaries, the weakest first."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of text with one prosody."""

    text: str
    """The text to speak, with phones in braces; empty for a mere pause or mark."""
    speed: float = 1.0
    """Factor; larger is faster."""
    pitch: float = 0.0
    """Semitones."""
    volume: float = 0.0
    """Decibels."""
    pause: float = 0.0
    """Silence after it, seconds, beside what its punctuation makes."""
    mark: str | None = None
    """Name of this place in the text; such a span has no text."""
    boundary: Boundary = ""
    """Whether a sentence or a paragraph ends after it."""
    emphasis: str = ""
    """`strong`, `moderate`, `reduced`; already in speed, pitch and volume."""
    pitch_range: float = 1.0
    """Factor of the movement of the pitch around its mean."""
    voice: str = ""
    """Name of the voice that speaks it; empty for that of the whole text."""
    speaker: str = ""
    """The name by which the text calls who speaks it."""
    gap: float = 0.0
    """Silence before it, in those between sentences, where the structure of a document asks for it."""
    source: AlignedText | None = field(default=None, compare=False, repr=False)
    """The text, aligned to the document it was read from."""

    @property
    def aligned(self) -> AlignedText:
        """The text, aligned to its document, or else to itself."""
        return AlignedText.of(self.text) if self.source is None else self.source


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its markup taken off."""

    spans: tuple[Span, ...]
    warnings: tuple[str, ...]
    """One line for each kind of thing that could not be followed."""


@dataclass(slots=True)
class _Draft:
    """A span that may still grow."""

    prosody: Prosody
    emphasis: str = ""
    mark: str | None = None
    parts: list[AlignedText] = field(default_factory=list)
    pause: float = 0.0
    boundary: Boundary = ""
    gap: float = 0.0

    @property
    def is_open(self) -> bool:
        """Whether more text may be added."""
        return self.mark is None and not self.pause and not self.boundary


class Spans:
    """Spans being collected: neighbouring texts of the same prosody become one."""

    def __init__(self) -> None:
        self._drafts: list[_Draft] = []
        self._gap = 0.0

    def add(self, text: AlignedText, prosody: Prosody, emphasis: str) -> None:
        """Add text; space at its ends parts it from its neighbours."""
        last = self._drafts[-1] if self._drafts else None
        if last and last.is_open and last.parts:
            if (last.prosody, last.emphasis) == (prosody, emphasis):
                last.parts.append(text)
                return
            # `<prosody ...>you</prosody>, and`: the comma belongs to what it follows.
            stop = _STOP.match(text.text)
            if stop:
                last.parts.append(text[: stop.end()])
                text = text[stop.end() :]
            if not text.text.strip():
                # What comes next may be said in the same way.
                last.parts.append(text)
        if text.text.strip():
            self._drafts.append(_Draft(prosody, emphasis, parts=[text], gap=self._gap))
            self._gap = 0.0

    def gap(self, pauses: float) -> None:
        """Let so much silence stand before the next text, in those between sentences."""
        self._gap = max(self._gap, pauses)

    def mark(self, name: str) -> None:
        """Name this place."""
        self._drafts.append(_Draft(Prosody(), mark=name))

    def pause(self, seconds: float) -> None:
        """Add silence; of several in a row all count."""
        if not seconds:
            return
        if not self._drafts or self._drafts[-1].mark is not None:
            self._drafts.append(_Draft(Prosody()))
        last = self._drafts[-1]
        last.pause = min(last.pause + seconds, LONGEST_BREAK)

    def end(self, boundary: Boundary) -> None:
        """Let a sentence or a paragraph end here."""
        if self._drafts:
            last = self._drafts[-1]
            last.boundary = max(last.boundary, boundary, key=BOUNDARIES.index)

    def finish(self) -> tuple[Span, ...]:
        """Return all spans in order."""
        return tuple(map(_span, self._drafts))


_STOP = re.compile(r"[.,;:!?…)\]]+(?=\s|$)")
_SPACE_BEFORE_MARK = re.compile(r" (?=[.,;:!?)\]]+(?: |$))")


def _span(draft: _Draft) -> Span:
    text = join(draft.parts, "").with_single_spaces().sub(_SPACE_BEFORE_MARK, lambda match: "")
    prosody = draft.prosody
    return Span(
        text.text,
        prosody.speed,
        prosody.pitch,
        prosody.volume,
        draft.pause,
        draft.mark,
        draft.boundary,
        draft.emphasis,
        prosody.pitch_range,
        prosody.voice,
        prosody.speaker,
        draft.gap,
        text,
    )
