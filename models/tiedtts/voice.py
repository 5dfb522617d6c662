"""Voices: text in, speech out. Needs numpy and ONNX Runtime, not torch."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tiedtts.audio import excitation, filtering
from tiedtts.audio.settings import AudioSettings
from tiedtts.base_voice import BaseVoice, Factors, Rendering, mean, one_for_all
from tiedtts.errors import VoiceError
from tiedtts.speaking import SEMITONES, SPEEDS
from tiedtts.speech import Speech
from tiedtts.text.frontend import FrontEnd, Sentence
from tiedtts.text.phones import CLAUSES, INVENTORY_VERSION, PHONES, POSITIONS, STRESSES
from tiedtts.text.user_lexicon import Files

if TYPE_CHECKING:
    from tiedtts.generators import Generator

__all__ = ["SEMITONES", "SPEEDS", "Speech", "Voice", "find", "list_voices", "load"]

DEFAULT = "kathleen"
"""The voice that speaks when none is named."""
FORMAT = 2
"""Of voice files; a reader refuses what is newer. Those of format 1 have one speed and one shift of pitch a
sentence, later ones of each phone."""
METADATA_KEY = "tiedtts"
"""Under which a voice file describes itself, as JSON."""
INPUTS = ("ids", "speed", "shift")
OUTPUTS = ("durations", "log_f0", "voicing", "real", "imaginary", "gain")
CHECKPOINT = ".safetensors"
"""Suffix of checkpoints."""
OWN = "harmonic"
"""The vocoder inside a voice file."""
MEL = "mel"
"""Another output, read by vocoders that are not the voice's own; voices of before do not have it."""
_FOLDER = Path(__file__).parent / "voices"


def list_voices() -> list[str]:
    """Return the names of the voices in the package."""
    return sorted(path.stem for path in _FOLDER.glob("*.onnx"))


def find(voice: str | Path) -> Path:
    """Return the file of a voice of the package, or of any other.

    Raises:
        VoiceError: There is no such voice.
    """
    path = Path(voice)
    if path.suffix == CHECKPOINT:
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


def load(voice: str | Path = DEFAULT, *, lexicon: Files = None, vocoder: str | None = None) -> BaseVoice:
    """Load a voice of the package, a voice file, or the nets of a checkpoint, which need torch.

    Args:
        voice: Name or file.
        lexicon: File of own pronunciations, or several, of which a later one wins.
        vocoder: Another waveform generator than its own, see `tiedtts.generators.choose`.

    Raises:
        VoiceError: There is no such voice or vocoder.
        CheckpointError: The checkpoint cannot be read.
    """
    if Path(voice).suffix == CHECKPOINT:
        from tiedtts.checkpoint_voice import CheckpointVoice

        return CheckpointVoice.load(Path(voice), lexicon=lexicon, vocoder=vocoder)
    return Voice.load(voice, lexicon=lexicon, vocoder=vocoder)


class Voice(BaseVoice):
    """A voice, loaded and ready to speak.

    Args:
        model: Bytes of a voice file.
        name: What errors call it.
        lexicon: File of own pronunciations, or several, of which a later one wins.
        vocoder: Another waveform generator than its own: `lpc`, `griffinlim`, or a checkpoint.

    Raises:
        VoiceError: The bytes are not a voice, or one for another version, or there is no such vocoder.
        TextError: The lexicon cannot be read.
    """

    def __init__(self, model: bytes, name: str, *, lexicon: Files = None, vocoder: str | None = None) -> None:
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
        self._each_phone = len(self._session.get_inputs()[1].shape) > 1
        super().__init__(AudioSettings.from_dict(self.metadata["audio"]), FrontEnd(lexicon))
        self._generator: Generator | None = None
        if vocoder not in (None, OWN):
            # Few voices speak so, and all others start sooner without.
            from tiedtts import generators

            self._generator = generators.choose(vocoder, self.audio, None, name)
            if MEL not in {output.name for output in self._session.get_outputs()}:
                raise VoiceError(
                    f"{name} has no output for other vocoders than its own",
                    hint="make it again with `tiedtts export`",
                )

    @classmethod
    def load(
        cls, voice: str | Path = DEFAULT, *, lexicon: Files = None, vocoder: str | None = None
    ) -> "Voice":
        """Load a voice of the package by its name, or any other from its file.

        Raises:
            VoiceError: There is no such voice or vocoder, or the file is not a voice.
        """
        path = find(voice)
        try:
            return cls(path.read_bytes(), str(voice), lexicon=lexicon, vocoder=vocoder)
        except OSError as error:
            raise VoiceError(f"cannot read {path}: {error.strerror}") from error

    @property
    def name(self) -> str:
        """Name of the voice."""
        return str(self.metadata["name"])

    def render(self, sentence: Sentence, *, speed: Factors, shift: Factors, seed: Sequence[int]) -> Rendering:
        """Make the samples of one sentence."""
        warnings: tuple[str, ...] = ()
        if self._each_phone:
            inputs = {"ids": sentence.ids[None], "speed": speed[None], "shift": shift[None]}
        else:
            warnings = one_for_all(speed, shift)
            inputs = {"ids": sentence.ids[None], "speed": mean(speed), "shift": mean(shift)}
        if self._generator is not None:
            from tiedtts.generators import Frames

            durations, log_f0, voicing, mel = self._session.run((*OUTPUTS[:3], MEL), inputs)
            frames = Frames(mel, log_f0, (voicing > 0.5).astype(np.float32))
            return Rendering(self._generator(frames, seed), durations, warnings)
        durations, log_f0, voicing, real, imaginary, gain = self._session.run(OUTPUTS, inputs)
        voiced = (voicing > 0.5).astype(np.float32)
        pulses = excitation.pulse_train(log_f0, voiced, self.audio.hop, self.sample_rate)
        noise = np.random.default_rng(seed).standard_normal(len(pulses), np.float32)
        window, step = (self.metadata["filter"][key] for key in ("n_fft", "step"))
        samples = filtering.shape(pulses, noise, real, imaginary, gain, window, step)
        return Rendering(samples, durations, warnings)

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
