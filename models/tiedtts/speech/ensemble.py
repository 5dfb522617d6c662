"""The voices that speak one text together: the one it is given to, and others that it asks for."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tiedtts.choices import ANYONE, GENDERS, NARRATOR
from tiedtts.errors import VoiceError
from tiedtts.settings import Settings
from tiedtts.speech import library
from tiedtts.text.markup.voices import FindVoice

if TYPE_CHECKING:
    from tiedtts.speech.renderer import Renderer
    from tiedtts.text.frontend import Sentence

Load = Callable[[str], "Renderer"]
"""Returns the renderer of a voice by its name.

Raises:
    VoiceError: There is no such voice.
"""


class Ensemble:
    """Voices by name, each loaded when it is first asked for; threads may share it.

    Args:
        main: The voice of a text that names none.
        load: Loads a voice that a cast names: by default one of the package, or a file.
        names: Names that a text itself may ask for, which are no files: by default those of the package.
    """

    def __init__(
        self,
        main: "Renderer",
        load: Load = library.renderer,
        names: Callable[[], list[str]] = library.list_voices,
    ) -> None:
        self.main = main
        self._load, self._names = load, names
        self._loaded: dict[str, Renderer] = {}
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> "Renderer":
        """Return the renderer of a voice; that of the text for an empty name.

        Raises:
            VoiceError: There is no such voice.
        """
        if not name or name == self.main.name:
            return self.main
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = self._load(name)
            return self._loaded[name]

    def narrator(self, settings: Settings) -> "Renderer":
        """Return who says what a text leaves to nobody.

        Raises:
            VoiceError: There is no such voice.
        """
        if not settings.cast:
            return self.main
        roles = settings.roles
        return self[roles.get(NARRATOR) or roles.get(ANYONE) or ""]

    def speaker(self, sentence: "Sentence", settings: Settings) -> "Renderer":
        """Return who says a sentence: whom it names, or the narrator.

        Raises:
            VoiceError: There is no such voice.
        """
        return self[sentence.voice] if sentence.voice else self.narrator(settings)

    def finder(self, settings: Settings) -> FindVoice:
        """Return the function that finds a voice for what a text calls it: a role of the cast, or a name."""
        roles = settings.roles

        def find(name: str, gender: str) -> str | None:
            names = self._names()
            # A list of names, the best first, as SSML has them; a role may be several words.
            for asked in (name, *name.split()):
                if asked.lower() in roles:
                    return roles[asked.lower()]
                if asked in names or asked.lower() in names:
                    return asked if asked in names else asked.lower()
                if asked and asked == self.main.name:
                    return asked
            return next((other for other in names if gender and GENDERS.get(other) == gender), None)

        return find


def check(settings: Settings, *others: str) -> None:
    """Refuse a cast that names a voice which there is not, before anything is made.

    Args:
        settings: Those with the cast.
        others: Further names of voices; nothing is looked for by an empty one.

    Raises:
        VoiceError: There is no such voice.
    """
    for voice in (*settings.roles.values(), *filter(None, others)):
        if Path(voice).suffix != library.CHECKPOINT:
            library.find(voice)
        elif not Path(voice).is_file():
            raise VoiceError(f"no such file: {voice}")


def resampled(
    samples: npt.NDArray[np.float32], lengths: npt.NDArray[np.int64], source: int, target: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return a sentence at another sampling rate: its samples, (S,), and those of each phone, (T,)."""
    if source == target:
        return samples, lengths
    from tiedtts.audio.resampling import Resampler

    resampler = Resampler(source, target)
    changed = np.concatenate([resampler(samples), resampler.flush()])
    ends = np.round(np.cumsum(lengths) * (target / source)).astype(np.int64)
    ends[-1:] = len(changed)
    return changed, np.diff(ends, prepend=0)
