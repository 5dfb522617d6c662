"""Voices: text in, speech out. Needs numpy and ONNX Runtime, not torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tiedtts import onnx_file, voice_metadata
from tiedtts.audio import excitation, filtering
from tiedtts.base_voice import BaseVoice, Factors, Rendering, mean, one_for_all
from tiedtts.errors import VoiceError, is_out_of_memory
from tiedtts.speaking import SEMITONES, SPEEDS
from tiedtts.speech import Speech
from tiedtts.text.frontend import FrontEnd, Sentence
from tiedtts.text.pronounce.user_lexicon import Files
from tiedtts.voice_metadata import METADATA_KEY, OUTPUTS, check_graph

if TYPE_CHECKING:
    from tiedtts.generators import Generator

__all__ = ["SEMITONES", "SPEEDS", "Speech", "Voice", "find", "list_voices", "load"]

DEFAULT = "kathleen"
"""The voice that speaks when none is named."""
CHECKPOINT = ".safetensors"
"""Suffix of checkpoints."""
MOST_AT_ONCE = 256
"""Frames that a voice may make in one step."""
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
        trusted: The bytes are as safe as this program is: they are not looked through.

    Raises:
        VoiceError: The bytes are not a voice, or one for another version, or there is no such vocoder.
        TextError: The lexicon cannot be read.
    """

    def __init__(
        self,
        model: bytes,
        name: str,
        *,
        lexicon: Files = None,
        vocoder: str | None = None,
        trusted: bool = False,
    ) -> None:
        if not trusted:
            onnx_file.check(model, name)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # A sentence is too little work to share out, and idle threads that spin cost more than they give.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            # Without a second try: that would be the same again, with a report on stdout.
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"], enable_fallback=0
            )
            properties = self._session.get_modelmeta().custom_metadata_map
        # ONNX Runtime's errors have no common class of their own.
        except Exception as error:
            if is_out_of_memory(error):
                raise MemoryError from error
            raise VoiceError(
                f"{name} is damaged or is not a voice",
                hint="make it again with `tiedtts export`",
            ) from error
        self._about, self.metadata = voice_metadata.read(properties.get(METADATA_KEY), name)
        self._each_phone = check_graph(self._session.get_inputs(), self._session.get_outputs(), name)
        super().__init__(self._about.audio, FrontEnd(lexicon))
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
            data = path.read_bytes()
        except OSError as error:
            raise VoiceError(f"cannot read {path}: {error.strerror}") from error
        # A voice of the package is as safe as the package.
        trusted = path.parent == _FOLDER
        return cls(data, str(voice), lexicon=lexicon, vocoder=vocoder, trusted=trusted)

    @property
    def name(self) -> str:
        """Name of the voice."""
        return self._about.name

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

            durations, log_f0, voicing, mel = self._run((*OUTPUTS[:3], MEL), inputs)
            frames = Frames(mel, log_f0, (voicing > 0.5).astype(np.float32))
            return Rendering(self._generator(frames, seed), durations, warnings)
        durations, log_f0, voicing, real, imaginary, gain = self._run(OUTPUTS, inputs)
        voiced = (voicing > 0.5).astype(np.float32)
        pulses = excitation.pulse_train(log_f0, voiced, self.audio.hop, self.sample_rate)
        noise = np.random.default_rng(seed).standard_normal(len(pulses), np.float32)
        sizes = self._about.filter
        samples = filtering.shape(pulses, noise, real, imaginary, gain, sizes.n_fft, sizes.step)
        return Rendering(samples, durations, warnings)

    def _run(self, wanted: Sequence[str], inputs: Mapping[str, Any]) -> Sequence[Any]:
        """Run the graph and refuse what is no sentence."""
        try:
            found: Sequence[Any] = self._session.run(wanted, inputs)
        # ONNX Runtime's errors have no common class of their own.
        except Exception as error:
            if is_out_of_memory(error):
                raise MemoryError from error
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise self._failure(f"its graph cannot be run: {reason[:160]}") from error
        durations, log_f0 = found[:2]
        count = inputs["ids"].shape[1]
        if durations.shape != (count,) or durations.min(initial=0) < 0 or durations.max(initial=0) > 2**31:
            raise self._failure("phones have no durations")
        frames, sizes = log_f0.size, self._about.filter
        # Several frames are made in one step, so that there may be more than the phones need.
        if not 0 <= frames - int(durations.sum()) < MOST_AT_ONCE:
            raise self._failure("phones and frames do not agree")
        filters = (frames * self.audio.hop // sizes.step, sizes.n_fft // 2 + 1)
        shapes = {"log_f0": (frames,), "voicing": (frames,), MEL: (frames, self.audio.n_mels)}
        for key, values in zip(wanted[1:], found[1:], strict=True):
            if values.shape != shapes.get(key, filters):
                raise self._failure(f"`{key}` has the shape {values.shape}, not {shapes.get(key, filters)}")
        if not np.isfinite(log_f0).all():
            raise self._failure("the pitch is not a number")
        return found

    def _failure(self, what: str) -> VoiceError:
        return VoiceError(
            f"the voice {self.name} is damaged: {what}", hint="make it again with `tiedtts export`"
        )
