"""Explanation of a reading: the words that each part of a text is read as, their phones and their source."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tiedtts.settings import Settings
from tiedtts.text import excerpts
from tiedtts.text.characters import EMOJI
from tiedtts.text.frontend import FrontEnd, LeftOut
from tiedtts.text.pronounce.pronouncer import Word

LEFT_OUT = "left out"
"""Source of what is not spoken."""
BREAK = "phrase break"
"""Source of a pause where nothing is written."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A part of a text and the words it is read as."""

    written: str
    """A part of the clean text, usually what stands between two spaces."""
    words: tuple[Word, ...]
    """In order, each with its phones and their source; none if the part is not spoken."""
    is_after_break: bool = False
    """Whether a phrase break stands before it: a pause where nothing is written."""


def explain(
    text: str,
    front_end: FrontEnd,
    *,
    ssml: bool = False,
    settings: Settings | None = None,
    warn: Callable[[str], object] = lambda warning: None,
) -> Iterator[Explanation]:
    """Yield the parts of a text in order.

    Args:
        text: Any text.
        front_end: Reads it.
        ssml: The text is SSML.
        settings: Markup that the text has, and what of it is read; none by default.
        warn: Called at the end with each thing that is left out.

    Raises:
        TextError: The SSML is not well-formed.
    """
    left_out = LeftOut()
    spoken = 0
    document = None
    if settings is not None and settings.markup != "text":
        from tiedtts.text.structure import documents

        document = documents.read(text, settings)
    blocks = None if document is None else document.blocks
    for reading in front_end.readings(text, left_out, ssml=ssml, blocks=blocks):
        words = [item for item in reading.items if isinstance(item, Word)]
        breaks = frozenset(reading.breaks)
        first = 0
        for written, count in excerpts.parts(reading.written.text, reading.places):
            if count or any(char.isalnum() or char == EMOJI for char in written):
                yield Explanation(
                    written.replace(EMOJI, "(emoji)"),
                    tuple(words[first : first + count]),
                    bool(count) and first in breaks,
                )
            first += count
        spoken += len(words)
    if ssml:
        from tiedtts.text.markup.ssml import parse

        for warning in parse(text).warnings:
            warn(warning)
    for warning in () if document is None else document.warnings:
        warn(warning)
    for warning in left_out.warnings():
        warn(warning)
    if not spoken:
        warn("nothing to say: the text has no words")
