"""Conditioning: what WaveNet reads at each sample beside its own past (predictor, gain, pitch, features)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.audio import line_spectrum, lpc
from tiedtts.audio.lpc import LpcFrames
from tiedtts.audio.pitch import oscillator_phase
from tiedtts.errors import ConfigError
from tiedtts.nets.wavenet.config import CONTEXT, WaveNetConfig

Array = npt.NDArray[np.float32]

LOG_GAIN_RANGE = (-9.0, 0.0)
"""Natural logarithm of the scale of what the net models; below some four steps of 16 bits there is
nothing to hear."""
PLAIN_GAIN = 1.0 / 32.0
"""Gain without linear prediction."""
LIMIT = 32.0
"""Largest amplitude of what the net models, in units of the gain; with `PLAIN_GAIN` that is full scale."""
F0_RANGE = (50.0, 600.0)
"""Hz; pitch is kept inside this range, and no pitch period is longer."""
MEL_RANGE = (-20.0, 8.0)
"""Natural logarithm of mel band amplitudes is kept inside this range."""


@dataclass(frozen=True)
class CleanFrames:
    """F frames whose values are finite and in range."""

    features: Array
    """Inputs of the net, scaled, (F, C)."""
    filters: LpcFrames | None
    """Linear predictors, where there is linear prediction."""
    log_f0: Array
    """Natural logarithm of Hz, (F,)."""
    voiced: Array
    """0 to 1, (F,)."""
    angle: npt.NDArray[np.float64]
    """Where in a pitch period the first sample of each frame is, radians, (F,)."""
    ahead: Array
    """How far the voice is ahead of an oscillator at the pitch, radians, (F,); added to the angle."""


@dataclass(frozen=True)
class Conditioning:
    """F frames of `CleanFrames` at the rates of the net; S = F * hop, G = F * substeps."""

    features: Array
    """With context, see `WaveNet.upsample`, (F + 2 CONTEXT + 1, C)."""
    predictor: Array
    """Coefficients, (G, P); a single one without linear prediction."""
    gain: Array
    """Scale of what the net models, (S,)."""
    lag: npt.NDArray[np.int64]
    """Pitch period, samples, (S,)."""
    voiced: Array
    """(S,)."""
    clock: Array
    """Sine and cosine of the place in the pitch period, faded out where unvoiced, (S, 2)."""

    def part(self, start: int, end: int, step: int) -> "Conditioning":
        """Return the part for samples `start` to `end`, multiples of a `step`; the features stay whole."""
        inside = slice(start, end)
        predictor = self.predictor[start // step : end // step]
        return Conditioning(
            self.features,
            predictor,
            self.gain[inside],
            self.lag[inside],
            self.voiced[inside],
            self.clock[inside],
        )


def clean_frames(
    config: WaveNetConfig,
    mel: Array,
    filters: LpcFrames | None,
    log_f0: npt.NDArray[np.floating],
    voiced: npt.NDArray[np.generic],
    ahead: Array | None = None,
) -> CleanFrames:
    """Bring frames into the form that the net reads.

    Args:
        config: Configuration of the net.
        mel: Natural logarithm of mel band amplitudes, (F, M).
        filters: Read by nets whose `condition` is `lpc`; for others they come from `mel`.
        log_f0: Natural logarithm of Hz, (F,).
        voiced: 0 to 1, (F,).
        ahead: See `CleanFrames`; zero in synthesis.

    Raises:
        ConfigError: The net reads `lpc`, and there are none, or of another order.
    """
    voicing = np.clip(np.nan_to_num(np.asarray(voiced, np.float32)), 0.0, 1.0)
    low, high = np.log(F0_RANGE)
    pitch = np.clip(np.nan_to_num(np.asarray(log_f0, np.float32), nan=config.log_f0_mean), low, high)
    mel = np.clip(np.nan_to_num(np.asarray(mel, np.float32), nan=MEL_RANGE[0]), *MEL_RANGE)
    if config.condition == "lpc":
        if filters is None or filters.order != config.order:
            raise ConfigError(
                f"this WaveNet reads linear prediction of order {config.order}, "
                f"got: {'none' if filters is None else filters.order}",
                hint='the acoustic net must give them, or train one with `condition = "mel"`',
            )
        filters = LpcFrames(
            line_spectrum.settle(filters.lsf).astype(np.float32),
            np.clip(np.nan_to_num(filters.log_gain, nan=-20.0), *LOG_GAIN_RANGE).astype(np.float32),
        )
        even = np.arange(1, config.order + 1) * np.pi / (config.order + 1)
        scaled = np.column_stack([(filters.lsf - even) * 8.0, (filters.log_gain + 6.0) / 1.5])
    else:
        filters = lpc.from_mel(mel, config.audio, config.order) if config.linear_prediction else None
        scaled = (mel - config.mel_mean) / config.mel_std
    tone = (pitch - config.log_f0_mean) / config.log_f0_std * voicing
    features = np.column_stack([np.clip(scaled, -10.0, 10.0), np.clip(tone, -10.0, 10.0), voicing])
    turned = oscillator_phase(pitch, config.hop, config.sample_rate)[config.hop - 1 :: config.hop]
    angle = np.concatenate([[0.0], turned])[: len(pitch)] % (2 * np.pi)
    return CleanFrames(
        features.astype(np.float32),
        filters if config.linear_prediction else None,
        pitch.astype(np.float32),
        voicing,
        angle,
        np.zeros(len(pitch), np.float32) if ahead is None else ahead,
    )


def conditioning(config: WaveNetConfig, clean: CleanFrames, start: int, frames: int) -> Conditioning:
    """Return the conditioning of frames from `start` on; beyond the ends the outer ones hold."""
    hop, step, count = config.hop, config.step, len(clean.features)

    def rows(before: int, behind: int) -> npt.NDArray[np.int64]:
        return np.clip(np.arange(start - before, start + frames + behind), 0, count - 1)

    inner = rows(0, 1)
    moments = (np.arange(frames * config.substeps) + 0.5) / config.substeps
    times = np.arange(frames * hop) / hop
    grid = np.arange(frames + 1)
    if clean.filters is None:
        predictor = np.full((len(moments), 1), config.emphasis, np.float32)
        gain = np.full(frames * hop, PLAIN_GAIN, np.float32)
    else:
        lsf = clean.filters.lsf[inner].astype(np.float64)
        left = moments.astype(np.int64)
        share = (moments - left)[:, None]
        predictor = lpc.to_coefficients(lsf[left] * (1 - share) + lsf[left + 1] * share)
        level = np.clip(clean.filters.log_gain[inner], *LOG_GAIN_RANGE)
        gain = np.exp(np.interp(times, grid, level)).astype(np.float32)
    log_f0 = clean.log_f0[inner]
    f0 = np.exp(np.interp(times, grid, log_f0))
    voiced = np.interp(times, grid, clean.voiced[inner]).astype(np.float32)
    turned = np.concatenate([[0.0], np.cumsum(2 * np.pi / config.sample_rate * f0)[:-1]])
    ahead = clean.ahead[inner]
    # Angles wrap: interpolate the points on the circle instead.
    sine, cosine = (np.interp(times, grid, turn(ahead)) for turn in (np.sin, np.cos))
    known = min(max(0, -start), frames - 1)
    angle = clean.angle[inner[known]] + turned - turned[known * hop] + np.arctan2(sine, cosine)
    lag = np.rint(config.sample_rate / f0).astype(np.int64)
    assert step * len(predictor) == len(gain)
    return Conditioning(
        clean.features[rows(CONTEXT, CONTEXT + 1)],
        predictor,
        gain,
        np.maximum(lag, config.lagged + 1),
        voiced,
        (np.stack([np.sin(angle), np.cos(angle)], axis=1) * voiced[:, None]).astype(np.float32),
    )


def longest_lag(config: WaveNetConfig) -> int:
    """Return how far back, in samples, the net's inputs reach."""
    return max(int(config.sample_rate / F0_RANGE[0]) + config.lagged + 2, config.order + 1)
