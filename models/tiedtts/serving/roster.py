"""The roster: the voices that an engine has loaded, by their names and by names that others know them by."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tiedtts.errors import ConfigError, VoiceError
from tiedtts.paths import StrPath
from tiedtts.quoting import quoted
from tiedtts.speech import library
from tiedtts.speech.ensemble import Ensemble
from tiedtts.speech.voice import Voice
from tiedtts.text.frontend import FrontEnd
from tiedtts.text.pronounce.user_lexicon import Files

if TYPE_CHECKING:
    from typing_extensions import Self

OPENAI_NAMES = {
    "alloy": "clara",
    "ash": "oscar",
    "ballad": "felix",
    "cedar": "felix",
    "coral": "nora",
    "echo": "oscar",
    "fable": "nora",
    "marin": "nora",
    "nova": "clara",
    "onyx": "felix",
    "sage": "nora",
    "shimmer": "clara",
    "verse": "oscar",
}
"""Voices of OpenAI, which clients ask for by default, and a voice of the package for each: men for men."""
WARM_UP = "One, two: here is Zorbeck."
"""Said once by each voice, so that the first who asks does not wait for the lexicon."""


class Roster:
    """Voices by name, in the order in which they were given.

    Args:
        voices: The voices by name; the first speaks where none is named.
        aliases: Other names of them. OpenAI's names stand for those in `OPENAI_NAMES`, or are shared out over
            all where that voice is not among them, unless given here.

    Raises:
        ConfigError: There is no voice, or an alias stands for none or is a voice itself.
    """

    def __init__(self, voices: Mapping[str, Voice], aliases: Mapping[str, str] | None = None) -> None:
        if not voices:
            raise ConfigError("there is no voice to serve", hint="name one: --voice clara")
        # Voices of its own: whoever else has those that are given may let them speak with others.
        self._voices = {name: self._among_these(voice) for name, voice in voices.items()}
        names = list(self._voices)
        shared_out = {
            alias: name if name in names else names[number % len(names)]
            for number, (alias, name) in enumerate(OPENAI_NAMES.items())
        }
        self.aliases = {alias: name for alias, name in shared_out.items() if alias not in self._voices}
        for alias, name in (aliases or {}).items():
            if alias in self._voices:
                raise ConfigError(
                    f"`{quoted(alias)}` is a voice itself, and no other name for one",
                    hint="choose another alias",
                )
            if name not in self._voices:
                raise ConfigError(
                    f"the alias `{quoted(alias)}` stands for a voice that is not served: {quoted(name)}",
                    hint=f"served are {', '.join(names)}",
                )
            self.aliases[alias] = name

    @classmethod
    def load(
        cls,
        voices: Sequence[StrPath] = (),
        *,
        lexicon: Files = None,
        aliases: Mapping[str, str] | None = None,
    ) -> "Self":
        """Load voices once, and let each say a few words.

        Args:
            voices: Names, voice files or checkpoints; all voices of the package by default. A file is asked
                for by its name without folder and suffix.
            lexicon: Own pronunciations, for all of them.
            aliases: Other names for them.

        Raises:
            VoiceError: There is no such voice, or it is damaged.
            TextError: A lexicon cannot be read.
            ConfigError: Two have the same name, or the aliases do not fit.
        """
        wanted = voices or library.usual_first()
        # Texts are read in the same way for all: the lexicon and what was looked up are there once.
        front_end = FrontEnd(lexicon)
        loaded: dict[str, Voice] = {}
        for voice in wanted:
            name = library.plain_name(voice).removesuffix(library.CHECKPOINT)
            if name in loaded:
                raise ConfigError(
                    f"two voices have the name `{quoted(name)}`",
                    hint="rename one of the files: their names are asked for",
                )
            loaded[name] = Voice(library.renderer(voice), front_end)
        made = cls(loaded, aliases)
        for one in loaded.values():
            one.say(WARM_UP)
        return made

    def _among_these(self, voice: Voice) -> Voice:
        """Return a voice whose texts may ask for voices that are served, by name, and never for a file."""
        others = Ensemble(
            voice.renderer, lambda asked: self[asked].renderer, lambda: [*self._voices, *self.aliases]
        )
        return Voice(voice.renderer, voice.front_end, others)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the voices, the first of them the one that speaks where none is named."""
        return tuple(self._voices)

    def __iter__(self) -> Iterator[str]:
        return iter(self._voices)

    def name(self, asked: str | None) -> str:
        """Return the own name of a voice that was asked for by name or alias, in capitals or not.

        Raises:
            VoiceError: There is none.
        """
        if asked is None:
            return self.names[0]
        for known in (asked, asked.lower()):
            if known in self._voices:
                return known
            if known in self.aliases:
                return self.aliases[known]
        raise VoiceError(
            f"no such voice: {quoted(asked)}",
            hint=f"voices: {', '.join(self.names)}; other names for them: {', '.join(sorted(self.aliases))}",
        )

    def __getitem__(self, asked: str | None) -> Voice:
        """Return a voice by its name or alias; the first if none is named."""
        return self._voices[self.name(asked)]
