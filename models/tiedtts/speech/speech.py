"""Speech: the samples of a spoken text, and when each word and phone is heard in them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from tiedtts import storage
from tiedtts.audio import encoding, files
from tiedtts.audio.encoding import Encoding
from tiedtts.comparing import ByContent
from tiedtts.errors import AudioError
from tiedtts.paths import StrPath
from tiedtts.speech.timing import Mark, ShownCue, SpokenSentence, SpokenWord
from tiedtts.text.phones import Phone


@dataclass(frozen=True, eq=False, repr=False)
class Speech(ByContent):
    """Spoken text; two are equal if all of it is, down to each sample."""

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
    cues: tuple[ShownCue, ...] = ()
    """Subtitles that it was made from."""

    @property
    def words(self) -> tuple[SpokenWord, ...]:
        """When each word and each of its phones is heard."""
        return tuple(word for sentence in self.sentences for word in sentence.words)

    @property
    def nbytes(self) -> int:
        """Bytes of its samples in memory."""
        return int(self.samples.nbytes)

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return len(self.samples) / self.sample_rate

    def save(
        self,
        path: StrPath | BinaryIO,
        *,
        format: str | None = None,
        subtype: str | None = None,
        sample_rate: int | None = None,
        timestamps: str | None = None,
        normalize: float | None = None,
    ) -> None:
        """Write a sound file; all of it appears, or nothing.

        Args:
            path: Path, or a file that is open for bytes, such as an `io.BytesIO`.
            format: The format, `wav`, `flac`, `ogg`, `opus` or `mp3`; by default the suffix of the path or
                of the open file's name tells it. An open file without a name gets `wav`.
            subtype: Numbers or codec, as for `tiedtts synth`: 16, 24, float, vorbis, opus.
            sample_rate: Sampling rate of the file, Hz; the voice's own by default.
            timestamps: Write the times of words and phones into a file beside it: json, srt, vtt or textgrid.
            normalize: Loudness that it is brought to, LUFS, with true peaks below -1 dB; needs the extra
                `loudness`.

        Raises:
            AudioError: The format is unknown or cannot hold that.
            OutputError: The file cannot be written.
            ConfigError: There is no such kind of timestamps.
        """
        if not isinstance(path, str | os.PathLike):
            self._write(path, format, subtype, sample_rate, timestamps, normalize)
            return
        path = Path(path)
        suffix = encoding.of_path(path) if format is None else encoding.of_name(format)
        encoded = Encoding(suffix=suffix, subtype=subtype, sample_rate=sample_rate, lufs=normalize)
        if timestamps is not None:
            from tiedtts.speech.timestamps import beside, check, encode

            check(timestamps)
            storage.write_bytes(beside(path, timestamps), encode(self, timestamps))
        with files.writer(path, self.sample_rate, encoded) as add:
            add(self.samples)

    def _write(
        self,
        file: BinaryIO,
        format: str | None,
        subtype: str | None,
        sample_rate: int | None,
        timestamps: str | None,
        normalize: float | None,
    ) -> None:
        """Write into an open file, once all is encoded."""
        if not hasattr(file, "write"):
            raise AudioError(
                f"sound is saved to a path or an open file, not to: {type(file).__name__}",
                hint='name a file: save("speech.wav")',
            )
        if format is None:
            # Temporary files and descriptors have numbers for names.
            name = getattr(file, "name", None)
            format = encoding.of_path(name) if isinstance(name, str) and name else "wav"
        if timestamps is not None:
            raise AudioError(
                "timestamps need a path, since they are written beside the sound",
                hint="`tiedtts.speech.timestamps.encode(speech, kind)` returns them as bytes",
            )
        data = self.to_bytes(format, subtype=subtype, sample_rate=sample_rate, normalize=normalize)
        try:
            file.write(data)
        except TypeError as error:
            raise AudioError(
                f"the open file does not take bytes: {error}", hint='open it for bytes: open(path, "wb")'
            ) from error

    def to_bytes(
        self,
        format: str = "wav",
        *,
        subtype: str | None = None,
        sample_rate: int | None = None,
        normalize: float | None = None,
    ) -> bytes:
        """Return a whole sound file, byte for byte what `save` writes.

        Args:
            format: The format, `wav`, `flac`, `ogg`, `opus` or `mp3`.
            subtype: Numbers or codec, as for `save`.
            sample_rate: Sampling rate, Hz; the voice's own by default.
            normalize: Loudness, LUFS, as for `save`.

        Raises:
            AudioError: The format is unknown or cannot hold that.
        """
        suffix = encoding.of_name(format)
        encoded = Encoding(suffix=suffix, subtype=subtype, sample_rate=sample_rate, lufs=normalize)
        return files.encoded(self.samples, self.sample_rate, encoded)

    def play(self) -> None:
        """Play it, and return when it has been heard.

        The package `sounddevice` plays, the extra `play`; without it a player of the system does, such as
        `aplay`, `paplay`, `pw-cat`, `ffplay` or `afplay`.

        Raises:
            AudioError: There is nothing to play with.
        """
        from tiedtts.audio import playback

        with playback.player(self.sample_rate) as add:
            add(self.samples)

    def __repr__(self) -> str:
        return f"<Speech {self.text[:60]!r}, {self.seconds:.2f} s, {self.sample_rate} Hz>"

    def _repr_html_(self) -> str:
        """Show an audio player in a notebook."""
        from tiedtts.speech import player

        return player.html(self.samples, self.sample_rate, self.text, "save it with `.save(path)`")
