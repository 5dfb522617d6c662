"""A voice: a text front end and a renderer, with pauses and fades between the sentences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import TextError
from tiedtts.paths import StrPath
from tiedtts.settings import Settings
from tiedtts.speech import library, pauses, spoken_sentence
from tiedtts.speech.ensemble import Ensemble
from tiedtts.speech.in_pieces import SpeechInPieces
from tiedtts.speech.renderer import Renderer
from tiedtts.speech.speech import Speech
from tiedtts.speech.timing import Timeline
from tiedtts.speech.turns import TURNS
from tiedtts.text import first_clause, reading
from tiedtts.text.frontend import FrontEnd, LeftOut, Sentence
from tiedtts.text.growing import GrowingText
from tiedtts.text.left_out import NOTHING
from tiedtts.text.markup.detection import looks_like_ssml
from tiedtts.text.pronounce.user_lexicon import Files

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from tiedtts.settings import Changes
    from tiedtts.text.markup.spans import Span


class Voice:
    """A voice, loaded and ready to speak; threads may share it.

    Args:
        renderer: Turns the phones of a sentence into samples.
        front_end: Turns text into phones; the one for English without own pronunciations by default.
        ensemble: Other voices that a text may ask for; by default those of the package.
    """

    def __init__(
        self, renderer: Renderer, front_end: FrontEnd | None = None, ensemble: Ensemble | None = None
    ) -> None:
        self.renderer = renderer
        self.front_end = FrontEnd() if front_end is None else front_end
        self.ensemble = Ensemble(renderer) if ensemble is None else ensemble

    @classmethod
    def load(
        cls, voice: StrPath = library.DEFAULT, *, lexicon: Files = None, vocoder: StrPath | None = None
    ) -> "Voice":
        """Load a voice of the package, a voice file, or the nets of a checkpoint, which need torch.

        Args:
            voice: Name, `.onnx` file or `.safetensors` checkpoint: whatever `tiedtts synth --voice` takes.
            lexicon: File of own pronunciations, or several, of which a later one wins.
            vocoder: Another waveform generator than its own, see `tiedtts.speech.vocoders.choose`.

        Raises:
            VoiceError: There is no such voice or vocoder, or the file is not a voice.
            CheckpointError: The checkpoint cannot be read.
            TextError: A lexicon cannot be read.
        """
        return cls(library.renderer(voice, vocoder=vocoder), FrontEnd(lexicon))

    @property
    def name(self) -> str:
        """Name of the voice."""
        return self.renderer.name

    @property
    def audio(self) -> AudioSettings:
        """Sampling rate and frames of its sound."""
        return self.renderer.audio

    @property
    def sample_rate(self) -> int:
        """Sampling rate of its sound, Hz."""
        return self.audio.sample_rate

    def warm_up(self) -> None:
        """Load what is loaded with the first words otherwise, so that they are heard sooner."""
        # A word that is in no dictionary, too.
        self.say("Ready, xyzzy.")

    def say(self, text: str, settings: Settings | None = None, **changes: "Unpack[Changes]") -> Speech:
        """Speak a text of any length; the same arguments give the same samples.

        Args:
            text: What to say; phones in braces are spoken as they are: `{HH AH0 L OW1}`.
            settings: How to say it; by default as the voice speaks by itself.
            changes: Settings by name, in place of those of `settings`: `say(text, speed=1.5, pitch=-2)`.

        Raises:
            TextError: Nothing in the text can be spoken, phones in braces are not phones, or SSML is not
                well-formed.
            ConfigError: A setting is no number or out of range.
            VoiceError: The voice is damaged.
        """
        return self._whole(text, self.stream(text, settings, **changes))

    def _whole(self, text: str, stream: Iterator[Speech]) -> Speech:
        """Return the parts of a text as one."""
        parts = list(stream)
        timeline = Timeline(self.sample_rate)
        for part in parts:
            timeline.add(part)
        return Speech(
            np.concatenate([part.samples for part in parts]),
            self.sample_rate,
            text,
            tuple(phone for part in parts for phone in part.phones),
            tuple(duration for part in parts for duration in part.durations),
            tuple(warning for part in parts for warning in part.warnings),
            sentences=tuple(timeline.sentences),
            marks=tuple(timeline.marks),
            cues=tuple(timeline.cues),
        )

    def stream(
        self, text: str | Iterable[str], settings: Settings | None = None, **changes: "Unpack[Changes]"
    ) -> Iterator[Speech]:
        """Speak a text sentence by sentence; put together, the parts are what `say` returns.

        Each sentence is read and spoken when its part is asked for. The last part carries the warnings
        of the whole text.

        Args:
            text: What to say; or the pieces of one, which come one by one from somewhere else, such as a
                language model, wherever they are cut. A sentence is spoken as soon as the word behind it has
                come whole (one of several lines: as soon as a blank line has come), or the end; spans of
                words count from the start of the first piece. Pieces that have nothing to say give a part
                without samples that tells so in its warnings.
            settings: How to say it, as for `say`.
            changes: Settings by name, as for `say`.

        Raises:
            TextError: As `say`, if it is one text.
            ConfigError: As `say`.
            VoiceError: As `say`.
        """
        settings = replace(Settings() if settings is None else settings, **changes)
        if isinstance(text, str):
            yield from self._text(text, settings)
            return
        if isinstance(text, bytes) or not isinstance(text, Iterable):
            raise TextError(f"a text must be a string, got: {type(text).__name__}")
        yield from self._pieces(text, settings)

    def begin(
        self, settings: Settings | None = None, *, in_haste: bool = False, **changes: "Unpack[Changes]"
    ) -> SpeechInPieces:
        """Begin a text whose pieces come later, one by one; `stream` takes them from an iterator.

        Args:
            settings: How to say it, as for `say`. SSML is read as text: it must be whole.
            in_haste: Whether somebody is listening, so that a sentence of several lines waits for no blank
                line, which might tell more about its lines.
            changes: Settings by name, as for `say`.
        """
        chosen = replace(Settings() if settings is None else settings, **changes)

        def speak(
            sentences: Iterator[Sentence],
            left_out: LeftOut,
            first: int,
            before: Sentence | None,
            opening: str,
        ) -> Iterator[Speech]:
            told = (reading.LOOKS_LIKE_SSML,) if first == 0 and looks_like_ssml(opening) else ()
            return self._sentences(sentences, left_out, chosen, told, first, before)

        front_end = self.front_end.in_english(chosen.english)
        breaks = chosen.breaks and chosen.pause_factor > 0
        growing = GrowingText(front_end, breaks=breaks, in_haste=in_haste)
        return SpeechInPieces(growing, speak, self.sample_rate)

    def stream_spans(
        self, spans: "Sequence[Span]", settings: Settings | None = None, **changes: "Unpack[Changes]"
    ) -> Iterator[Speech]:
        """Speak a marked-up text that is read already, sentence by sentence.

        Args:
            spans: What `tiedtts.text.markup.ssml.parse` finds in SSML, or others.
            settings: How to say it, as for `say`.
            changes: Settings by name, as for `say`.

        Raises:
            TextError: There is nothing to say in it.
            VoiceError: The voice is damaged.
        """
        settings = replace(Settings() if settings is None else settings, **changes)
        left_out = LeftOut()
        breaks = settings.breaks and settings.pause_factor > 0
        sentences = self.front_end.in_english(settings.english).read_spans(spans, left_out, breaks=breaks)
        yield from self._sentences(sentences, left_out, settings)

    def _text(self, text: str, settings: Settings) -> Iterator[Speech]:
        """Speak a whole text."""
        if settings.markup == "subtitles":
            yield from self._subtitles(text, settings)
            return
        found = reading.parse(text, settings, self.ensemble.finder(settings))
        yield from self._read(found, settings)

    def _read(self, found: reading.Parsed, settings: Settings, *, goes_on: bool = False) -> Iterator[Speech]:
        """Speak a text whose structure is known."""
        left_out = LeftOut()
        breaks = settings.breaks and settings.pause_factor > 0
        sentences = found.sentences(self.front_end, left_out, breaks=breaks, goes_on=goes_on)
        yield from self._sentences(sentences, left_out, settings, found.warnings)

    def _subtitles(self, text: str, settings: Settings) -> Iterator[Speech]:
        """Speak subtitles at their times."""
        from tiedtts.speech import subtitled
        from tiedtts.text.structure import cues

        find_voice = self.ensemble.finder(settings)

        def say(cue: cues.Cue, settings: Settings) -> Speech:
            found = reading.parse(text, settings, find_voice, cue.blocks)
            return self._whole(cue.text, self._read(found, settings, goes_on=cue.goes_on))

        yield from subtitled.speak(cues.read(text, settings), settings, self.sample_rate, say)

    def _pieces(self, pieces: Iterable[str], settings: Settings) -> Iterator[Speech]:
        """Speak a text that comes piece by piece."""
        if settings.ssml or settings.markup != "text" or settings.is_directed:
            # A document can be read when all of it is there.
            yield from self._text("".join(map(_checked, pieces)), settings)
            return
        yield from self.begin(settings).parts(map(_checked, pieces))

    def _sentences(
        self,
        sentences: Iterator[Sentence],
        left_out: LeftOut,
        settings: Settings,
        told: tuple[str, ...] = (),
        first: int = 0,
        before: Sentence | None = None,
    ) -> Iterator[Speech]:
        """Speak sentences of a text, of which so many were spoken before, the last of them `before`."""
        if first == 0:
            sentences = first_clause.cut(sentences)
        sentence: Sentence | None = None
        number = first
        known: set[str] = set()
        while True:
            with TURNS:
                if sentence is None and (sentence := next(sentences, None)) is None:
                    raise TextError(
                        "; ".join((NOTHING, *left_out.warnings())),
                        hint="give a text with words in Latin letters or with numbers",
                    )
                following = next(sentences, None)
                warnings = (*told, *left_out.warnings()) if following is None else ()
                part = spoken_sentence.make(
                    sentence,
                    self.ensemble.speaker(sentence, settings),
                    settings,
                    sample_rate=self.sample_rate,
                    number=number,
                    pause=pauses.pause(sentence, following, settings),
                    warnings=warnings,
                )
            # What holds for all sentences is told once.
            new = tuple(warning for warning in part.warnings if warning not in known)
            known.update(new)
            part = replace(part, is_last=following is None, warnings=new)
            if number == first:
                # What came before was spoken when nobody knew that there would be more.
                usual = 0.0 if before is None else pauses.pause(before, sentence, settings)
                part = pauses.after(part, usual if sentence.before is None else sentence.before)
                part = replace(part, marks=(*pauses.marks_ahead(sentence, 0, self.sample_rate), *part.marks))
            if following is not None:
                end = len(part.samples) - round(
                    pauses.pause(sentence, following, settings) * self.sample_rate
                )
                part = replace(
                    part, marks=(*part.marks, *pauses.marks_ahead(following, end, self.sample_rate))
                )
            yield part
            if following is None:
                return
            sentence, number = following, number + 1


def _checked(piece: object) -> str:
    """Return a piece of a text, which must be one."""
    if not isinstance(piece, str):
        raise TextError(f"a piece of a text must be a string, got: {type(piece).__name__}")
    return piece
