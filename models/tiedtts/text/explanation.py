"""Explanation of a reading: the words that each part of a text is read as, their phones and their source."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tiedtts.settings import Settings
from tiedtts.text import excerpts, reading
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
    pause: float = 0.0
    """Silence before it that markup asks for, seconds."""
    speaker: str = ""
    """The name by which the text calls who speaks it; empty for the narrator."""


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
        settings: Markup that the text has, its marks and roles, and what of it is read; none by default.
        warn: Called at the end with each thing that is left out.

    Raises:
        TextError: The SSML is not well-formed.
    """
    left_out = LeftOut()
    spoken = 0
    parsed = reading.parse(text, settings or Settings(ssml=ssml))
    for found in parsed.readings(front_end, left_out):
        words = [item for item in found.items if isinstance(item, Word)]
        breaks = frozenset(found.breaks)
        first = 0
        for written, count in excerpts.parts(found.written.text, found.places):
            if count or any(char.isalnum() or char == EMOJI for char in written):
                yield Explanation(
                    written.replace(EMOJI, "(emoji)"),
                    tuple(words[first : first + count]),
                    bool(count) and first in breaks,
                    found.silence.get(first, 0.0) if count else 0.0,
                    found.speaker,
                )
            first += count
        spoken += len(words)
    for warning in parsed.warnings:
        if warning != reading.LOOKS_LIKE_SSML:
            warn(warning)
    for warning in left_out.warnings():
        warn(warning)
    if not spoken:
        warn("nothing to say: the text has no words")
