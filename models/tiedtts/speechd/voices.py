"""The voices that the module offers, and which of them speaks."""

import threading
from pathlib import Path

from tiedtts.errors import VoiceError
from tiedtts.speech import library
from tiedtts.speech.voice import Voice
from tiedtts.speechd.parameters import Parameters
from tiedtts.text.frontend import FrontEnd
from tiedtts.text.pronounce.user_lexicon import Files

LANGUAGE = "en-US"
"""Language of all voices."""
USUAL = ""
"""Stands for the usual voice."""
KINDS = {
    "male1": (USUAL, 0.0),
    "male2": ("oscar", 0.0),
    "male3": ("felix", 0.0),
    "female1": (USUAL, 0.0),
    "female2": ("nora", 0.0),
    "female3": ("kathleen", 0.0),
    "child_male": ("felix", 5.0),
    "child_female": ("nora", 4.0),
}
"""Kinds of voices: name, semitones. `male1` is asked for when nobody has chosen: the usual voice."""


class Voices:
    """Voices, each loaded when it first speaks; threads may share them.

    Args:
        usual: Name or file of the voice that speaks when none is chosen.
        lexicon: Files of own pronunciations.
    """

    def __init__(self, usual: str = library.DEFAULT, lexicon: Files = None) -> None:
        self._usual, self._lexicon = usual, lexicon
        self._front_end: FrontEnd | None = None
        self._loaded: dict[str, Voice] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> list[str]:
        """Names of the voices, the usual one first."""
        return library.usual_first(self._usual)

    def choose(self, parameters: Parameters) -> tuple[str, float]:
        """Return the name of the voice that parameters ask for, and by how many semitones it is shifted.

        One that does not exist is the usual voice: a screen reader must not fall silent.
        """
        wanted = parameters.synthesis_voice.lower()
        for name in self.names:
            if name.lower() == wanted:
                return name, 0.0
        name, semitones = KINDS.get(parameters.voice.lower(), (USUAL, 0.0))
        return name if name in self.names else self.names[0], semitones

    def get(self, name: str) -> Voice:
        """Return a voice by its name.

        Raises:
            VoiceError: It cannot be loaded.
            TextError: The lexicon cannot be read.
        """
        with self._lock:
            if name not in self._loaded:
                is_usual = name == library.plain_name(self._usual)
                renderer = library.renderer(str(Path(self._usual).expanduser()) if is_usual else name)
                # One for all voices: what one has looked up, the others know.
                self._front_end = self._front_end or FrontEnd(self._lexicon)
                self._loaded[name] = Voice(renderer, self._front_end)
            return self._loaded[name]

    def speaking(self, name: str) -> Voice:
        """Return a voice by its name, or the usual one if it cannot be loaded."""
        try:
            return self.get(name)
        except VoiceError:
            return self.get(self.names[0])
