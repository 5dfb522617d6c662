"""The residual of linear prediction, scaled: WaveNet models it, and reads it of the past."""

import numpy as np
import numpy.typing as npt

from tiedtts.nets.wavenet.conditioning import LIMIT, Conditioning
from tiedtts.nets.wavenet.config import WaveNetConfig

Array = npt.NDArray[np.float32]


def predict(predictor: Array, signal: Array) -> Array:
    """Predict each sample from those before it.

    Args:
        predictor: Coefficients of each of G steps, (G, P).
        signal: S samples, behind P earlier ones, (P + S,); S is a multiple of G.

    Returns:
        (S,).
    """
    steps, order = predictor.shape
    windows = np.lib.stride_tricks.sliding_window_view(signal[:-1], order)
    windows = windows.reshape(steps, -1, order)
    return np.asarray((windows @ predictor[:, ::-1, None]).reshape(-1), np.float32)


def to_residual(conditioning: Conditioning, signal: Array) -> Array:
    """Return the residual in units of the gain: P + S samples to (S,)."""
    order = conditioning.predictor.shape[1]
    left = (signal[order:] - predict(conditioning.predictor, signal)) / conditioning.gain
    return np.asarray(np.clip(left, -LIMIT, LIMIT), np.float32)


def to_signal(conditioning: Conditioning, residual: Array) -> Array:
    """Run the predictor on its own output, from silence: the inverse of `to_residual`, (S,) to (S,)."""
    from scipy.signal import lfilter

    steps, order = conditioning.predictor.shape
    driving = (residual * conditioning.gain).reshape(steps, -1).astype(np.float64)
    signal = np.zeros(order + residual.size)
    for number, piece in enumerate(driving):
        predictor = conditioning.predictor[number].astype(np.float64)
        at = order + number * piece.size
        past = signal[at - order : at][::-1]
        # The filter's state, from what it gave out last.
        state = np.convolve(predictor[::-1], past)[:order][::-1] if past.any() else np.zeros(order)
        whitening = np.concatenate([[1.0], -predictor])
        signal[at : at + piece.size] = lfilter([1.0], whitening, piece, zi=state)[0]
    return signal[order:].astype(np.float32)


def net_inputs(
    config: WaveNetConfig, conditioning: Conditioning, residual: Array, signal: Array, first: int
) -> Array:
    """Return the inputs of the net at each sample; all of them come from earlier samples.

    Args:
        config: Configuration of the net.
        conditioning: Conditioning of the same S samples.
        residual: In units of the gain, (S,).
        signal: (P + S,).
        first: Sample to begin with, at least `conditioning.longest_lag`.

    Returns:
        (config.inputs, S - first): the last residual, the last sample and the prediction, the place in the
        pitch period, residuals one period ago.
    """
    order = conditioning.predictor.shape[1]
    gain = conditioning.gain[first:]
    steps = conditioning.predictor[first // config.step :]
    rows = [
        residual[first - 1 : -1],
        signal[order + first - 1 : -1] / gain,
        predict(steps, signal[first:]) / gain,
    ]
    rows = [np.arcsinh(row) for row in rows]
    if config.clock:
        rows += [conditioning.clock[first:, 0], conditioning.clock[first:, 1]]
    if config.lagged:
        at = np.arange(first, len(residual)) - conditioning.lag[first:]
        voiced = conditioning.voiced[first:]
        half = config.lagged // 2
        rows += [np.arcsinh(residual[at + tap]) * voiced for tap in range(-half, half + 1)]
    return np.stack(rows).astype(np.float32)
