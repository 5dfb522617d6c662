"""Speakers of a plain text: the names before the lines of a script, and quotation marks."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from tiedtts.casting import Pairs
from tiedtts.choices import ANYONE, NARRATOR, QUOTES
from tiedtts.text.aligned import AlignedText
from tiedtts.text.characters import MARK
from tiedtts.text.left_out import plural
from tiedtts.text.markup import quotations

_ASIDE = r"(?:[ \t]*\([^()\n]{0,80}\))?"
"""How a line is to be said, `(whispering)`; nobody says that."""
_SOMEBODY = r"[A-Z][A-Z0-9]*(?:[ .'’-]{1,2}[A-Z0-9]+){0,3}"
"""A name in capitals, of whomever."""
_LINE_END = re.compile(r"[\n\x1e]|<br", re.IGNORECASE)


class Turn(NamedTuple):
    """A stretch of a text that one voice speaks."""

    start: int
    end: int
    voice: str = ""
    """Name of the voice; empty for that of the whole text."""
    speaker: str = ""
    """The name by which the text calls who speaks; empty for the narrator."""
    is_line: bool = False
    """Whether it is a line of a script, so that no sentence goes on from before."""


class Speakers:
    """Tells who speaks what of a text, paragraph by paragraph.

    Args:
        cast: Roles and their voices, see `tiedtts.settings.Settings.cast`.
    """

    def __init__(self, cast: Pairs) -> None:
        roles = {name.lower(): voice for name, voice in cast}
        self._names = {name.lower(): name for name, _ in cast}
        self._roles = roles
        self._quotes = roles.get(QUOTES, "")
        # What nobody says is said by the voice of the whole text, of which `NARRATOR` is another name.
        names = [name for name in roles if name not in (NARRATOR, ANYONE, QUOTES)]
        self._pattern = _pattern(names) if names or ANYONE in roles else None
        self._waiting: tuple[str, str] | None = None
        self._strangers: Counter[str] = Counter()

    def turns(self, text: AlignedText) -> Iterator[Turn]:
        """Yield the turns of a paragraph in order; what stands in none of them is not spoken."""
        place = 0
        who, self._waiting = self._waiting or ("", ""), None
        is_line = False
        for match in self._lines(text):
            yield from self._quoted(text, Turn(place, match.start(), *who, is_line))
            who, place, is_line = self._who(match["name"]), match.end(), True
        if is_line and not _has_words(text.text[place:]):
            # The name stands alone above what is said.
            self._waiting = who
        yield from self._quoted(text, Turn(place, len(text), *who, is_line))

    def warnings(self) -> tuple[str, ...]:
        """Return a line about those who speak and are not in the cast."""
        if not self._strangers:
            return ()
        names = ", ".join(f"`{name[:40]}`" for name in list(self._strangers)[:5])
        more = ", and others" if len(self._strangers) > 5 else ""
        count = self._strangers.total()
        return (f"not in the cast: {names}{more}, who speak {count} {plural('line', count)}",)

    def _lines(self, text: AlignedText) -> Iterator[re.Match[str]]:
        """Yield the names that begin lines."""
        if self._pattern is None:
            return
        for match in self._pattern.finditer(text.text):
            if not _begins_line(text, match.start()):
                continue
            # `ALGERNON.` is a name as old plays have it, in capitals; what is unknown may be a sentence.
            if match["stop"] and not (match["name"].isupper() and _key(match["name"]) in self._roles):
                continue
            yield match

    def _who(self, name: str) -> tuple[str, str]:
        """Return the voice of a speaker, and the speaker's name."""
        key = _key(name)
        if key in self._roles:
            return self._roles[key], "" if key == NARRATOR else self._names[key]
        if ANYONE not in self._roles:
            self._strangers[name] += 1
        return self._roles.get(ANYONE, ""), name

    def _quoted(self, text: AlignedText, turn: Turn) -> Iterator[Turn]:
        """Yield a turn; of the narrator, what stands in quotation marks on its own."""
        if turn.start == turn.end:
            return
        if turn.speaker or not self._quotes:
            yield turn
            return
        place, is_line = turn.start, turn.is_line
        for start, end in quotations.find(text[turn.start : turn.end]):
            if turn.start + start > place:
                yield turn._replace(start=place, end=turn.start + start, is_line=is_line)
                is_line = False
            place = turn.start + end
            yield Turn(turn.start + start, place, self._quotes, QUOTES, is_line)
            is_line = False
        if place < turn.end:
            yield turn._replace(start=place, is_line=is_line)


def _pattern(names: list[str]) -> re.Pattern[str]:
    """Return the pattern of a name and a colon; of known names, also of capitals and a full stop."""
    longest_first = sorted(names, key=len, reverse=True)
    known = "|".join(r"[ \t]+".join(map(re.escape, name.split())) for name in longest_first) or "(?!)"
    return re.compile(
        rf"(?<!\S)[*_]{{0,3}}(?P<name>(?i:{known})|{_SOMEBODY}){_ASIDE}[*_]{{0,3}}"
        rf"(?:[ \t]?:|(?P<stop>\.))[*_]{{0,3}}(?=\s|$|[\"'(\[{MARK}])"
    )


def _key(name: str) -> str:
    return " ".join(name.split()).lower()


def _begins_line(text: AlignedText, place: int) -> bool:
    """Whether a place is the first of a line, in the text or in the document it was read from."""
    last = place - 1
    while last >= 0 and text.text[last] in f" \t*_{MARK}":
        last -= 1
    if last < 0 or text.text[last] in "\n\x1e":
        return True
    return _LINE_END.search(text.source, text.ends[last], text.starts[place]) is not None


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))
