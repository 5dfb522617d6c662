"""The voices of a batch: that of all lines, and others that lines name, each loaded once in a process."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tiedtts.audio.encoding import Encoding

if TYPE_CHECKING:
    from tiedtts.batch.job import BatchSpec
    from tiedtts.speech.voice import Voice


class Voices:
    """The voices of a batch by name, those of lines loaded when a line first asks for them.

    Args:
        spec: The specification whose voice speaks the lines that name none.

    Raises:
        VoiceError: There is no such voice or vocoder.
        TextError: A lexicon cannot be read.
    """

    def __init__(self, spec: "BatchSpec") -> None:
        self._spec = spec
        self._main = spec.load()
        self._others: dict[str, Voice] = {}

    def __getitem__(self, name: str) -> "Voice":
        """Return a voice; that of the batch for an empty name.

        Raises:
            VoiceError: There is no such voice, or the vocoder of the batch does not fit it.
        """
        if name in ("", self._spec.voice):
            return self._main
        if name not in self._others:
            self._others[name] = self._loaded(name)
        return self._others[name]

    def encoding(self, name: str) -> Encoding:
        """Return how the sound of a voice is written: as that of the batch, but for who speaks."""
        encoding = self._spec.encoding
        return replace(encoding, voice=Path(name).stem) if name and encoding.voice else encoding

    def _loaded(self, name: str) -> "Voice":
        from tiedtts.speech import library
        from tiedtts.speech.ensemble import Ensemble
        from tiedtts.speech.voice import Voice

        known = self._main.ensemble
        # A voice that a cast names as well is loaded but once; one with another vocoder is another voice.
        vocoder = self._spec.vocoder
        renderer = known[name] if vocoder is None else library.renderer(name, vocoder=vocoder)
        return Voice(renderer, self._main.front_end, Ensemble(renderer, known.__getitem__))
