"""Reads SSML: spans of text with their prosody, pauses and marks.

A subset of the W3C's Speech Synthesis Markup Language 1.1: `speak p s voice break prosody emphasis say-as sub
phoneme mark`. Other elements are named in a warning, and their text is spoken. Document types are refused,
and with them every entity but the five of XML: nothing is fetched and nothing grows.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from xml.parsers import expat

from tiedtts import choices
from tiedtts.errors import TextError
from tiedtts.text.aligned import AlignedText, join
from tiedtts.text.markup import prosody, voices
from tiedtts.text.markup.positions import Positions
from tiedtts.text.markup.prosody import EMPHASES, Prosody
from tiedtts.text.markup.say_as import KINDS, DoesNotFit, say_as
from tiedtts.text.markup.spans import Document, Span, Spans
from tiedtts.text.markup.voices import FindVoice
from tiedtts.text.pronounce.ipa import to_arpabet
from tiedtts.text.pronounce.user_lexicon import read_labels

__all__ = ["Document", "Span", "parse"]

DEEPEST = 200
"""Elements within elements."""
MOST_WARNINGS = 20

_EXAMPLE = "write `<speak>Hello <break time='500ms'/> there.</speak>`, and `&amp;` for `&`, `&lt;` for `<`"

_ATTRIBUTES = {
    "speak": "version",
    "p": "",
    "s": "",
    "voice": "name gender languages age variant required",
    "break": "time strength",
    "prosody": "rate pitch range volume",
    "emphasis": "level",
    "say-as": "interpret-as format detail",
    "sub": "alias",
    "phoneme": "alphabet ph",
    "mark": "name",
}
"""Elements and their attributes; those with a colon (`xml:lang`) and `xmlns` may stand everywhere."""
_ENTIRE = ("say-as", "sub", "phoneme")
"""Elements whose text is taken as a whole."""


def parse(source: str, find_voice: FindVoice = voices.by_name, english: str = choices.ENGLISH[0]) -> Document:
    """Read SSML.

    Args:
        source: A whole document; its root should be `speak`.
        find_voice: Returns the voice for the names and the gender that `<voice>` asks for.
        english: One of `tiedtts.choices.ENGLISH`, for `say-as`.

    Raises:
        TextError: It is not well-formed, too deep, or has a document type.
    """
    start = len(source) - len(source.lstrip("\ufeff \t\r\n"))
    reader = _Reader(source, start, find_voice, english)
    skipped = source[:start].count("\n")
    try:
        reader.parser.Parse(reader.positions.encoded, True)
    except expat.ExpatError as error:
        column = 1 + error.offset
        raise TextError(
            f"the SSML is not well-formed in line {error.lineno + skipped}, column {column}: "
            f"{expat.ErrorString(error.code)}",
            hint=_EXAMPLE,
        ) from None
    return Document(reader.spans.finish(), tuple(reader.warnings))


@dataclass(frozen=True, slots=True)
class _Open:
    """An element that is not closed yet."""

    name: str
    attributes: Mapping[str, str]
    prosody: Prosody
    emphasis: str


class _Reader:
    """Collects spans while expat walks through the document."""

    def __init__(self, source: str, start: int, find_voice: FindVoice, english: str) -> None:
        self._find_voice, self._english = find_voice, english
        self.positions = Positions(source, start)
        self.spans = Spans()
        self.warnings: list[str] = []
        self._verbatim = False
        self._open: list[_Open] = []
        self._text: list[AlignedText] = []
        # Where the element begins that is taken as a whole.
        self._begin = 0
        # Set while inside an element that is taken as a whole; how deep it is.
        self._entire = 0
        self.parser = expat.ParserCreate("utf-8")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self.parser.StartCdataSectionHandler = lambda: self._enter_cdata(True)
        self.parser.EndCdataSectionHandler = lambda: self._enter_cdata(False)
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.EntityDeclHandler = self._refuse
        self.parser.ExternalEntityRefHandler = self._refuse

    def _refuse(self, *_: object) -> int:
        raise TextError(
            f"the SSML has a document type or an entity of its own, in line {self.parser.CurrentLineNumber}",
            hint="leave `<!DOCTYPE ...>` out; only &amp; &lt; &gt; &quot; &apos; and numbers are read",
        )

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if len(self._open) >= DEEPEST:
            raise TextError(
                f"the SSML is nested deeper than {DEEPEST} elements, in line {self.parser.CurrentLineNumber}"
            )
        self._check(name, attributes)
        outer = self._open[-1] if self._open else _Open("", {}, Prosody(), "")
        if self._entire:
            self._open.append(replace(outer, name=name))
            return
        self._flush()
        inner, emphasis = Prosody(), outer.emphasis
        if name in ("p", "s"):
            self.spans.end("paragraph" if name == "p" else "sentence")
        elif name == "break":
            self._pause(attributes)
        elif name == "mark":
            self.spans.mark(attributes.get("name", ""))
        elif name == "prosody":
            inner = self._prosody(attributes)
        elif name == "voice":
            inner = self._voice(attributes)
        elif name == "emphasis":
            emphasis = self._one_of(name, "level", attributes.get("level", "moderate"), EMPHASES, "moderate")
            inner = EMPHASES[emphasis]
            emphasis = "" if emphasis == "none" else emphasis
        elif name in _ENTIRE:
            self._entire = len(self._open) + 1
            self._begin = self.positions.at(self.parser.CurrentByteIndex)
        self._open.append(_Open(name, attributes, outer.prosody + inner, emphasis))

    def _end(self, _: str) -> None:
        if self._entire > 0 and self._entire == len(self._open):
            self._entire = 0
            self._whole(self._open[-1])
        elif not self._entire:
            self._flush()
            name = self._open[-1].name
            if name in ("p", "s"):
                self.spans.end("paragraph" if name == "p" else "sentence")
        self._open.pop()

    def _enter_cdata(self, inside: bool) -> None:
        self._verbatim = inside

    def _characters(self, text: str) -> None:
        start = self.positions.at(self.parser.CurrentByteIndex)
        self._text.append(self.positions.aligned(text, start, verbatim=self._verbatim))

    def _flush(self) -> None:
        """Make a span of the text since the last tag."""
        if self._text:
            self.spans.add(join(self._text, ""), self._open[-1].prosody, self._open[-1].emphasis)
            self._text.clear()

    def _whole(self, element: _Open) -> None:
        """Make a span of an element that is taken as a whole."""
        written = join(self._text, "")
        text = written.text
        self._text.clear()
        if element.name == "sub":
            text = element.attributes.get("alias") or text
        elif element.name == "say-as":
            text = self._said_as(element.attributes, text)
        else:
            phones = self._phones(element.attributes)
            text = "{" + " ".join(phones) + "}" if phones else text
        if not written.text.strip():
            # Nothing is written but the tag.
            written = self.positions.tag(self._begin)
        if text != written.text:
            written = written.edit([(0, len(written), text)], text)
        space = written.edit([(0, len(written), " ")], " ")
        self.spans.add(join([space, written, space], ""), element.prosody, element.emphasis)

    def _said_as(self, attributes: Mapping[str, str], text: str) -> str:
        kind = attributes.get("interpret-as", "").lower()
        try:
            return say_as(kind, text, attributes.get("format", "").lower(), self._english)
        except KeyError:
            self._warn(f"`say-as` as `{kind[:40]}` is unknown, the text is read as it stands", KINDS)
        except DoesNotFit:
            self._warn(f"`{text.strip()[:40]}` cannot be said as {kind}, it is read as it stands")
        return text

    def _phones(self, attributes: Mapping[str, str]) -> tuple[str, ...]:
        alphabet, written = attributes.get("alphabet", "ipa").lower(), attributes.get("ph", "")
        read = _ALPHABETS.get(alphabet)
        if read is None:
            self._warn(f"the alphabet `{alphabet[:40]}` is unknown, the text is read instead", _ALPHABETS)
            return ()
        try:
            phones = read(written)
        except ValueError as error:
            self._warn(f"`{error}` in `{written[:40]}` is no phone of {alphabet}, the text is read instead")
            return ()
        if not phones:
            self._warn("a `phoneme` has no phones in `ph`, the text is read instead")
        return phones

    def _voice(self, attributes: Mapping[str, str]) -> Prosody:
        """Return who is to speak; where nobody fits, whoever spoke before."""
        name, gender = attributes.get("name", "").strip(), attributes.get("gender", "").strip().lower()
        if not name and not gender:
            self._warn("a `voice` without `name` or `gender` has no effect")
            return Prosody()
        found = self._find_voice(name, gender)
        if found is None:
            asked = f"named `{name[:40]}`" if name else f"whose gender is `{gender[:40]}`"
            self._warn(f"there is no voice {asked}, the voice before goes on")
            return Prosody()
        return Prosody(voice=found, speaker=name or found)

    def _prosody(self, attributes: Mapping[str, str]) -> Prosody:
        speed = self._value("rate", attributes, prosody.rate, 1.0, choices.SPEEDS)
        pitch = self._value("pitch", attributes, prosody.pitch, 0.0, choices.SEMITONES)
        volume = self._value("volume", attributes, prosody.volume, 0.0, choices.DECIBELS)
        pitch_range = self._value("range", attributes, prosody.pitch_range, 1.0, choices.PITCH_RANGES)
        return Prosody(speed, pitch, volume, pitch_range)

    def _value(
        self,
        name: str,
        attributes: Mapping[str, str],
        read: Callable[[str], float],
        default: float,
        bounds: tuple[float, float],
    ) -> float:
        written = attributes.get(name, "").strip()
        if not written:
            return default
        try:
            value = read(written)
        except ValueError:
            self._warn(f"`{name}` cannot be `{written[:40]}`, it is left as it is")
            return default
        if not bounds[0] <= value <= bounds[1]:
            self._warn(f"`{name}` of `{written[:40]}` is beyond what can be said, the nearest is taken")
        return min(max(value, bounds[0]), bounds[1])

    def _pause(self, attributes: Mapping[str, str]) -> None:
        if "time" in attributes:
            length = self._value("time", attributes, prosody.seconds, 0.0, (0.0, prosody.LONGEST_BREAK))
        else:
            strength = attributes.get("strength", "medium")
            length = prosody.BREAKS[self._one_of("break", "strength", strength, prosody.BREAKS, "medium")]
        self.spans.pause(length)

    def _one_of(self, element: str, name: str, value: str, known: Mapping[str, object], default: str) -> str:
        if value in known:
            return value
        self._warn(f"`{name}` of `{element}` cannot be `{value[:40]}`, `{default}` is taken", known)
        return default

    def _check(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self._open and name != "speak":
            self._warn(f"the SSML begins with `{name[:40]}`, not with `speak`")
        if name not in _ATTRIBUTES:
            self._warn(f"the SSML element `{name[:40]}` is unknown, its text is read")
            return
        if self._entire:
            self._warn(f"`{name}` within `{self._open[self._entire - 1].name}` has no effect")
        for attribute in attributes:
            if ":" not in attribute and attribute != "xmlns" and attribute not in _ATTRIBUTES[name].split():
                self._warn(f"the attribute `{attribute[:40]}` of `{name}` has no effect")

    def _warn(self, message: str, known: object = ()) -> None:
        names = ", ".join(map(str, known)) if isinstance(known, (tuple, dict)) else ""
        line = f"{message}; known are {names}" if names else message
        if line not in self.warnings and len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(line)


_ALPHABETS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "ipa": to_arpabet,
    "arpabet": read_labels,
    "x-arpabet": read_labels,
    "cmu": read_labels,
}
