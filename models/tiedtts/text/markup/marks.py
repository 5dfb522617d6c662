"""Marks in square brackets: `[pause 1s]`, `[slow]...[/slow]`, `[spell]...[/spell]`.

A mark leaves the text before anything reads it: one character stands where it was, and its alignment tells
where the mark is written. What stands in brackets and is no mark stays in the text.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tiedtts.choices import DECIBELS, ENGLISH, PITCH_RANGES, SEMITONES, SPEEDS
from tiedtts.text.aligned import AlignedText, join
from tiedtts.text.characters import MARK
from tiedtts.text.left_out import plural
from tiedtts.text.markup import prosody
from tiedtts.text.markup.prosody import Prosody
from tiedtts.text.markup.say_as import KINDS, DoesNotFit, say_as
from tiedtts.text.markup.spans import Spans
from tiedtts.text.markup.voices import FindVoice
from tiedtts.text.patterns import Lazy

MOST_OPEN = 100
"""Marks within marks."""
_PLAIN = {
    **{name: ("rate", name) for name in ("x-slow", "slow", "fast", "x-fast")},
    **{name: ("volume", name) for name in ("x-soft", "soft", "loud", "x-loud")},
    **{name: ("pitch", name) for name in ("x-low", "low", "high", "x-high")},
    **{name: ("emphasis", name) for name in ("strong", "reduced")},
    **{"spell": ("say-as", "characters"), "digits": ("say-as", "digits")},
}
"""Marks that need no value, and the mark and the value that each stands for."""
_WITH_VALUE = ("rate", "pitch", "range", "volume", "emphasis", "say-as", "voice", "pause", "mark")
_OTHER_NAMES = {"speed": "rate", "break": "pause", "emphasise": "emphasis", "emphasize": "emphasis"}
_NAMES = "|".join((*_PLAIN, *_WITH_VALUE, *_OTHER_NAMES))
_PATTERN = Lazy(
    rf"\[(?:(?i:(?P<name>{_NAMES}))(?:(?: ?[:=] ?| )(?P<value>[^\[\]\n]{{1,60}}))?"
    rf"|/(?i:(?P<closed>{_NAMES}))?)\]"
)
_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}) ?(ms|milliseconds?|s|secs?|seconds?)?")
_READ: dict[str, tuple[Callable[[str], float], tuple[float, float]]] = {
    "rate": (prosody.rate, SPEEDS),
    "pitch": (prosody.pitch, SEMITONES),
    "volume": (prosody.volume, DECIBELS),
    "range": (prosody.pitch_range, PITCH_RANGES),
}
MOST_WARNINGS = 20


def is_mark(text: str) -> bool:
    """Tell whether a text is a mark."""
    return _PATTERN().fullmatch(text) is not None


def masked(text: AlignedText) -> AlignedText:
    """Return a text with one character in place of each mark, aligned to the mark.

    A mark behind a backslash is text.
    """
    if MARK in text.text:
        text = text.sub(re.compile(MARK), lambda match: " ")
    if "[" not in text.text:
        return text

    def mask(match: re.Match[str]) -> str:
        # In Markdown, the backslash is gone already.
        start = text.starts[match.start()]
        before = text.text[match.start() - 1 : match.start()] + text.source[max(0, start - 1) : start]
        return match[0] if "\\" in before else MARK

    return text.sub(_PATTERN(), mask)


def _changed(name: str, value: float) -> Prosody:
    """Return the prosody that differs in one thing from the usual."""
    own = {"rate": "speed", "range": "pitch_range"}.get(name, name)
    changes: dict[str, Any] = {own: value}
    return replace(Prosody(), **changes)


@dataclass(frozen=True, slots=True)
class _Open:
    """A mark that is not closed yet."""

    name: str
    prosody: Prosody = field(default_factory=Prosody)
    emphasis: str = ""
    kind: str = ""
    """Kind of `say-as`."""
    written: str = ""
    """The mark as it is written."""


class Marks:
    """Follows the marks of a text and fills spans with what stands between them.

    Args:
        spans: Takes the text.
        find_voice: Returns the voice for a name, see `tiedtts.text.markup.voices`.
        english: One of `tiedtts.choices.ENGLISH`.
    """

    def __init__(self, spans: Spans, find_voice: FindVoice, english: str = ENGLISH[0]) -> None:
        self._spans, self._find_voice, self._english = spans, find_voice, english
        self._open: list[_Open] = []
        self._warnings: dict[str, None] = {}

    def add(self, text: AlignedText, speaker: Prosody) -> None:
        """Add a stretch of text in which marks are masked.

        Args:
            text: The text.
            speaker: Who speaks it, where no mark says otherwise.
        """
        place = 0
        for match in re.finditer(MARK, text.text):
            self._put(text[place : match.start()], speaker)
            self._follow(text.source[text.starts[match.start()] : text.ends[match.start()]])
            place = match.end()
        self._put(text[place:] if place else text, speaker)

    def _put(self, text: AlignedText, outer: Prosody) -> None:
        """Add text between two marks."""
        if not text.text:
            return
        emphasis = kind = ""
        for mark in self._open:
            outer, emphasis, kind = outer + mark.prosody, mark.emphasis or emphasis, mark.kind or kind
        if kind and text.text.strip():
            text = self._said_as(kind, text)
        self._spans.add(text, outer, emphasis)

    def _said_as(self, kind: str, text: AlignedText) -> AlignedText:
        """Return text in the words that its kind asks for."""
        try:
            words = say_as(kind, text.text, english=self._english)
        except DoesNotFit:
            self._warn(f"`{text.text.strip()[:40]}` cannot be said as {kind}, it is read as it stands")
            return text
        space = text.edit([(0, len(text), " ")], " ")
        return join([space, text.edit([(0, len(text), words)], words), space], "")

    def _follow(self, written: str) -> None:
        """Do what a mark says."""
        match = _PATTERN().fullmatch(written)
        if match is None:
            return
        if match["name"] is None:
            self._close(match["closed"], written)
            return
        name = match["name"].lower()
        name, value = _OTHER_NAMES.get(name, name), (match["value"] or "").strip()
        if name in _PLAIN and value:
            self._warn(f"`{written}` has a value, which `{name}` does not take; it is left out")
            return
        name, value = _PLAIN.get(name, (name, value))
        if name == "pause":
            self._pause(value, written)
        elif name == "mark":
            self._spans.mark(value)
        elif len(self._open) >= MOST_OPEN:
            self._warn(f"more than {MOST_OPEN} marks are open at `{written}`, which is left out")
        else:
            found = self._opened(name, value, written)
            self._open.append(replace(found or _Open(name), written=written))

    def _opened(self, name: str, value: str, written: str) -> _Open | None:
        """Return a mark that holds until it is closed; nothing if its value does not fit."""
        lowered = value.lower()
        if name == "emphasis" and (lowered or "moderate") in prosody.EMPHASES:
            level = lowered or "moderate"
            return _Open(name, prosody.EMPHASES[level], "" if level == "none" else level)
        if name == "say-as" and lowered in KINDS:
            return _Open(name, kind=lowered)
        if name == "voice" and value:
            found = self._find_voice(value, "")
            if found is not None:
                return _Open(name, Prosody(voice=found, speaker=value))
            self._warn(f"there is no voice named `{value[:40]}`, the voice before goes on")
            return None
        if name in _READ:
            read, (least, most) = _READ[name]
            try:
                number = read(value if value[-2:].lower() == "db" else lowered)
            except ValueError:
                pass
            else:
                if not least <= number <= most:
                    self._warn(f"`{written}` is beyond what can be said, the nearest is taken")
                return _Open(name, _changed(name, min(max(number, least), most)))
        self._warn(f"`{written}` is no mark that can be followed, it is left out")
        return None

    def _pause(self, value: str, written: str) -> None:
        """Add silence: seconds, milliseconds, or a strength; a medium one if nothing is said."""
        match = _SECONDS.fullmatch(value.lower())
        if match:
            seconds = float(match[1]) / (1000 if (match[2] or "").startswith("m") else 1)
            if seconds > prosody.LONGEST_BREAK:
                self._warn(f"`{written}` is longer than {prosody.LONGEST_BREAK:.0f} s, which are taken")
        elif (value.lower() or "medium") in prosody.BREAKS:
            seconds = prosody.BREAKS[value.lower() or "medium"]
        else:
            self._warn(f"`{written}` is no length of a pause such as 1s or 300ms, a short one is made")
            seconds = prosody.BREAKS["medium"]
        self._spans.pause(min(seconds, prosody.LONGEST_BREAK))

    def _close(self, closed: str | None, written: str) -> None:
        """Close a mark: the last one of its name, or the last one."""
        name = (closed or "").lower()
        name = _OTHER_NAMES.get(name, name)
        own = _PLAIN.get(name, (name, ""))[0]
        for place in range(len(self._open) - 1, -1, -1):
            if not name or self._open[place].name == own:
                del self._open[place]
                return
        self._warn(f"`{written}` closes nothing")

    def _warn(self, message: str) -> None:
        if len(self._warnings) < MOST_WARNINGS:
            self._warnings[message] = None

    def warnings(self) -> tuple[str, ...]:
        """Return a line for each mark that could not be followed, and for those that were not closed."""
        return (*self._warnings, *self._left_open())

    def _left_open(self) -> Iterator[str]:
        if self._open:
            count = len(self._open)
            names = ", ".join(dict.fromkeys(f"`{mark.written}`" for mark in self._open[:5]))
            yield f"{count} {plural('mark', count)} not closed, which hold to the end: {names}"
