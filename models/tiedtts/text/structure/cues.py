"""Cues of subtitles, SubRip and WebVTT: what is said, from when to when.

Files as people have them are read: with numbers or without, commas or full stops before the milliseconds,
notes, styles and positions, tags for the look and for who speaks, blank lines within a cue, cues that overlap
or stand in no order. Pfeiffer, "WebVTT: The Web Video Text Tracks Format", W3C, 2019.
"""

import html
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tiedtts.errors import TextError
from tiedtts.settings import Settings
from tiedtts.text.aligned import AlignedText, join
from tiedtts.text.left_out import plural
from tiedtts.text.structure import left_out
from tiedtts.text.structure.blocks import Block, Document

LONGEST_SECONDS = 24 * 3600.0
"""A cue that ends later is refused: its sound would be a day long."""

_TIME = r"(?:(\d{1,4}):)?(\d{1,3}):(\d{1,2})(?:[.,:](\d{1,9}))?"
_TIMES = re.compile(rf"[ \t\ufeff]*{_TIME}[ \t]*-{{1,2}}>[ \t]*{_TIME}(?![\d:])[^\n]*")
_LINE = re.compile(r"[^\r\n]*(\r\n|\r|\n|$)")
_BLOCK = re.compile(r"(?:\ufeff)?(?:WEBVTT|NOTE|STYLE|REGION)(?:[ \t].*)?$")
_VOICE = re.compile(r"<v(?:\.[^<>\s]{0,100})?[ \t]+([^<>\n]{1,100})>")
_TAG = re.compile(r"</?[A-Za-z][^<>\n]{0,300}>|<\d[\d:.]{0,20}>|\{\\[^{}\n]{0,200}\}")
_SOUND = re.compile(r"[ \t]?(?:\[[^\[\]\n]{0,200}\]|♪|♫|#(?= ))")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SPEAKER = re.compile(r"[ \t]*(?:[-–—]|>>+)[ \t]*(?=\S)")


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle as it is written."""

    number: int
    """Its place in the file, from 1."""
    start: float
    """Seconds."""
    end: float
    """Seconds; not before the start."""
    text: str
    """The text that is shown, without tags; its lines end where the writer ended them."""
    lines: tuple[AlignedText, ...]
    """The words that are said, a text for each speaker, aligned to the file."""
    goes_on: bool = False
    """Whether its sentence goes on in the next cue."""

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The words that are said, as blocks of a document."""
        return tuple(Block(line, "paragraph", float(bool(number))) for number, line in enumerate(self.lines))


@dataclass(frozen=True, slots=True)
class Subtitles:
    """The cues of a file, in the order of their times."""

    cues: tuple[Cue, ...]
    warnings: tuple[str, ...]


def read(source: str, settings: Settings) -> Subtitles:
    """Read the cues of a file, and leave out those that have nothing to say.

    Args:
        source: SubRip or WebVTT.
        settings: What is read of what stands in parentheses.

    Raises:
        TextError: It has no cues, or one that is later than anybody listens.
    """
    found: list[Cue] = []
    warnings: list[str] = []
    sounds = backwards = 0
    for number, (times, body) in enumerate(_cues(source), start=1):
        start, end = times
        if max(start, end) > LONGEST_SECONDS:
            raise TextError(
                f"cue {number} is at {clock(max(start, end))}: a day is the most", hint="correct its time"
            )
        backwards += end < start
        lines, shown, left = _said(body, settings)
        sounds += left
        if lines:
            found.append(Cue(number, start, max(start, end), shown, lines))
    if not found:
        raise TextError(
            "there are no cues in the subtitles",
            hint="a cue begins with a line such as `00:00:01,000 --> 00:00:03,500`",
        )
    if backwards:
        warnings.append(f"{backwards} {plural('cue', backwards)} would end before they begin")
    ordered = sorted(found, key=lambda cue: cue.start)
    if ordered != found:
        warnings.append("the cues are not in the order of their times, in which they are said")
    if sounds:
        warnings.append(f"left out {sounds} {plural('sound', sounds)} in brackets")
    return Subtitles(tuple(_connected(ordered)), tuple(warnings))


def document(source: str, settings: Settings) -> Document:
    """Return what is said in all cues, as a document."""
    found = read(source, settings)
    return Document(tuple(block for cue in found.cues for block in cue.blocks), found.warnings)


def clock(seconds: float) -> str:
    """Write a time as subtitles do: `00:01:02,500`."""
    whole = round(seconds * 1000)
    minutes, milliseconds = divmod(whole, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02},{milliseconds % 1000:03}"


def _connected(cues: Sequence[Cue]) -> Iterator[Cue]:
    """Yield cues that know whether their sentence goes on in the next one."""
    for cue, following in zip(cues, (*cues[1:], None), strict=True):
        end = cue.lines[-1].text.rstrip()[-1:]
        begin = "" if following is None else following.lines[0].text.lstrip()[:1]
        yield replace(cue, goes_on=(end.isalnum() or end == ",") and begin.islower())


def _cues(source: str) -> Iterator[tuple[tuple[float, float], list[AlignedText]]]:
    """Yield the times of each cue and its lines."""
    times: tuple[float, float] | None = None
    body: list[AlignedText] = []
    skips = False
    is_first = True
    for match in _LINE.finditer(source):
        if match.start() == match.end():
            continue
        line = AlignedText.of(source, match.start(), match.start(1))
        if not line.text.strip():
            is_first, skips = True, False
            if times is not None:
                body.append(line)
            continue
        if is_first and _BLOCK.match(line.text) and (times is None or _is_vtt(source)):
            skips = True
        is_first = False
        timed = _TIMES.match(line.text)
        if timed is None:
            if not skips and times is not None:
                body.append(line)
            continue
        if times is not None:
            yield times, _without_number(body, vtt=_is_vtt(source))
        times, body, skips = (_seconds(timed.groups()[:4]), _seconds(timed.groups()[4:])), [], False
    if times is not None:
        yield times, [line for line in body if line.text.strip()]


def _is_vtt(source: str) -> bool:
    return source[:10].lstrip("\ufeff").startswith("WEBVTT")


def _without_number(body: Sequence[AlignedText], *, vtt: bool) -> list[AlignedText]:
    """Return the lines of a cue without the number or the name of the next one, which stands behind them."""
    lines = list(body)
    if lines and lines[-1].text.strip():
        is_apart = len(lines) > 1 and not lines[-2].text.strip()
        if lines[-1].text.strip("\ufeff \t").isdigit() or (vtt and is_apart):
            lines.pop()
    return [line for line in lines if line.text.strip()]


def _seconds(groups: Sequence[str | None]) -> float:
    hours, minutes, seconds, parts = (group or "0" for group in groups)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{parts}")


def _said(body: Sequence[AlignedText], settings: Settings) -> tuple[tuple[AlignedText, ...], str, int]:
    """Return what is said in a cue, what is shown, and how many sounds in brackets were left out."""
    shown = "\n".join(line.text.strip() for line in map(_plain, body) if line.text.strip())
    if settings.roles:
        body = [part for line in body for part in _by_voice(line, settings.roles)]
    plain = [*map(_plain, body)]
    sounds = sum(not _is_mark(found, settings) for line in plain for found in _SOUND.findall(line.text))
    speakers: list[list[AlignedText]] = []
    for line in plain:
        line = line.sub(_SOUND, lambda match: match[0] if _is_mark(match[0], settings) else "")
        line = left_out.out_of(line, settings)
        speaker = _SPEAKER.match(line.text)
        if speaker is not None or not speakers:
            speakers.append([])
        line = line[speaker.end() :] if speaker is not None else line
        if line.text.strip():
            speakers[-1].append(line)
    texts = (join(lines, " ").with_single_spaces() for lines in speakers if lines)
    return tuple(text for text in texts if any(map(str.isalnum, text.text))), shown, sounds


def _plain(line: AlignedText) -> AlignedText:
    """Return a line without tags, and with the characters that entities stand for."""
    if "<" in line.text or "{" in line.text:
        line = line.sub(_TAG, lambda match: "")
    return line.sub(_ENTITY, lambda match: html.unescape(match[0])) if "&" in line.text else line


def _is_mark(found: str, settings: Settings) -> bool:
    """Tell whether something in brackets is a mark that is followed, and no sound."""
    if not settings.marks or "[" not in found:
        return False
    from tiedtts.text.markup import marks

    return marks.is_mark(found.strip())


def _by_voice(line: AlignedText, roles: Mapping[str, str]) -> Iterator[AlignedText]:
    """Yield the parts of a line, each with the name of its speaker before it, as scripts have it."""

    def named(match: re.Match[str]) -> str:
        name = " ".join(html.unescape(match[1]).split())
        # Capitals show that it is a name; whoever is in the cast is known anyway.
        return f"- {name if name.lower() in roles else name.upper()}: "

    begins = [0, *(match.start() for match in _VOICE.finditer(line.text)), len(line)]
    for begin, end in itertools.pairwise(begins):
        if line.text[begin:end].strip():
            yield line[begin:end].sub(_VOICE, named)
