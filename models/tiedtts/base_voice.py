"""What every voice does: text to sentences, sentences to sound, pauses and fades between them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tiedtts import timing
from tiedtts.audio import files, loudness
from tiedtts.audio.encoding import Encoding, of_path
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import ConfigError, TextError, VoiceError
from tiedtts.speaking import Settings
from tiedtts.text import opening
from tiedtts.text.frontend import FrontEnd, LeftOut, Sentence
from tiedtts.text.phones import Phone
from tiedtts.timing import Mark, SpokenSentence, SpokenWord

FADE = 0.005
"""Fade at both ends of a sentence, seconds: no click where sentences are joined."""


@dataclass(frozen=True)
class Speech:
    """Spoken text."""

    samples: npt.NDArray[np.float32]
    """Mono, full scale 1, (S,)."""
    sample_rate: int
    """Hz."""
    text: str
    """What was spoken, as it was written."""
    phones: tuple[Phone, ...]
    """What was spoken, as it sounds, T of them."""
    durations: tuple[int, ...]
    """Samples of each phone, (T,); silence between sentences belongs to the pause before it."""
    warnings: tuple[str, ...] = ()
    """What could not be spoken, and other things worth knowing."""
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
            sample_rate: Of the file, Hz; the voice's own by default.
            timestamps: Write the times of words and phones into a file beside it: json, srt, vtt or textgrid.

        Raises:
            AudioError: The format is unknown or cannot hold that, or the file cannot be written.
            ConfigError: There is no such kind of timestamps.
        """
        path = Path(path)
        if timestamps is not None:
            from tiedtts.timestamps import Timeline, beside, check

            check(timestamps)
            timeline = Timeline(self.sample_rate)
            timeline.add(self)
            files.write_bytes(beside(path, timestamps), timeline.encode(timestamps))
        encoding = Encoding(suffix=of_path(path), subtype=subtype, sample_rate=sample_rate)
        with files.writer(path, self.sample_rate, encoding) as add:
            add(self.samples)

    def _repr_html_(self) -> str:
        """Show an audio player in a notebook."""
        from tiedtts.audio import player

        return player.html(self.samples, self.sample_rate, self.text, "save it with `.save(path)`")


@dataclass(frozen=True)
class Rendering:
    """One sentence as sound, without its surroundings."""

    samples: npt.NDArray[np.float32]
    """(S,), at least as long as the phones."""
    durations: npt.NDArray[np.int64]
    """Frames of each phone, (T,)."""
    warnings: tuple[str, ...] = ()
    """What went wrong with this sentence."""


class BaseVoice(ABC):
    """A voice, loaded and ready to speak; threads may share it.

    Args:
        audio: Of the sound it makes.
        front_end: Turns text into phones.
    """

    def __init__(self, audio: AudioSettings, front_end: FrontEnd) -> None:
        self.audio = audio
        self.front_end = front_end

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the voice."""

    @abstractmethod
    def render(self, sentence: Sentence, *, speed: float, shift: float, seed: Sequence[int]) -> Rendering:
        """Make the samples of one sentence.

        Args:
            sentence: Its phones.
            speed: Larger is faster.
            shift: Added to the pitch, natural logarithm of a ratio.
            seed: Of all that is random.
        """

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.audio.sample_rate

    def say(
        self,
        text: str,
        *,
        speed: float = 1.0,
        pitch: float = 0.0,
        volume: float = 0.0,
        pause: float | None = None,
        seed: int = 0,
    ) -> Speech:
        """Speak a text of any length; the same arguments give the same samples.

        Args:
            text: What to say; phones in braces are spoken as they are: `{HH AH0 L OW1}`.
            speed: Larger is faster, 0.25 to 4.
            pitch: Shift in semitones, -24 to 24.
            volume: Louder or softer, decibels, -96 to 20; peaks that would overload are held back.
            pause: Silence between sentences, seconds, 0 to 60, and twice that between paragraphs; by
                default 0.25 s at the voice's own speed.
            seed: Of the noise in the voice, a whole number from 0 up.

        Raises:
            TextError: Nothing in the text can be spoken, or phones in braces are not phones.
            VoiceError: A setting is no number or out of range.
        """
        parts = list(self.stream(text, speed=speed, pitch=pitch, volume=volume, pause=pause, seed=seed))
        starts = np.cumsum([0, *(len(part.samples) for part in parts)]).tolist()
        return Speech(
            np.concatenate([part.samples for part in parts]),
            self.sample_rate,
            text,
            tuple(phone for part in parts for phone in part.phones),
            tuple(duration for part in parts for duration in part.durations),
            tuple(warning for part in parts for warning in part.warnings),
            sentences=tuple(
                sentence
                for part, start in zip(parts, starts, strict=False)
                for sentence in timing.later(part.sentences, start)
            ),
            marks=tuple(
                mark
                for part, start in zip(parts, starts, strict=False)
                for mark in timing.marks_later(part.marks, start)
            ),
        )

    def stream(
        self,
        text: str | Iterable[str],
        *,
        speed: float = 1.0,
        pitch: float = 0.0,
        volume: float = 0.0,
        pause: float | None = None,
        seed: int = 0,
    ) -> Iterator[Speech]:
        """Speak a text sentence by sentence; put together, the parts are what `say` returns.

        Each sentence is read and spoken when its part is asked for. The last part carries the warnings
        of the whole text.

        Args:
            text: What to say; or several texts, which may come one by one from somewhere else and are
                said as soon as they are there. One that cannot be said then gives a part without samples
                that tells why in its warnings.
            speed: As for `say`.
            pitch: As for `say`.
            volume: As for `say`.
            pause: As for `say`.
            seed: As for `say`.

        Raises:
            TextError: As `say`, if it is one text.
            VoiceError: As `say`.
        """
        try:
            settings = Settings(speed=speed, pitch=pitch, volume=volume, pause=pause, seed=seed)
        except ConfigError as error:
            raise VoiceError(str(error), hint=error.hint) from None
        if isinstance(text, str):
            yield from self._text(text, settings)
            return
        if isinstance(text, bytes) or not isinstance(text, Iterable):
            raise TextError(f"a text must be a string, got: {type(text).__name__}")
        number = 0
        for piece in text:
            try:
                for part in self._text(piece, settings, number):
                    number += 1
                    yield part
            except TextError as error:
                yield Speech(np.zeros(0, np.float32), self.sample_rate, piece, (), (), (str(error),))

    def _text(self, text: str, settings: Settings, first: int = 0) -> Iterator[Speech]:
        """Speak a text of which so many sentences were spoken before."""
        left_out = LeftOut()
        sentences = self.front_end.read(text, left_out)
        if first == 0:
            sentences = opening.cut(sentences)
        sentence = next(sentences, None)
        if sentence is None:
            raise TextError(
                "; ".join(("there is nothing to say in the text", *left_out.warnings())),
                hint="give a text with words in Latin letters or with numbers",
            )
        number = first
        while sentence is not None:
            following = next(sentences, None)
            pause = 0.0
            if following is not None and not sentence.goes_on:
                pause = settings.silence(paragraph=following.paragraph != sentence.paragraph)
            warnings = left_out.warnings() if following is None else ()
            part = self._speak(sentence, settings, number, pause, warnings)
            part = replace(part, is_last=following is None)
            # What came before is another text: nobody knew then that there would be more.
            yield _after(part, settings.silence(paragraph=False)) if number == first > 0 else part
            sentence, number = following, number + 1

    def _speak(
        self, sentence: Sentence, settings: Settings, number: int, pause: float, warnings: tuple[str, ...]
    ) -> Speech:
        """Make one sentence and the silence after it."""
        hop, rate = self.audio.hop, self.sample_rate
        shift = float(settings.pitch) * np.log(2) / 12
        made = self.render(
            sentence, speed=float(settings.speed), shift=shift, seed=[int(settings.seed), number]
        )
        samples = made.samples[: int(made.durations.sum()) * hop]
        _fade(samples, int(FADE * rate))
        # Louder than there is room for: the sentence is turned down rather than clipped.
        samples *= min(1.0, loudness.CEILING / max(float(np.abs(samples).max(initial=0.0)), 1e-9))
        if settings.volume:
            samples = loudness.amplify(samples, 10 ** (float(settings.volume) / 20), rate)
        silence = round(pause * rate)
        lengths = (made.durations * hop).tolist()
        lengths[-1] += silence
        return Speech(
            np.concatenate([samples, np.zeros(silence, np.float32)]),
            rate,
            sentence.text,
            sentence.phones,
            tuple(lengths),
            (*warnings, *made.warnings),
            sentences=timing.sentence(sentence.text, sentence.words, sentence.phones, lengths, rate),
        )


def _after(part: Speech, pause: float) -> Speech:
    """Return a part with silence before it."""
    silence = round(pause * part.sample_rate)
    return replace(
        part,
        samples=np.concatenate([np.zeros(silence, np.float32), part.samples]),
        durations=(part.durations[0] + silence, *part.durations[1:]),
        sentences=timing.later(part.sentences, silence),
        marks=timing.marks_later(part.marks, silence),
    )


def _fade(samples: npt.NDArray[np.float32], length: int) -> None:
    """Let the first and the last samples rise from and fall to zero, in place."""
    length = min(length, len(samples) // 2)
    if length:
        ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
        samples[:length] *= ramp
        samples[-length:] *= ramp[::-1]
