"""Text that knows where it came from: every character keeps the span of the source it was read from."""

import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

PLACEHOLDER = "\ufffc"
"""Stands for an object within a text, as Unicode means this character; see `tiedtts.text.inline`."""
JOINER = "\u2060"
"""Joins letters that are spelled; Unicode's word joiner."""

Edit = tuple[int, int, str]
"""First character, the character after the last, and what takes their place."""

Segment = tuple[str, int, int, int]
"""A part of a replacement: its kind, begin and end of what it comes from in the match, its own length."""

_TOKEN = re.compile(rf"\w+(?:{JOINER}\w+)*|[,{PLACEHOLDER}]")
_KEPT = "kept"
_MANY = 1_000
"""Offsets that are kept as numbers of 64 bits, not as objects."""


class Sought(Protocol):
    """A regular expression, of Python or another that has the same matches."""

    def sub(self, repl: Callable[[Any], str], string: str, /) -> str:
        """Return a text with every match replaced by what a function makes of it."""
        ...


# Not frozen: that would double the time to make one, and a sentence needs many.
@dataclass(slots=True, eq=False)
class AlignedText:
    """A text and the span of the source behind each of its characters.

    Both lists of offsets rise from the first character to the last. Where the text is the source itself
    they are ranges, which cost nothing, however long the text is. Nothing changes it: changes give a new one.
    """

    text: str
    starts: Sequence[int]
    """Offset in the source of the first character that each character was read from."""
    ends: Sequence[int]
    """Offset of the character after the last."""
    source: str
    """The text as it was given."""

    @classmethod
    def of(cls, source: str, start: int = 0, end: int | None = None) -> "AlignedText":
        """Return a part of a source, by default all of it, before anything has changed."""
        end = len(source) if end is None else end
        return cls(source[start:end], range(start, end), range(start + 1, end + 1), source)

    def __len__(self) -> int:
        return len(self.text)

    def __getitem__(self, part: slice) -> "AlignedText":
        return AlignedText(self.text[part], self.starts[part], self.ends[part], self.source)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the source that the characters from `start` to before `end` were read from."""
        if start < end:
            first = self.starts[start]
            # A document may tell the places of two words in another order than it is written.
            return first, max(first, self.ends[end - 1])
        offset = self.starts[start] if start < len(self.starts) else self.ends[-1] if self.ends else 0
        return offset, offset

    def within(self, outer: "AlignedText") -> "AlignedText":
        """Return this text, whose source is the text of `outer`, aligned to the source of `outer`."""
        if isinstance(self.starts, range) and isinstance(self.ends, range):
            part = slice(self.starts.start, self.starts.stop)
            return AlignedText(self.text, outer.starts[part], outer.ends[part], outer.source)
        spans = [outer.span(start, end) for start, end in zip(self.starts, self.ends, strict=True)]
        return AlignedText(self.text, [start for start, _ in spans], [end for _, end in spans], outer.source)

    def sub(self, pattern: Sought, replace: Callable[[Any], str]) -> "AlignedText":
        """Return the text with every match of a pattern replaced.

        Args:
            pattern: Pattern of what is replaced.
            replace: Gives the replacement. Words and commas of it that stand in the match, too, keep their
                own spans; the words between them get the span of what stands there in the match.
        """
        edits: list[Edit] = []

        def record(match: Any) -> str:
            new: str = replace(match)
            if new != match[0]:
                edits.append((match.start(), match.end(), new))
            return new

        text = pattern.sub(record, self.text)
        return self.edit(edits, text) if edits else self

    def edit(self, edits: Iterable[Edit], text: str | None = None) -> "AlignedText":
        """Return the text with spans of it replaced.

        Args:
            edits: In order, without overlap.
            text: The resulting text, if that is known.
        """
        starts: list[int] = []
        ends: list[int] = []
        pieces: list[str] = []
        place = 0
        for first, last, new in edits:
            starts += self.starts[place:first]
            ends += self.ends[place:first]
            if text is None:
                pieces += (self.text[place:first], new)
            place = last
            for kind, begin, end, size in _segments(self.text[first:last], new):
                if kind == _KEPT:
                    starts += self.starts[first + begin : first + end]
                    ends += self.ends[first + begin : first + end]
                    continue
                start, stop = self.span(first + begin, first + end)
                starts += [start] * size
                ends += [stop] * size
        starts += self.starts[place:]
        ends += self.ends[place:]
        return AlignedText(
            "".join((*pieces, self.text[place:])) if text is None else text,
            _compact(starts),
            _compact(ends),
            self.source,
        )

    def with_single_spaces(self) -> "AlignedText":
        """Return the text without space at its ends, and with single spaces for runs of white space."""
        text = " ".join(self.text.split())
        if len(text) == len(self.text):
            return AlignedText(text, self.starts, self.ends, self.source)
        starts: list[int] = []
        ends: list[int] = []
        for match in _WORD.finditer(self.text):
            first, last = match.span()
            if starts:
                # Two words may be read from one stretch, whose end is not before its beginning.
                gap = ends[-1], self.starts[first]
                starts.append(min(gap))
                ends.append(max(gap))
            starts += self.starts[first:last]
            ends += self.ends[first:last]
        return AlignedText(text, _compact(starts), _compact(ends), self.source)


_WORD = re.compile(r"\S+")


def join(texts: Sequence[AlignedText], glue: str) -> AlignedText:
    """Return aligned texts of one source put together, with `glue` between one and the next."""
    if len(texts) == 1:
        return texts[0]
    starts: list[int] = []
    ends: list[int] = []
    for number, text in enumerate(texts):
        if number:
            offset = ends[-1] if ends else 0
            starts += [offset] * len(glue)
            ends += [offset] * len(glue)
        starts += text.starts
        ends += text.ends
    source = texts[0].source if texts else ""
    return AlignedText(glue.join(text.text for text in texts), _compact(starts), _compact(ends), source)


def _compact(offsets: list[int]) -> Sequence[int]:
    """Return offsets, in a quarter of the memory if they are many: a server holds many long texts."""
    return array("q", offsets) if len(offsets) > _MANY else offsets


def _segments(old: str, new: str) -> tuple[Segment, ...]:
    """Align a replacement with what it replaces.

    Returns:
        The kind of each segment of `new`, its begin and end in `old`, its length.
    """
    if len(old) < 2:
        return (("", 0, len(old), len(new)),)
    return _aligned(old, new) if len(old) < _LONG else _between_anchors(old, new)


_LONG = 200
"""Longer matches are rarely met twice."""


@lru_cache(maxsize=4096)
def _aligned(old: str, new: str) -> tuple[Segment, ...]:
    return _between_anchors(old, new)


def _between_anchors(old: str, new: str) -> tuple[Segment, ...]:
    """Align by the words that both have; as one, if words between them would come from nowhere."""
    words = [(match[0].lower(), match.start(), match.end()) for match in _TOKEN.finditer(old)]
    segments: list[Segment] = []
    here = there = number = 0
    for match in _TOKEN.finditer(new):
        word = match[0].lower()
        found = next(
            (n for n in range(number, min(number + _AHEAD, len(words))) if _is_same(word, words[n][0])), -1
        )
        if found < 0:
            continue
        written, begin, end = words[found]
        if word != written and old.startswith(".", end):
            end += 1
        if not _add(segments, old, here, begin, new[there : match.start()]):
            return (_whole(old, 0, len(old), len(new)),)
        size = len(match[0])
        segments.append((_KEPT if word == written and size == end - begin else "", begin, end, size))
        here, there, number = end, match.end(), found + 1
    if not _add(segments, old, here, len(old), new[there:]):
        return (_whole(old, 0, len(old), len(new)),)
    return tuple(segments)


_AHEAD = 50
"""Words of a match among which one of its replacement is looked for."""


def _is_same(word: str, written: str) -> bool:
    """Whether a word is written so, in full or as an abbreviation."""
    return word == written or (len(written) > 1 and written.isalpha() and word.startswith(written))


def _add(segments: list[Segment], old: str, begin: int, end: int, new: str) -> bool:
    """Add what stands between two anchors; return whether it comes from somewhere."""
    if new:
        segments.append(_whole(old, begin, end, len(new)))
    return bool(old[begin:end].strip()) or not any(map(str.isalnum, new))


def _whole(old: str, begin: int, end: int, size: int) -> Segment:
    """Return a segment that was read from a part of `old`, without the space around it."""
    part = old[begin:end]
    bare = part.strip()
    if bare:
        begin += len(part) - len(part.lstrip())
        end = begin + len(bare)
    return ("", begin, end, size)
