"""Segments: random stretches of recordings, with their phones and some frames around them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from tiedtts.audio import excitation
from tiedtts.audio.mel import FLOOR
from tiedtts.audio.pitch import oscillator_phase
from tiedtts.audio.settings import AudioSettings
from tiedtts.nets.acoustic import AcousticConfig, frame_positions
from tiedtts.training.corpus import Utterance
from tiedtts.training.tasks.acoustic import phone_means

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Prosody:
    """The inputs of the acoustic net that a recording has beside its phones."""

    pitch: Floats
    """Pitch of each phone, normalised, (T,)."""
    energy: Floats
    """Energy of each phone, normalised, (T,)."""
    turned: Floats
    """Phase of an oscillator at the recording's pitch where each frame begins, radians, (F,)."""


class Segments:
    """Cuts segments out of recordings, for both nets at once.

    Of a recording only what is small is kept beside its features: pulses are made for each segment anew.

    Args:
        utterances: The recordings.
        config: Scale and stride of the acoustic net.
        audio: Settings of the features.
        frames: Length of a segment, G.
        context: Frames that the acoustic net makes before and after a segment.
    """

    def __init__(
        self,
        utterances: Sequence[Utterance],
        config: AcousticConfig,
        audio: AudioSettings,
        frames: int,
        context: int,
    ) -> None:
        self.utterances, self.config, self.audio = utterances, config, audio
        self.frames, self.context = frames, context
        self._prosody = [self._measure(utterance) for utterance in utterances]

    def _measure(self, utterance: Utterance) -> _Prosody:
        config, f, hop = self.config, utterance.features, self.audio.hop
        loudness = (f.mel.mean(1) - config.mel_mean) / config.mel_std
        log_f0 = ((f.log_f0 - config.log_f0_mean) / config.log_f0_std).astype(np.float32)
        pitch, energy = phone_means(loudness.astype(np.float32), log_f0, f.voiced, utterance.durations)
        turned = oscillator_phase(f.log_f0, hop, self.audio.sample_rate)[hop - 1 :: hop]
        turned = np.concatenate([[0.0], turned])[: f.frames] % (2 * np.pi)
        return _Prosody(pitch, energy, turned.astype(np.float32))

    def batch(self, indices: Sequence[int], seeds: Sequence[int], drawings: int) -> dict[str, Tensor]:
        """Cut a segment out of each of some recordings, with so many drawings of noise.

        Returns:
            The arguments of `JointNet` by name; and of each segment the recorded `mel`, normalised, `samples`
            and `real`, 1 where there is a recording.
        """
        rows = [
            self._row(index, np.random.default_rng(seed), drawings)
            for index, seed in zip(indices, seeds, strict=True)
        ]
        longest = max(len(row["ids"]) for row in rows)
        found: dict[str, Tensor] = {}
        for name in rows[0]:
            values = [row[name] for row in rows]
            if name in _PER_PHONE:
                values = [F.pad(v, [0, 0] * (v.dim() - 1) + [0, longest - len(v)]) for v in values]
            found[name] = torch.stack(values)
        return found

    def _row(self, index: int, rng: np.random.Generator, drawings: int) -> dict[str, Tensor]:
        utterance, prosody = self.utterances[index], self._prosody[index]
        f, hop, size = utterance.features, self.audio.hop, self.frames
        start = int(rng.integers(0, max(1, f.frames - size + 1)))
        span, samples = slice(start, start + size), slice(start * hop, (start + size) * hop)
        log_f0, voiced = f.log_f0[span], f.voiced[span].astype(np.float32)
        # The phase is told against an oscillator that began with the recording.
        phase = f.phase[span] + prosody.turned[start]
        pulses = excitation.pulse_train(log_f0, voiced, hop, self.audio.sample_rate, phase)
        mel = (f.mel[span] - self.config.mel_mean) / self.config.mel_std
        silence = (float(np.log(FLOOR)) - self.config.mel_mean) / self.config.mel_std
        noise = rng.standard_normal((drawings, size * hop), np.float32)
        return {
            "ids": torch.from_numpy(utterance.ids),
            "mask": torch.ones(len(utterance.ids)),
            "pitch": torch.from_numpy(prosody.pitch),
            "energy": torch.from_numpy(prosody.energy),
            **self._frames(utterance, start),
            "log_f0": _fitted(log_f0, size, float(log_f0[-1])),
            "voiced": _fitted(voiced, size),
            "pulses": _fitted(pulses, size * hop),
            "noise": torch.from_numpy(noise if drawings > 1 else noise[0]),
            "mel": _fitted(mel, size, silence),
            "real": _fitted(np.ones(len(log_f0)), size),
            "samples": _fitted(f.samples[samples], size * hop),
        }

    def _frames(self, utterance: Utterance, start: int) -> dict[str, Tensor]:
        """Return which frames the acoustic net makes for a segment: whole steps of it, some around."""
        stride, size, count = self.config.stride, self.frames, utterance.features.frames
        first = max(0, start - self.context) // stride * stride
        length = min(count, start + size + self.context) - first
        length += -length % stride
        width = -(-(size + 2 * self.context + stride - 1) // stride) * stride
        index, position = frame_positions(torch.from_numpy(utterance.durations), first + length)
        index, position = index[first:], position[first:]
        rest = width - length
        return {
            "index": F.pad(index, (0, rest), value=int(index[-1])),
            "position": F.pad(position, (0, 0, 0, rest)),
            "frame_mask": F.pad(torch.ones(length), (0, rest)),
            "place": torch.arange(size) + (start - first),
        }


_PER_PHONE = {"ids", "mask", "pitch", "energy"}


def _fitted(values: npt.NDArray[np.floating], size: int, filler: float = 0.0) -> Tensor:
    """Fill the first axis up to a length, so that short recordings can be batched."""
    pad = [(0, size - len(values)), *[(0, 0)] * (values.ndim - 1)]
    return torch.from_numpy(np.pad(values, pad, constant_values=filler).astype(np.float32))
