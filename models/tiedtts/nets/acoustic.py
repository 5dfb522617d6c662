"""Phones to mel spectrogram, pitch and voicing, without recurrence or attention.

After FastSpeech 2 (Ren et al., 2021): an encoder over phones, predictors of duration, pitch and energy, a
repeat of each phone for its frames, a decoder over frames. All stacks are ConvNeXt blocks.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from tiedtts.nets.blocks import ConvNeXtStack
from tiedtts.nets.checks import check_counts, check_kernels, check_scales, check_shares, check_sizes
from tiedtts.nets.variance import PhoneEmbedding, VariancePredictor, Variances
from tiedtts.text.phones import FIRST_SPEECH_ID, SILENCE_ID

POSITION_FEATURES = 5
"""Numbers that tell the decoder where in its phone a frame lies."""
MIN_FRAMES = 2
"""Every phone sounds for at least this long: the aligner's states see to it in training, too."""
LONGEST_FRAMES = 400
"""No phone or pause lasts longer: about four seconds at 94 frames a second."""


@dataclass(frozen=True, kw_only=True)
class AcousticConfig:
    """Sizes of the acoustic net, and the scale of what it predicts."""

    width: int = 160
    """Channels, C."""
    encoder_blocks: int = 4
    """Blocks over phones."""
    variance_width: int = 96
    """Channels of the predictor of duration, pitch and energy."""
    variance_blocks: int = 4
    """Blocks of that predictor."""
    decoder_blocks: int = 6
    """Blocks over frames."""
    encoder_kernel: int = 5
    """Phones seen by one encoder block."""
    decoder_kernel: int = 7
    """Decoder steps seen by one decoder block."""
    expansion: int = 2
    """Inner width of a block as a multiple of `width`."""
    stride: int = 2
    """Frames made by one decoder step."""
    dropout: float = 0.1
    """In the encoder, in training."""
    variance_dropout: float = 0.1
    """In the predictor, which overfits first, in training."""
    sentence_position: bool = False
    """Whether the predictor is told where in its sentence a phone stands: pitch falls from start to end."""
    n_mels: int = 80
    """Mel bands, M."""
    mel_mean: float = -5.0
    """Mean log mel amplitude of the corpus; predictions are scaled by it."""
    mel_std: float = 2.0
    """Standard deviation of log mel amplitudes in the corpus."""
    log_f0_mean: float = 5.1
    """Mean log F0 of the corpus' voiced frames, natural logarithm of Hz."""
    log_f0_std: float = 0.25
    """Standard deviation of log F0 in the corpus' voiced frames."""
    duration_scale: float = 1.0
    """Durations are multiplied by it in synthesis: what is learnt is close to the median of the
    logarithm, which alone would hurry."""
    pitch_scale: float = 1.0
    """Pitch of phones is spread by it in synthesis: what is learnt is a mean, which alone would drone."""
    f0_scale: float = 1.0
    """Pitch of frames is spread by it in synthesis, for what is still missing then."""

    def __post_init__(self) -> None:
        check_sizes(self, "width", "expansion", "stride", "n_mels", "variance_width")
        check_counts(self, "encoder_blocks", "decoder_blocks", "variance_blocks")
        check_kernels(self, "encoder_kernel", "decoder_kernel")
        check_shares(self, "dropout", "variance_dropout")
        check_scales(self, "mel_std", "log_f0_std", "duration_scale", "pitch_scale", "f0_scale")


class FrameTargets(NamedTuple):
    """Predictions for each frame, normalised as in training."""

    mel: Tensor
    """(B, F, M), in standard deviations of the corpus."""
    log_f0: Tensor
    """(B, F), in standard deviations of the corpus."""
    voicing: Tensor
    """Logit of the frame being voiced, (B, F)."""


class Spoken(NamedTuple):
    """One sentence as frames."""

    durations: Tensor
    """Frames of each phone, (T,)."""
    mel: Tensor
    """Natural logarithm of mel band amplitudes, (1, F, M)."""
    log_f0: Tensor
    """Natural logarithm of Hz, (1, F)."""
    voicing: Tensor
    """Probability of a pitch, (1, F)."""


class AcousticNet(nn.Module):
    """The acoustic net; `forward` is the training pass, `encode`, `predict` and `decode` its steps."""

    def __init__(self, config: AcousticConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.embeddings = PhoneEmbedding(width)
        self.encoder = ConvNeXtStack(
            config.encoder_blocks, width, config.encoder_kernel, config.expansion, config.dropout
        )
        self.encoder_norm = nn.LayerNorm(width)
        self.variance = VariancePredictor(
            config.variance_width,
            config.variance_blocks,
            config.encoder_kernel,
            config.expansion,
            config.variance_dropout,
            sentence_position=config.sentence_position,
        )
        self.prosody = nn.Conv1d(2, width, 3, padding=1)
        self.position = nn.Linear(POSITION_FEATURES, width)
        self.merge = nn.Linear(config.stride * width, width)
        self.decoder = ConvNeXtStack(config.decoder_blocks, width, config.decoder_kernel, config.expansion)
        self.decoder_norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, config.stride * (config.n_mels + 2))

    def encode(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Map phone, stress, position and clause ids, (B, T, 4), to hidden states, (B, C, T)."""
        x = self.embeddings(ids) * mask[..., None]
        states: Tensor = self.encoder(x.transpose(1, 2), mask[:, None])
        return states

    def predict(self, ids: Tensor, mask: Tensor) -> Variances:
        """Predict duration, pitch and energy of each phone, (B, T, 4) to (B, T)."""
        variances: Variances = self.variance(ids, mask)
        return variances

    def decode(
        self,
        states: Tensor,
        pitch: Tensor,
        energy: Tensor,
        index: Tensor,
        position: Tensor,
        frame_mask: Tensor | None = None,
    ) -> FrameTargets:
        """Turn phones into frames.

        Args:
            states: Hidden states, (B, C, T).
            pitch: Of each phone, normalised, (B, T).
            energy: Of each phone, normalised, (B, T).
            index: Phone of each frame, (B, F); F a multiple of the stride.
            position: Place of each frame in its phone, (B, F, 5), see `frame_positions`.
            frame_mask: 1 for real frames, (B, F).
        """
        x = self.encoder_norm(states.transpose(1, 2)).transpose(1, 2)
        x = x + self.prosody(torch.stack([pitch, energy], 1))
        x = x.transpose(1, 2)  # (B, C, T) -> (B, T, C)
        batch, frames = index.shape
        stride, width = self.config.stride, self.config.width
        x = torch.gather(x, 1, index[..., None].expand(-1, -1, width)) + self.position(position)
        x = self.merge(x.reshape(batch, frames // stride, stride * width)).transpose(1, 2)
        step_mask = None if frame_mask is None else frame_mask[:, None, ::stride]
        if step_mask is not None:
            x = x * step_mask
        x = self.decoder(x, step_mask).transpose(1, 2)
        out = self.head(self.decoder_norm(x)).reshape(batch, frames, self.config.n_mels + 2)
        return FrameTargets(out[..., :-2], out[..., -2], out[..., -1])

    def speak(self, ids: Tensor, speed: Tensor, shift: Tensor) -> Spoken:
        """Say one sentence.

        Args:
            ids: Phone, stress, position and clause ids, (1, T, 4).
            speed: Of each phone, larger is faster, (1, T).
            shift: Added to the pitch of each phone, natural logarithm of a ratio, (1, T).
        """
        config = self.config
        mask = torch.ones_like(ids[..., 0], dtype=torch.float32)
        states = self.encode(ids, mask)
        variances = self.predict(ids, mask)
        pace = speed / config.duration_scale
        durations = to_frames(ids, variances.log_duration, pace)[0]
        steps = (durations.sum() + config.stride - 1) // config.stride
        # A tensor where a number is meant: so the tracer sees that the length depends on the durations.
        length: Any = steps * config.stride
        index, position = frame_positions(durations, length)
        pitch = variances.pitch * config.pitch_scale
        out = self.decode(states, pitch, variances.energy, index[None], position[None])
        return Spoken(
            durations,
            out.mel * config.mel_std + config.mel_mean,
            out.log_f0 * (config.log_f0_std * config.f0_scale) + config.log_f0_mean + shift[:, index],
            torch.sigmoid(out.voicing),
        )

    def forward(
        self,
        ids: Tensor,
        mask: Tensor,
        pitch: Tensor,
        energy: Tensor,
        index: Tensor,
        position: Tensor,
        frame_mask: Tensor,
    ) -> tuple[Variances, FrameTargets]:
        """Training pass: the true durations, pitch and energy decide what the decoder sees."""
        states = self.encode(ids, mask)
        return self.predict(ids, mask), self.decode(states, pitch, energy, index, position, frame_mask)


def to_frames(ids: Tensor, log_duration: Tensor, speed: Tensor) -> Tensor:
    """Turn predicted durations into whole frames, (B, T) to (B, T), at least `MIN_FRAMES` each.

    Only for unpadded phones: a padding phone would get frames, too.

    Args:
        ids: (B, T, 4).
        log_duration: log(1 + frames), (B, T).
        speed: Larger is faster, (B, T) or a scalar.
    """
    frames = torch.round((torch.exp(log_duration) - 1) / speed)
    is_speech = ids[..., 0] >= FIRST_SPEECH_ID
    # A pause may vanish, a phone may not.
    frames = torch.where(is_speech, frames.clamp(min=MIN_FRAMES), frames.clamp(min=0))
    # Recordings start and end with as much silence as `prepare` left; speech needs only a moment.
    frames = torch.where(ids[..., 0] == SILENCE_ID, frames.clamp(4, 8), frames)
    return frames.clamp(max=LONGEST_FRAMES).long()


def frame_positions(durations: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """Spread phones over frames.

    Args:
        durations: Whole frames of each phone of one utterance, (T,).
        length: Frames to make, F; those past the last phone go to it.

    Returns:
        The phone of each frame, (F,), and its place there, (F, 5): relative centre, frames from the start
        and to the end (up to eight, as eighths), half the logarithm of the duration, half a cosine wave.
    """
    ends = torch.cumsum(durations, 0)
    frame = torch.arange(length, device=durations.device)
    index = (frame[:, None] >= ends[None, :]).sum(1).clamp(max=durations.shape[0] - 1)
    duration = durations[index].float().clamp(min=1)
    start = (ends - durations)[index]
    offset = (frame - start).float()
    centre = (offset + 0.5) / duration
    position = torch.stack(
        [
            centre,
            offset.clamp(max=8) / 8,
            (duration - 1 - offset).clamp(0, 8) / 8,
            torch.log(duration) / 2,
            torch.cos(torch.pi * centre),
        ],
        1,
    )
    return index, position
