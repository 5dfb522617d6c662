"""Voices: text in, speech out. Needs numpy and ONNX Runtime, not torch."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tiedtts.audio import excitation, filtering
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import TextError, VoiceError
from tiedtts.text.frontend import FrontEnd, Sentence
from tiedtts.text.phones import CLAUSES, INVENTORY_VERSION, PHONES, POSITIONS, STRESSES, Phone

DEFAULT = "kathleen"
"""The voice that speaks when none is named."""
FORMAT = 1
"""Of voice files; a reader refuses what is newer."""
METADATA_KEY = "tiedtts"
"""Under which a voice file describes itself, as JSON."""
INPUTS = ("ids", "speed", "shift")
OUTPUTS = ("durations", "log_f0", "voicing", "real", "imaginary", "gain")
SENTENCE_PAUSE = 0.25
"""Silence between sentences, seconds."""
FADE = 0.005
"""Fade at both ends of a sentence, seconds: no click where sentences are joined."""
LOUDEST = 0.98
"""A sentence with larger samples is turned down rather than clipped, full scale 1."""
SPEEDS = (0.25, 4.0)
"""Slowest and fastest."""
SEMITONES = (-24.0, 24.0)
"""Lowest and highest shift of the pitch."""

_FOLDER = Path(__file__).parent / "voices"


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

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return len(self.samples) / self.sample_rate


def list_voices() -> list[str]:
    """Return the names of the voices in the package."""
    return sorted(path.stem for path in _FOLDER.glob("*.onnx"))


def find(voice: str | Path) -> Path:
    """Return the file of a voice of the package, or of any other.

    Raises:
        VoiceError: There is no such voice.
    """
    path = Path(voice)
    if path.suffix == ".safetensors":
        raise VoiceError(
            f"{path} is a checkpoint, not a voice",
            hint=f"tiedtts export {path} -o {path.with_suffix('.onnx').name}",
        )
    if not path.is_file():
        path = _FOLDER / f"{voice}.onnx"
        if Path(voice).name != str(voice) or not path.is_file():
            raise VoiceError(
                f"no such voice: {voice}",
                hint=f"name an .onnx file or one of: {', '.join(list_voices()) or 'none is installed'}",
            )
    return path


class Voice:
    """A voice, loaded and ready to speak.

    Args:
        model: Bytes of a voice file.
        name: What errors call it.
        lexicon: File of own pronunciations.

    Raises:
        VoiceError: The bytes are not a voice, or one for another version.
        TextError: The lexicon cannot be read.
    """

    def __init__(self, model: bytes, name: str, *, lexicon: Path | None = None) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # A sentence is too little work to share out, and idle threads that spin cost more than they give.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
            properties = self._session.get_modelmeta().custom_metadata_map
            self.metadata: dict[str, Any] = json.loads(properties[METADATA_KEY])
        except KeyError:
            raise VoiceError(
                f"{name} is an ONNX file, but not a TiedTTS voice",
                hint="`tiedtts export` makes a voice from a checkpoint",
            ) from None
        except Exception as error:
            # ONNX Runtime's errors have no common class of their own.
            raise VoiceError(
                f"{name} is damaged or is not a voice",
                hint="make it again with `tiedtts export`",
            ) from error
        self._check(name)
        self.audio = AudioSettings.from_dict(self.metadata["audio"])
        self.front_end = FrontEnd(lexicon)

    @classmethod
    def load(cls, voice: str | Path = DEFAULT, *, lexicon: Path | None = None) -> "Voice":
        """Load a voice of the package by its name, or any other from its file.

        Raises:
            VoiceError: There is no such voice, or the file is not one.
        """
        path = find(voice)
        try:
            return cls(path.read_bytes(), str(voice), lexicon=lexicon)
        except OSError as error:
            raise VoiceError(f"cannot read {path}: {error.strerror}") from error

    @property
    def name(self) -> str:
        """Name of the voice."""
        return str(self.metadata["name"])

    @property
    def sample_rate(self) -> int:
        """Hz."""
        return self.audio.sample_rate

    def say(self, text: str, *, speed: float = 1.0, pitch: float = 0.0, seed: int = 0) -> Speech:
        """Speak a text of any length; the same arguments give the same samples.

        Args:
            text: What to say; phones in braces are spoken as they are: `{HH AH0 L OW1}`.
            speed: Larger is faster, 0.25 to 4.
            pitch: Shift in semitones, -24 to 24.
            seed: Of the noise in the voice.

        Raises:
            TextError: Nothing in the text can be spoken, or phones in braces are not phones.
            VoiceError: Speed or pitch is out of range.
        """
        parts = list(self.stream(text, speed=speed, pitch=pitch, seed=seed))
        return Speech(
            np.concatenate([part.samples for part in parts]),
            self.sample_rate,
            text,
            tuple(phone for part in parts for phone in part.phones),
            tuple(duration for part in parts for duration in part.durations),
            tuple(warning for part in parts for warning in part.warnings),
        )

    def stream(self, text: str, *, speed: float = 1.0, pitch: float = 0.0, seed: int = 0) -> Iterator[Speech]:
        """Speak a text sentence by sentence; put together, the parts are what `say` returns.

        The first part carries the warnings of the whole text.
        """
        _check_range("speed", speed, SPEEDS)
        _check_range("pitch", pitch, SEMITONES)
        analysis = self.front_end.analyse(text)
        if not analysis.sentences:
            raise TextError(
                # The last warning is that there are no words.
                "; ".join(("there is nothing to say in the text", *analysis.warnings[:-1])),
                hint="give a text with words in Latin letters or with numbers",
            )
        warnings = tuple(analysis.warnings)
        last = len(analysis.sentences) - 1
        for number, sentence in enumerate(analysis.sentences):
            pause = SENTENCE_PAUSE / speed if number < last else 0.0
            yield self._speak(sentence, speed, pitch, [seed, number], pause, warnings)
            warnings = ()

    def _speak(
        self,
        sentence: Sentence,
        speed: float,
        pitch: float,
        seed: list[int],
        pause: float,
        warnings: tuple[str, ...],
    ) -> Speech:
        """Make the samples of one sentence."""
        hop, rate = self.audio.hop, self.sample_rate
        shift = pitch * np.log(2) / 12
        inputs = {
            "ids": sentence.ids[None],
            "speed": np.array([speed], np.float32),
            "shift": np.array([shift], np.float32),
        }
        durations, log_f0, voicing, real, imaginary, gain = self._session.run(OUTPUTS, inputs)
        pulses = excitation.pulse_train(log_f0, (voicing > 0.5).astype(np.float32), hop, rate)
        noise = np.random.default_rng(seed).standard_normal(len(pulses), np.float32)
        window, step = (self.metadata["filter"][key] for key in ("n_fft", "step"))
        samples = filtering.shape(pulses, noise, real, imaginary, gain, window, step)
        samples = samples[: int(durations.sum()) * hop]
        _fade(samples, int(FADE * rate))
        samples *= min(1.0, LOUDEST / max(float(np.abs(samples).max(initial=0.0)), 1e-9))
        silence = round(pause * rate)
        lengths = durations * hop
        lengths[-1] += silence
        return Speech(
            np.concatenate([samples, np.zeros(silence, np.float32)]),
            rate,
            sentence.text,
            sentence.phones,
            tuple(int(n) for n in lengths),
            warnings,
        )

    def _check(self, name: str) -> None:
        """Refuse a voice that this program cannot speak with."""
        if int(self.metadata["format"]) > FORMAT:
            raise VoiceError(
                f"{name} has format {self.metadata['format']}, newer than {FORMAT}",
                hint="install a newer tiedtts",
            )
        text = self.metadata["text"]
        own = [list(table) for table in (PHONES, STRESSES, POSITIONS, CLAUSES)]
        if text["inventory"] != INVENTORY_VERSION or own != [
            text[key] for key in ("phones", "stresses", "positions", "clauses")
        ]:
            raise VoiceError(
                f"{name} was made for other phones than this version speaks",
                hint="train and export it again with this version",
            )


def _check_range(name: str, value: float, bounds: tuple[float, float]) -> None:
    if not bounds[0] <= value <= bounds[1]:
        raise VoiceError(f"`{name}` must be {bounds[0]:g} to {bounds[1]:g}, got: {value:g}")


def _fade(samples: npt.NDArray[np.float32], length: int) -> None:
    """Let the first and the last samples rise from and fall to zero, in place."""
    length = min(length, len(samples) // 2)
    if length:
        ramp = np.linspace(0.0, 1.0, length, dtype=np.float32)
        samples[:length] *= ramp
        samples[-length:] *= ramp[::-1]
