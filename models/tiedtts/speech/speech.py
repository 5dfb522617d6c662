"""Speech: the samples of a spoken text, and when each word and phone is heard in them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts import storage
from tiedtts.audio import files
from tiedtts.audio.encoding import Encoding, of_path
from tiedtts.speech.timing import Mark, SpokenSentence, SpokenWord
from tiedtts.text.phones import Phone


@dataclass(frozen=True)
class Speech:
    """Spoken text."""

    samples: npt.NDArray[np.float32]
    """Mono, full scale 1, (S,)."""
    sample_rate: int
    """Hz."""
    text: str
    """The text as it was written."""
    phones: tuple[Phone, ...]
    """The phones as they were spoken, T of them."""
    durations: tuple[int, ...]
    """Samples of each phone, (T,); silence between sentences belongs to the pause before it."""
    warnings: tuple[str, ...] = ()
    """Warnings, such as characters that could not be spoken."""
    is_last: bool = True
    """Whether it ends its text; a part of a stream may not."""
    sentences: tuple[SpokenSentence, ...] = ()
    """When each is heard, with its words and their phones."""
    marks: tuple[Mark, ...] = ()
    """Named places of SSML."""

    @property
    def words(self) -> tuple[SpokenWord, ...]:
        """When each word and each of its phones is heard."""
        return tuple(word for sentence in self.sentences for word in sentence.words)

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return len(self.samples) / self.sample_rate

    def save(
        self,
        path: str | Path,
        *,
        subtype: str | None = None,
        sample_rate: int | None = None,
        timestamps: str | None = None,
    ) -> None:
        """Write a sound file; all of it appears, or nothing.

        Args:
            path: With the suffix of a format: .wav, .flac, .ogg, .opus or .mp3.
            subtype: Numbers or codec, as for `tiedtts synth`: 16, 24, float, vorbis, opus.
            sample_rate: Sampling rate of the file, Hz; the voice's own by default.
            timestamps: Write the times of words and phones into a file beside it: json, srt, vtt or textgrid.

        Raises:
            AudioError: The format is unknown or cannot hold that.
            OutputError: The file cannot be written.
            ConfigError: There is no such kind of timestamps.
        """
        path = Path(path)
        if timestamps is not None:
            from tiedtts.speech.timestamps import beside, check, encode

            check(timestamps)
            storage.write_bytes(beside(path, timestamps), encode(self, timestamps))
        encoding = Encoding(suffix=of_path(path), subtype=subtype, sample_rate=sample_rate)
        with files.writer(path, self.sample_rate, encoding) as add:
            add(self.samples)

    def _repr_html_(self) -> str:
        """Show an audio player in a notebook."""
        from tiedtts.speech import player

        return player.html(self.samples, self.sample_rate, self.text, "save it with `.save(path)`")
