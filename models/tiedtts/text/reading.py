"""A whole text to its sentences: plain, SSML or a document, with marks in brackets and roles of a cast."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tiedtts.choices import ENGLISH
from tiedtts.settings import Settings
from tiedtts.text.frontend import FrontEnd, LeftOut, Reading, Sentence
from tiedtts.text.markup.detection import looks_like_ssml
from tiedtts.text.markup.voices import FindVoice, by_name

if TYPE_CHECKING:
    from tiedtts.text.markup.spans import Span
    from tiedtts.text.structure.blocks import Block

LOOKS_LIKE_SSML = "the text looks like SSML but is read as it stands: `--ssml`, in Python `ssml=True`"


class Parsed(NamedTuple):
    """A text of which the structure is known, and nothing else has been read."""

    text: str
    warnings: tuple[str, ...] = ()
    """One line for each kind of thing that could not be followed."""
    blocks: "Sequence[Block] | None" = None
    """Blocks of a document."""
    spans: "Sequence[Span] | None" = None
    """Spans of a text with markup, marks or roles; they come before the blocks."""
    english: str = ENGLISH[0]
    """The English it is read in, one of `tiedtts.choices.ENGLISH`."""

    def sentences(
        self, front_end: FrontEnd, left_out: LeftOut, *, breaks: bool, goes_on: bool = False
    ) -> Iterator[Sentence]:
        """Return its sentences, one by one.

        Args:
            front_end: Reads them.
            left_out: Counts what cannot be spoken.
            breaks: Whether they have phrase breaks.
            goes_on: Whether the last one is the beginning of a sentence that goes on elsewhere.
        """
        front_end = front_end.in_english(self.english)
        if self.spans is not None:
            return front_end.read_spans(self.spans, left_out, breaks=breaks, goes_on=goes_on)
        if self.blocks is not None:
            return front_end.read_blocks(self.blocks, left_out, breaks=breaks, goes_on=goes_on)
        return front_end.read(self.text, left_out, breaks=breaks)

    def readings(self, front_end: FrontEnd, left_out: LeftOut) -> Iterator[Reading]:
        """Return what each sentence is read as."""
        front_end = front_end.in_english(self.english)
        return front_end.readings(self.text, left_out, spans=self.spans, blocks=self.blocks)


def parse(
    text: str,
    settings: Settings,
    find_voice: FindVoice = by_name,
    blocks: "Sequence[Block] | None" = None,
) -> Parsed:
    """Find the structure of a text.

    Args:
        text: The text.
        settings: Markup that it has, what of it is read, its marks and roles.
        find_voice: Returns the voice for a name in the text.
        blocks: Those of the text, if they are known.

    Raises:
        TextError: It is not well-formed.
    """
    # Few texts are marked up, and all others start sooner without.
    told: tuple[str, ...] = ()
    if settings.ssml:
        from tiedtts.text.markup import ssml

        document = ssml.parse(text, find_voice, settings.english)
        return Parsed(text, document.warnings, spans=document.spans, english=settings.english)
    if blocks is None and settings.markup != "text":
        from tiedtts.text.structure import documents

        found = documents.read(text, settings)
        told, blocks = found.warnings, found.blocks
    elif blocks is None and looks_like_ssml(text):
        told = (LOOKS_LIKE_SSML,)
    if not settings.is_directed:
        return Parsed(text, told, blocks, english=settings.english)
    from tiedtts.text.markup import plain

    document = plain.spans(text, settings, blocks, find_voice)
    return Parsed(text, (*told, *document.warnings), spans=document.spans, english=settings.english)
