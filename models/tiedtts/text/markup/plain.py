"""Plain texts and documents as spans: marks in brackets, the lines of a script, quotation marks."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from tiedtts import casting
from tiedtts.settings import Settings
from tiedtts.text import sentences
from tiedtts.text.aligned import AlignedText
from tiedtts.text.markup import voices
from tiedtts.text.markup.marks import Marks, masked
from tiedtts.text.markup.prosody import Prosody
from tiedtts.text.markup.spans import Document, Spans
from tiedtts.text.markup.speakers import Speakers
from tiedtts.text.markup.voices import FindVoice

if TYPE_CHECKING:
    from tiedtts.text.structure.blocks import Block

_Part = tuple[AlignedText, float, bool]
"""A paragraph, the silence before it, and whether it is looked into."""


def spans(
    text: str,
    settings: Settings,
    blocks: Sequence["Block"] | None = None,
    find_voice: FindVoice = voices.by_name,
) -> Document:
    """Read a text.

    Args:
        text: Any text.
        settings: Its cast, and whether marks are followed.
        blocks: Those of the text, if it is a document.
        find_voice: Returns the voice for a name.
    """
    made = Spans()
    marks = Marks(made, find_voice, settings.english)
    speakers = Speakers(casting.read(settings.cast))
    for paragraph, gap, is_read in _paragraphs(text, blocks, settings):
        made.end("paragraph")
        made.gap(gap)
        if not is_read:
            made.add(paragraph, Prosody(), "")
            continue
        for turn in speakers.turns(paragraph):
            if turn.is_line:
                made.end("sentence")
            said = _without_comma(paragraph[turn.start : turn.end])
            marks.add(said, Prosody(voice=turn.voice, speaker=turn.speaker))
    return Document(made.finish(), (*marks.warnings(), *speakers.warnings()))


def _paragraphs(text: str, blocks: Iterable["Block"] | None, settings: Settings) -> Iterator[_Part]:
    """Yield paragraphs."""
    if blocks is not None:
        for block in blocks:
            is_read = block.kind != "code"
            yield masked(block.text) if is_read and settings.marks else block.text, block.gap, is_read
        return
    source = AlignedText.of(text)
    for paragraph in sentences.aligned_paragraphs(masked(source) if settings.marks else source):
        yield paragraph, 0.0, True


def _without_comma(text: AlignedText) -> AlignedText:
    """Return a turn without the comma that the end of its line was taken for."""
    size = len(text.text.rstrip())
    is_own = size and text.text[size - 1] == "," and text.source[text.starts[size - 1]] != ","
    return text[: size - 1] if is_own else text
