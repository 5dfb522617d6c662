"""Blocks of a document: headings, paragraphs, items and rows, and the silence that belongs between them."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tiedtts.text.aligned import AlignedText, join
from tiedtts.text.layout import lines
from tiedtts.text.left_out import plural

GAPS: Mapping[str, tuple[float, float]] = {
    "title": (5.0, 4.0),
    "heading": (3.5, 2.5),
    "paragraph": (2.0, 2.0),
    "item": (1.4, 1.4),
    "row": (1.4, 1.4),
    "code": (1.0, 1.0),
}
"""Kinds of blocks, and the silence before and after each, in those between sentences. Between two blocks is
the longer of the two that meet."""
RULE = 4.0
"""The same where a line or a few stars part two sections."""
MOST_CHARACTERS = 10_000_000
"""A document of more is refused: it is no text that anybody listens to."""


@dataclass(frozen=True, slots=True)
class Block:
    """A text that no sentence crosses the ends of."""

    text: AlignedText
    kind: str
    """One of `GAPS`."""
    gap: float
    """Silence before it, in those between sentences."""


@dataclass(frozen=True, slots=True)
class Document:
    """A text with a structure."""

    blocks: tuple[Block, ...]
    warnings: tuple[str, ...] = ()
    """One line for each kind of thing that was left out."""
    places: Mapping[str, int] = field(default_factory=dict)
    """Names of places, such as the `id` of an element, and the offset in the source where each begins."""

    @property
    def text(self) -> str:
        """The text of all blocks, a blank line between them."""
        return "\n\n".join(block.text.text for block in self.blocks)


class Builder:
    """Blocks being collected, piece by piece."""

    def __init__(self, source: str) -> None:
        self.blocks: list[Block] = []
        self._source = source
        self._pieces: list[AlignedText] = []
        self._last = ""
        self._pause: int | None = None
        self.size = 0
        """Characters of the block that is being collected."""
        self._after = self._rule = 0.0
        self._left_out: dict[str, int] = {}

    @property
    def number(self) -> int:
        """Number of the block that is being collected."""
        return len(self.blocks)

    def add(self, text: AlignedText) -> None:
        """Add a piece of text, aligned to the source."""
        bare = text.text.rstrip()
        if bare:
            if self._pause is not None:
                at, self._pause = self._pause, None
                words = " " if self._last in _PAUSED else ", "
                self._pieces.append(AlignedText(words, [at] * len(words), [at] * len(words), self._source))
            self._last = bare[-1]
            self.size += len(bare)
        if text.text:
            self._pieces.append(text)

    def put(self, text: str, start: int, end: int | None = None) -> None:
        """Add words that are not written so, in place of a stretch of the source."""
        end = start if end is None else max(start, end)
        self.add(AlignedText(text, [start] * len(text), [end] * len(text), self._source))

    def pause(self, at: int) -> None:
        """Let a comma stand here, unless the text has a mark before, or nothing before or after."""
        if self.size:
            self._pause = at

    @property
    def is_empty(self) -> bool:
        """Whether the block has no words yet."""
        return not self.size

    def end(self, kind: str) -> None:
        """End the block, if it has any text."""
        pieces, self._pieces = self._pieces, []
        if not self.size:
            return
        self.size, self._last, self._pause = 0, "", None
        before, after = GAPS[kind]
        text = lines.uncut(join(pieces, "")).with_single_spaces()
        if not isinstance(text.starts, range):
            # A book has millions of them: a list would need ten times the memory.
            text = AlignedText(text.text, array("I", text.starts), array("I", text.ends), text.source)
        self.blocks.append(Block(text, kind, max(before, self._after, self._rule)))
        self._after, self._rule = after, 0.0

    def rule(self) -> None:
        """Let a section end here."""
        self._rule = RULE

    def leave_out(self, what: str) -> None:
        """Count a thing that is not spoken."""
        self._left_out[what] = self._left_out.get(what, 0) + 1

    def warnings(self) -> tuple[str, ...]:
        """Return a line for all that was left out."""
        if not self._left_out:
            return ()
        return (f"left out {_listed([_counted(what, n) for what, n in self._left_out.items()])}",)


_PAUSED = frozenset(".,;:!?-–—(")


def _counted(what: str, count: int) -> str:
    noun, space, rest = what.partition(" ")
    return f"{count} {plural(noun, count)}{space}{rest}"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1]) if part)
