"""Speaking with a Tacotron: attention that goes forward only, and always comes to an end.

The window over phones follows Zhang et al., "Forward attention", 2018, in its simplest form: from the phone
attended last, the next step may look at that one and a few after it.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tiedtts.audio.frames import Frames
from tiedtts.audio.lpc import LpcFrames
from tiedtts.errors import ConfigError
from tiedtts.nets.tacotron.net import Tacotron

WINDOW = 3
"""Phones ahead of the last one that a step may look at."""
PATIENCE_FRAMES = 120
"""Frames after which a phone is left, about 1.3 seconds."""
ENDING_FRAMES = 40
"""Frames that may follow once the last phone is reached, if the net does not stop by itself."""
FRAMES_A_PHONE = 24
"""Bound of the length: about three times what speech takes."""
FEWEST_FRAMES = 80
"""Bound of the length of very short inputs."""


@dataclass(frozen=True)
class TacotronSpeech:
    """One sentence as frames; F of them in N steps of r."""

    mel: npt.NDArray[np.float32]
    """Natural logarithm of mel band amplitudes, (F, M)."""
    lsf: npt.NDArray[np.float32] | None
    """Line spectral frequencies, radians, (F, P)."""
    log_gain: npt.NDArray[np.float32] | None
    """Natural logarithm of the excitation's root mean square, (F,)."""
    log_f0: npt.NDArray[np.float32] | None
    """Natural logarithm of Hz, (F,)."""
    voiced: npt.NDArray[np.float32] | None
    """1 where there is a pitch, else 0, (F,)."""
    attention: npt.NDArray[np.float32]
    """(N, T)."""
    durations: npt.NDArray[np.int64]
    """Frames in which each phone had most of the attention, (T,)."""
    stopped: bool
    """Whether it came to an end before the bound of its length."""

    def frames(self, log_f0: float, shift: float = 0.0) -> Frames:
        """Return what waveform generators read.

        Args:
            log_f0: Pitch of all frames where the net says none, natural logarithm of Hz.
            shift: Added to the pitch.
        """
        count = len(self.mel)
        pitch = np.full(count, log_f0, np.float32) if self.log_f0 is None else self.log_f0
        voiced = np.ones(count, np.float32) if self.voiced is None else self.voiced
        known = self.lsf is not None and self.log_gain is not None
        filters = LpcFrames(self.lsf, self.log_gain) if known else None  # type: ignore[arg-type]
        return Frames(self.mel, np.asarray(pitch + np.float32(shift), np.float32), voiced, filters)


@torch.no_grad()
def speak(
    net: Tacotron,
    ids: Tensor,
    *,
    window: int | None = WINDOW,
    max_frames: int | None = None,
    drop: bool = False,
    seed: int = 0,
) -> TacotronSpeech:
    """Say one sentence.

    Args:
        net: In evaluation mode.
        ids: Phone, stress, position and clause ids, (T, 4), or symbols, (T,).
        window: Phones ahead that a step may look at; None lets it look anywhere.
        max_frames: Bound of the length, never passed; by default a multiple of the number of phones.
        drop: Whether the pre-net drops values, as in training and in Shen et al., 2018; fewer phones are
            heard wrongly without.
        seed: Seed of the pre-net's dropout.

    Raises:
        ConfigError: There are no phones, or a bound leaves room for nothing.
    """
    reduction, phones = net.config.reduction, len(ids)
    bound = max(FEWEST_FRAMES, FRAMES_A_PHONE * phones, reduction) if max_frames is None else max_frames
    if not phones:
        raise ConfigError("there are no phones to say")
    if window is not None and window < 1:
        raise ConfigError(f"`window` must be at least 1, got: {window}")
    if bound < reduction:
        raise ConfigError(f"`max_frames` must be at least the {reduction} frames of a step, got: {bound}")
    memory = net.encode(ids[None])
    decoder = net.decoder
    processed = decoder.attention_layer.memory_layer(memory)
    generator = torch.Generator(memory.device).manual_seed(seed)
    state = decoder.start(memory)
    before = memory.new_zeros(1, reduction * net.config.n_mels)
    frames, attention = [], []
    place = waited = 0
    stopped = False
    for _ in range(bound // reduction):
        said = decoder.prenet(before, drop=drop, generator=generator)
        allowed = None if window is None else _allowed(place, window, waited, phones, reduction, memory)
        step, state = decoder.step(said, state, memory, processed, allowed)
        rows = step.frames.reshape(reduction, -1)
        frames.append(rows)
        attention.append(step.attention[0])
        before = rows[:, : net.config.n_mels].reshape(1, -1)
        now = int(step.attention[0].argmax())
        waited = waited + 1 if now == place else 0
        place = now
        # Whatever the gate says, nothing may be left unsaid.
        at_end = place >= phones - 1
        if at_end and (float(step.stop[0]) > 0 or waited * reduction >= ENDING_FRAMES):
            stopped = True
            break
    weights = torch.stack(attention)
    out = net.split(torch.cat(frames)[None], weights.new_zeros(1, len(weights)), weights[None])
    config = net.config
    mel = out.mel[0] * config.mel_std + config.mel_mean
    mean = mel.mean(0)
    mel = mean + (mel - mean) * config.mel_spread
    counts = torch.bincount(weights.argmax(1), minlength=phones) * reduction
    lsf = gain = log_f0 = voiced = None
    if out.lpc is not None and out.log_f0 is not None and out.voicing is not None:
        lpc = out.lpc[0] * net.lpc_std + net.lpc_mean
        lsf, gain = _numpy(lpc[:, :-1]), _numpy(lpc[:, -1])
        log_f0 = _numpy(out.log_f0[0] * config.log_f0_std + config.log_f0_mean)
        voiced = _numpy(out.voicing[0] > 0)
    return TacotronSpeech(
        _numpy(mel), lsf, gain, log_f0, voiced, _numpy(weights), counts.cpu().numpy(), stopped
    )


def _allowed(place: int, window: int, waited: int, phones: int, reduction: int, like: Tensor) -> Tensor:
    """Return where a step may look, (1, T)."""
    first = min(place + (waited * reduction >= PATIENCE_FRAMES), phones - 1)
    at = torch.arange(phones, device=like.device)
    return ((at >= first) & (at <= first + window))[None]


def _numpy(values: Tensor) -> npt.NDArray[np.float32]:
    array: npt.NDArray[np.float32] = values.float().cpu().numpy()
    return array
