"""Times of words and phones as files beside the sound: JSON, subtitles, Praat's TextGrid."""

import itertools
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tiedtts.choices import TIMESTAMPS
from tiedtts.errors import ConfigError
from tiedtts.paths import StrPath
from tiedtts.speech.timing import SpokenSentence, Timed
from tiedtts.text import excerpts

LONGEST_CUE = 84
"""Characters of a subtitle, two lines; a longer sentence has several."""
LONGEST_LINE = 42
"""Characters of a line of a subtitle."""

_EARLY = 0.5
"""A subtitle that is full to this share may end at a comma."""
_STOPS = ",;:.?!\u2014"


class Cue(NamedTuple):
    """A subtitle."""

    text: str
    start_s: float
    end_s: float
    speaker: str = ""


def encode(speech: Timed, kind: str) -> bytes:
    """Return a file of one of `TIMESTAMPS`; the same speech gives the same bytes."""
    return _WRITERS[kind](speech).encode()


def check(kind: str) -> None:
    """Refuse a kind that there is not.

    Raises:
        ConfigError: There is none of this name.
    """
    if kind not in TIMESTAMPS:
        raise ConfigError(f"`timestamps` must be one of {', '.join(TIMESTAMPS)}, got: {kind[:40]}")


def beside(sound: StrPath, kind: str) -> Path:
    """Return the file of times that belongs to a sound file: the same name, another suffix."""
    sound = Path(sound)
    return sound.with_suffix(TIMESTAMPS[kind])


def cues(sentences: Iterable[SpokenSentence]) -> Iterator[Cue]:
    """Yield subtitles: a sentence each, or several for a long one, as it is written.

    A part of a sentence that depends on its neighbours, such as a date, stays whole.
    """
    for sentence in sentences:
        text, words = sentence.text, sentence.words
        if len(text) <= LONGEST_CUE:
            yield Cue(text, words[0].start_s, words[-1].end_s, sentence.speaker)
            continue
        parts = list(excerpts.parts(text, sentence.places))
        first = 0
        while parts:
            count = _fitting(parts)
            said = sum(number for _, number in parts[:count])
            if first + said == len(words):
                # What follows is not spoken, such as a last quotation mark.
                count = len(parts)
            shown = " ".join(written for written, _ in parts[:count])
            end = words[-1] if count == len(parts) else words[first + said - 1]
            yield Cue(shown, words[first].start_s, end.end_s, sentence.speaker)
            first += said
            parts = parts[count:]


def _fitting(parts: Sequence[tuple[str, int]]) -> int:
    """Return how many parts of a sentence, with at least one spoken, the next subtitle has."""
    ends = [len(written) + 1 for written, _ in parts]
    length = itertools.accumulate(ends, initial=-1)
    spoken = itertools.accumulate((number for _, number in parts), initial=0)
    able = [
        (count, size)
        for count, (size, number) in enumerate(zip(length, spoken, strict=True))
        if number and size <= LONGEST_CUE
    ]
    if not able:
        return next((n for n, (_, number) in enumerate(parts, start=1) if number), len(parts))
    if able[-1][0] == len(parts):
        return len(parts)
    early = [
        count for count, size in able if size >= _EARLY * LONGEST_CUE and parts[count - 1][0][-1] in _STOPS
    ]
    return early[-1] if early else able[-1][0]


def _json(speech: Timed) -> str:
    """A word a line: readable by people, too."""
    words = [
        {
            **_span(word.text, word.start_s, word.end_s),
            "written": word.written,
            "span": list(word.span),
            "after_break": word.after_break,
            "phones": [
                {"phone": phone.label, "start": _round(phone.start_s), "end": _round(phone.end_s)}
                for phone in word.phones
            ],
        }
        for sentence in speech.sentences
        for word in sentence.words
    ]
    lists = {
        "sentences": [
            {**_span(s.text, s.start_s, s.end_s), **({"speaker": s.speaker} if s.speaker else {})}
            for s in speech.sentences
        ],
        "words": words,
        "marks": [{"name": mark.name, "time": _round(mark.time_s)} for mark in speech.marks],
    }
    head = {"sample_rate": speech.sample_rate, "seconds": _round(speech.seconds)}
    parts = [f"{json.dumps(name)}: {value}" for name, value in head.items()]
    for name, rows in lists.items():
        inner = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        parts.append(f"{json.dumps(name)}: [\n{inner}\n]" if rows else f"{json.dumps(name)}: []")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _span(text: str, start: float, end: float) -> dict[str, object]:
    return {"text": text, "start": _round(start), "end": _round(end)}


def _round(seconds: float) -> float:
    """A millionth of a second is less than a sample."""
    return round(seconds, 6)


def _srt(speech: Timed) -> str:
    blocks = (
        f"{number}\n{_clock(cue.start_s, ',')} --> {_clock(cue.end_s, ',')}\n{cue.text}\n"
        for number, cue in enumerate(_shown(speech), start=1)
    )
    return "\n".join(blocks)


def _shown(speech: Timed) -> Iterator[Cue]:
    """Yield subtitles with their lines: those that were given, or else those of the sentences."""
    if speech.cues:
        yield from (Cue(cue.text, cue.start_s, cue.end_s) for cue in speech.cues)
        return
    yield from (cue._replace(text=_wrapped(cue.text)) for cue in cues(speech.sentences))


def _vtt(speech: Timed) -> str:
    blocks = [
        f"{_clock(cue.start_s, '.')} --> {_clock(cue.end_s, '.')}\n{_spoken_by(cue)}{_escaped(cue.text)}\n"
        for cue in _shown(speech)
    ]
    return "\n".join(["WEBVTT\n", *blocks])


def _spoken_by(cue: Cue) -> str:
    """Return the tag that names who speaks."""
    return f"<v {_escaped(cue.speaker)}>" if cue.speaker else ""


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def _wrapped(text: str) -> str:
    return "\n".join(textwrap.wrap(text, LONGEST_LINE, break_on_hyphens=False)) or text


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _textgrid(speech: Timed) -> str:
    words = [word for sentence in speech.sentences for word in sentence.words]
    end = speech.seconds
    sentences = [(s.text, s.start_s, s.end_s) for s in speech.sentences]
    tiers = [
        _tier("sentences", sentences, end),
        _tier("words", [(w.text, w.start_s, w.end_s) for w in words], end),
        _tier("phones", [(p.label, p.start_s, p.end_s) for w in words for p in w.phones], end),
    ]
    if speech.marks:
        points = "".join(
            f"        points [{number}]:\n            number = {mark.time_s!r}\n"
            f"            mark = {_quoted(mark.name)}\n"
            for number, mark in enumerate(speech.marks, start=1)
        )
        head = (
            f'        class = "TextTier"\n        name = "marks"\n        xmin = 0\n        xmax = {end!r}\n'
        )
        tiers.append(f"{head}        points: size = {len(speech.marks)}\n{points}")
    items = "".join(f"    item [{number}]:\n{tier}" for number, tier in enumerate(tiers, start=1))
    return (
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n'
        f"xmin = 0\nxmax = {end!r}\ntiers? <exists>\nsize = {len(tiers)}\nitem []:\n{items}"
    )


def _tier(name: str, spans: Iterable[tuple[str, float, float]], end: float) -> str:
    """Return a tier; where nothing is said, its intervals have no text."""
    rows: list[tuple[float, float, str]] = []
    place = 0.0
    for text, start, stop in spans:
        if start > place:
            rows.append((place, start, ""))
        rows.append((start, stop, text))
        place = stop
    if end > place:
        rows.append((place, end, ""))
    intervals = "".join(
        f"        intervals [{number}]:\n            xmin = {start!r}\n            xmax = {stop!r}\n"
        f"            text = {_quoted(text)}\n"
        for number, (start, stop, text) in enumerate(rows, start=1)
    )
    head = (
        f'        class = "IntervalTier"\n        name = "{name}"\n        xmin = 0\n        xmax = {end!r}\n'
    )
    return f"{head}        intervals: size = {len(rows)}\n{intervals}"


def _quoted(text: str) -> str:
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


_WRITERS: dict[str, Callable[[Timed], str]] = {
    "json": _json,
    "srt": _srt,
    "vtt": _vtt,
    "textgrid": _textgrid,
}
