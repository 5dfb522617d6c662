"""How a text is to be spoken: the settings that `say`, `stream` and a batch have in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from numbers import Integral, Real
from typing import Any, TypedDict, cast

from tiedtts import casting
from tiedtts.choices import CODE, ENGLISH, HURRY, MARKUPS, NARRATOR, RANGES
from tiedtts.errors import ConfigError
from tiedtts.quoting import quoted

SENTENCE_PAUSE = 0.25
"""Silence between sentences at the voice's own speed, seconds; a faster voice makes less."""
LARGEST_SEED = 2**128 - 1
"""Larger ones add nothing to the noise."""
PARAGRAPH_PAUSES = 2.0
"""Silence between paragraphs, in those between sentences."""
_HINTS = {
    "speed": "1 is the voice's own speed, 2 is twice as fast, 0.5 half as fast",
    "pitch": "0 is the voice's own pitch, 12 an octave higher, -12 an octave lower",
    "volume": "decibels: 0 is the voice's own volume, 6 about twice as loud, -6 half",
    "pause": "seconds of silence between sentences, such as 0.5",
    "seed": "any whole number from 0 up; the same seed gives the same sound",
    "breaks": "true to pause between phrases, also where no comma stands; false only at punctuation",
    "ssml": "true if the text is SSML, `<speak>Hello.</speak>`",
    "hurry": "1 for subtitles that are never hurried, 1.4 for up to 1.4 times the speed",
    "footnotes": "true to speak the footnotes of Markdown and HTML",
    "citations": "true to speak citations in Markdown and HTML, such as [12]",
    "parentheses": "false to leave out what stands in parentheses in Markdown and HTML",
    "marks": "true to follow marks such as [pause 1s] in the text",
}


_SWITCHES = ("breaks", "ssml", "footnotes", "citations", "parentheses", "marks")
CHOICES = {"markup": MARKUPS, "code": CODE, "english": ENGLISH}
"""Settings that are one of a few words, and the words."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of one utterance; `say`, the command line and a line's own options have the same names."""

    speed: float = 1.0
    """Larger is faster."""
    pitch: float = 0.0
    """Shift in semitones."""
    volume: float = 0.0
    """Louder or softer, decibels."""
    pause: float | None = None
    """Silence between sentences, seconds, whatever the speed; `SENTENCE_PAUSE / speed` if None. Phrase breaks
    are longer and shorter with it, and there are none if it is 0."""
    breaks: bool = True
    """Whether the voice pauses between phrases, also where no comma stands."""
    seed: int = 0
    """Seed of the noise in the voice."""
    ssml: bool = False
    """Whether the text is SSML."""
    markup: str = MARKUPS[0]
    """The markup that the text has: one of `tiedtts.choices.MARKUPS`. What follows holds where it has one."""
    code: str = CODE[0]
    """Treatment of code: one of `tiedtts.choices.CODE`."""
    footnotes: bool = False
    """Whether footnotes are spoken."""
    citations: bool = False
    """Whether citations are spoken, such as `[12]` and `(Smith, 2020)`."""
    parentheses: bool = True
    """Whether what stands in parentheses is spoken."""
    hurry: float = HURRY
    """The most that a subtitle is spoken faster where its time is short: a factor of the speed."""
    cast: Mapping[str, str] | Sequence[tuple[str, str]] | str = ()
    """Voices by role, `{"ALICE": "nora"}` or `ALICE=nora, BOB=felix`: who says the lines of a script, and the
    parts that `tiedtts.choices.NARRATOR`, `ANYONE` and `QUOTES` are. Kept as pairs."""
    marks: bool = False
    """Whether marks in square brackets are followed, such as `[pause 1s]`."""
    english: str = ENGLISH[0]
    """The English that is read: one of `tiedtts.choices.ENGLISH`."""

    def __post_init__(self) -> None:
        for name, (smallest, largest) in RANGES.items():
            value = getattr(self, name)
            if value is None and name == "pause":
                continue
            if isinstance(value, bool) or not isinstance(value, Real):
                raise ConfigError(f"`{name}` must be a number, got: {quoted(value)}", hint=_HINTS[name])
            # Not as `float(value)`: a whole number may be too large for one.
            if not smallest <= cast(float, value) <= largest:
                message = f"`{name}` must be {smallest:g} to {largest:g}, got: {_shown(value)}"
                raise ConfigError(message, hint=_HINTS[name])
        if isinstance(self.seed, bool) or not isinstance(self.seed, Integral):
            raise ConfigError(f"`seed` must be a whole number, got: {quoted(self.seed)}", hint=_HINTS["seed"])
        if self.seed < 0:
            raise ConfigError(f"`seed` must not be negative, got: {quoted(self.seed)}", hint=_HINTS["seed"])
        if self.seed > LARGEST_SEED:
            message = f"`seed` must be less than 2 to the power of 128, got: {quoted(self.seed)}"
            raise ConfigError(message, hint=_HINTS["seed"])
        for name in _SWITCHES:
            value = getattr(self, name)
            if not isinstance(value, bool):
                raise ConfigError(f"`{name}` must be true or false, got: {quoted(value)}", hint=_HINTS[name])
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                message = f"`{name}` must be one of {', '.join(known)}, got: {quoted(getattr(self, name))}"
                raise ConfigError(message)
        if self.ssml and self.markup != MARKUPS[0]:
            raise ConfigError(f"a text is SSML or {self.markup}, not both", hint="choose one of the two")
        if self.ssml and self.marks:
            raise ConfigError(
                "`marks` are for texts without SSML", hint="SSML has elements of its own: <break time='1s'/>"
            )
        object.__setattr__(self, "cast", casting.read(self.cast))

    @property
    def is_directed(self) -> bool:
        """Whether marks in the text or roles in it, beyond the narrator's, say how it is spoken."""
        return self.marks or any(role != NARRATOR for role in self.roles)

    @property
    def roles(self) -> Mapping[str, str]:
        """Voices by the names of roles in small letters."""
        return {name.lower(): voice for name, voice in casting.read(self.cast)}

    def silence(self, *, paragraph: bool) -> float:
        """Return the silence after a sentence, seconds.

        Args:
            paragraph: It is the last of its paragraph.
        """
        pause = SENTENCE_PAUSE / float(self.speed) if self.pause is None else float(self.pause)
        return pause * PARAGRAPH_PAUSES if paragraph else pause

    @property
    def pause_factor(self) -> float:
        """The silence between sentences in what it is by default; 0 if there is none."""
        return self.silence(paragraph=False) / (SENTENCE_PAUSE / float(self.speed))

    def changed(self, options: Mapping[str, object]) -> "Settings":
        """Return the settings with some of them replaced, as one line of a batch wants it.

        Args:
            options: Values by name; text, as it stands in a CSV file, is read as a number.

        Raises:
            ConfigError: There is no such setting, or its value does not fit.
        """
        if not options:
            return self
        for name in options:
            if name not in NAMES:
                raise ConfigError(
                    f"no such option: {quoted(name)}", hint=f"options of a line: {', '.join(NAMES)}"
                )
        return replace(self, **{name: _number(name, value) for name, value in options.items()})


NAMES = tuple(field.name for field in fields(Settings))
"""Names of the settings."""


class Changes(TypedDict, total=False):
    """Settings by name, as keywords of `Voice.say`; for type checkers."""

    speed: float
    pitch: float
    volume: float
    pause: float | None
    breaks: bool
    seed: int
    ssml: bool
    markup: str
    code: str
    footnotes: bool
    citations: bool
    parentheses: bool
    hurry: float
    cast: Mapping[str, str] | Sequence[tuple[str, str]] | str
    marks: bool
    english: str


def _number(name: str, value: object) -> Any:
    """Return what a setting's text says; whatever is no text is left to the checks."""
    if not isinstance(value, str):
        return value
    if name in _SWITCHES:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
            value.strip().lower(), value
        )
    if name in CHOICES:
        return value.strip().lower()
    if name == "cast":
        return value
    try:
        return int(value) if name == "seed" else float(value)
    except ValueError:
        kind = "whole number" if name == "seed" else "number"
        raise ConfigError(f"`{name}` must be a {kind}, got: {quoted(value)}", hint=_HINTS[name]) from None


def _shown(value: Any) -> str:
    """Return a number for a message."""
    try:
        return f"{float(value):g}"
    except OverflowError:
        return quoted(value)
