"""A voice file in ONNX Runtime: no torch."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tiedtts.audio import harmonic
from tiedtts.audio.settings import AudioSettings
from tiedtts.errors import VoiceError, is_out_of_memory
from tiedtts.speech import intonation, metadata
from tiedtts.speech.metadata import METADATA_KEY, OUTPUTS, check_graph
from tiedtts.speech.renderer import Factors, Rendering, averaging, mean
from tiedtts.text.frontend import Sentence

if TYPE_CHECKING:
    from tiedtts.speech.vocoders import Generator

MOST_AT_ONCE = 256
"""Frames that a voice may make in one step."""
OWN = "harmonic"
"""Name of the vocoder inside a voice file."""
MEL = "mel"
"""Another output, read by vocoders that are not the voice's own; older voices lack it."""


class OnnxRenderer:
    """The graph of a voice file and the excitation that it filters; threads may share it.

    Args:
        model: Bytes of a voice file.
        name: Name in errors.
        vocoder: Another waveform generator than its own: `lpc`, `griffinlim`, or a checkpoint.
        trusted: The bytes are as safe as this program is: they are not looked through.

    Raises:
        VoiceError: The bytes are not a voice, or one for another version, or there is no such vocoder.
    """

    def __init__(
        self,
        model: bytes,
        name: str,
        *,
        vocoder: str | None = None,
        trusted: bool = False,
    ) -> None:
        if not trusted:
            # The package's own voices start sooner without.
            from tiedtts.speech import onnx_file

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
        self._about, self.metadata = metadata.read(properties.get(METADATA_KEY), name)
        self._each_phone = check_graph(self._session.get_inputs(), self._session.get_outputs(), name)
        self._generator: Generator | None = None
        if vocoder not in (None, OWN):
            # Few voices speak so, and all others start sooner without.
            from tiedtts.speech import vocoders

            self._generator = vocoders.choose(vocoder, self.audio, None, name)
            if MEL not in {output.name for output in self._session.get_outputs()}:
                raise VoiceError(
                    f"{name} has no output for other vocoders than its own",
                    hint="make it again with `tiedtts export`",
                )

    @property
    def name(self) -> str:
        """Name of the voice."""
        return self._about.name

    @property
    def audio(self) -> AudioSettings:
        """Sampling rate and frames of its sound."""
        return self._about.audio

    def render(self, sentence: Sentence, *, speed: Factors, shift: Factors, seed: Sequence[int]) -> Rendering:
        """Make the samples of one sentence."""
        warnings: tuple[str, ...] = ()
        if self._each_phone:
            inputs = {"ids": sentence.ids[None], "speed": speed[None], "shift": shift[None]}
        else:
            warnings = averaging(speed, shift)
            inputs = {"ids": sentence.ids[None], "speed": mean(speed), "shift": mean(shift)}
        if self._generator is not None:
            from tiedtts.audio.frames import Frames

            durations, log_f0, voicing, mel = self._run((*OUTPUTS[:3], MEL), inputs)
            voiced = (voicing > 0.5).astype(np.float32)
            log_f0 = intonation.moved(sentence, log_f0, voiced, durations, shift)
            frames = Frames(mel, log_f0, voiced)
            return Rendering(self._generator(frames, seed), durations, warnings)
        durations, log_f0, voicing, real, imaginary, gain = self._run(OUTPUTS, inputs)
        voiced = (voicing > 0.5).astype(np.float32)
        log_f0 = intonation.moved(sentence, log_f0, voiced, durations, shift)
        sizes = self._about.filter
        filters = harmonic.Filters(real, imaginary, gain, sizes.n_fft, sizes.step)
        samples = harmonic.synthesise(filters, log_f0, voiced, self.audio, seed)
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
