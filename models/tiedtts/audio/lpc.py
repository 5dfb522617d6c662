"""Linear prediction: speech as the output of an all-pole filter, and speech from such filters.

A frame is the filter (line spectral frequencies) and the level of what drives it. The features of the
classic vocoders: Atal & Hanauer 1971; Makhoul, "Linear prediction: a tutorial review", 1975.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.audio import excitation, line_spectrum
from tiedtts.audio.interpolation import rows_between
from tiedtts.audio.mel_inversion import spectrum_of
from tiedtts.audio.settings import AudioSettings
from tiedtts.audio.short_time import hann, hann32, windows
from tiedtts.comparing import ByContent
from tiedtts.errors import ConfigError

Array = npt.NDArray[np.float64]

ORDER = 32
"""Poles that describe a voice at 24 kHz: a pair for each of its dozen formants, and some for what is not
a resonance: the slope of the glottis, the zeros of nasals. Below 28 consonants are misheard."""
WINDOW_S = 0.025
"""Length of the Hann window of an analysis."""
LAG_WINDOW_HZ = 40.0
"""Width of the Gaussian that smooths spectra, so that poles sit on formants and not on harmonics."""
WHITE_NOISE = 1e-7
"""White noise added to a frame, share of its energy: keeps the recursion well conditioned."""
TINY = 1e-100
"""Least amplitude of a whitening filter's response, before it is divided by."""
QUIETEST = 1e-6
"""Least root mean square of an excitation: silence."""
LOUDEST = 0.5
"""Most root mean square that `synthesise` gives out, full scale 1."""
NOISE_FROM_HZ = 5_000.0
"""Where half of the energy of a voiced frame's excitation is noise; below are pulses, above noise."""
NOISE_SLOPE_HZ = 1_000.0
"""How gradually pulses give way to noise."""
SUBFRAMES = 2
"""Filters a frame."""
RESPONSE_S = 0.04
"""Least length of a filter's response before it wraps around. A voice's have died away by then; of a
resonance less than 20 Hz wide, which no voice has, 8% and more are left."""
BATCH = 64
"""Filters in memory at once."""


@dataclass(frozen=True, eq=False)
class LpcFrames(ByContent):
    """All-pole filters and the levels of their excitations."""

    lsf: npt.NDArray[np.float32]
    """Line spectral frequencies, radians, ascending in (0, pi), (F, P)."""
    log_gain: npt.NDArray[np.float32]
    """Natural logarithm of the excitation's root mean square, full scale 1, (F,)."""

    @property
    def order(self) -> int:
        """Poles of a filter, P."""
        return int(self.lsf.shape[1])

    def __len__(self) -> int:
        """Return the number of frames, F."""
        return len(self.lsf)


def analyse(samples: npt.NDArray[np.floating], settings: AudioSettings, order: int = ORDER) -> LpcFrames:
    """Fit an all-pole filter to each frame, (S,) to F = S // hop frames.

    Frame f is centred on sample f * hop, as the mel spectrogram's; outside there is silence.

    Raises:
        ConfigError: The order is not 2 to 64, or above a quarter of `n_fft`.
    """
    length = 2 * round(WINDOW_S * settings.sample_rate / 2)
    frames = len(samples) // settings.hop
    padded = np.pad(np.asarray(samples, np.float64), (length // 2, length))
    window = hann(length)
    views = windows(padded, length, settings.hop)[:frames]
    size = 1 << (length + order).bit_length()
    power = np.abs(np.fft.rfft(views * window, size, axis=1)) ** 2
    return _fit(np.fft.irfft(power, axis=1) / np.sum(window**2), settings, order)


def from_mel(mel: npt.NDArray[np.floating], settings: AudioSettings, order: int = ORDER) -> LpcFrames:
    """Fit an all-pole filter to the spectrum that a log mel spectrogram describes, (F, M).

    As vocoders do that are given a spectral envelope alone: Valin & Skoglund, "LPCNet", 2019.

    Raises:
        ConfigError: The order is not 2 to 64, or above a quarter of `n_fft`.
    """
    # Of the Hann window of the mel spectrogram: its squares sum to 3 / 8 of its length.
    power = spectrum_of(mel, settings) ** 2 / (0.375 * settings.n_fft)
    return _fit(np.fft.irfft(power, axis=1), settings, order)


def to_coefficients(lsf: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
    """Return predictors a, (F, P): s[n] is about the sum of a[k] s[n - 1 - k]. Always stable."""
    return line_spectrum.to_predictor(lsf).astype(np.float32)


def levinson(autocorrelation: Array) -> tuple[Array, Array, Array]:
    """Solve for the predictors of all frames at once (Levinson 1946, Durbin 1960).

    Args:
        autocorrelation: Lags 0 to P, (F, P + 1), the first above zero.

    Returns:
        Predictors (F, P), reflection coefficients (F, P) and the energy that is left, (F,).
    """
    frames, lags = autocorrelation.shape
    predictor = np.zeros((frames, lags - 1))
    reflection = np.zeros((frames, lags - 1))
    error = autocorrelation[:, 0].copy()
    for size in range(lags - 1):
        known = predictor[:, :size]
        rest = autocorrelation[:, size + 1] - np.sum(known * autocorrelation[:, size:0:-1], axis=1)
        # Rounding must not make a filter unstable.
        step = np.clip(rest / error, -0.99999, 0.99999)
        reflection[:, size] = step
        predictor[:, :size] = known - step[:, None] * known[:, ::-1]
        predictor[:, size] = step
        error = error * (1.0 - step**2)
    return predictor, reflection, error


def envelope(frames: LpcFrames, bins: int, *, gain: bool = True) -> Array:
    """Return the amplitude responses of the filters at `bins` frequencies from 0 to pi, (F, bins).

    With the gain, of white noise it is the root of the power a bin.
    """
    whitening = line_spectrum.whitening_response(line_spectrum.settle(frames.lsf), bins)
    response: Array = 1.0 / np.maximum(np.abs(whitening), TINY)
    return response * np.exp(frames.log_gain.astype(np.float64))[:, None] if gain else response


def synthesise(
    frames: LpcFrames,
    log_f0: npt.NDArray[np.floating],
    voiced: npt.NDArray[np.floating],
    settings: AudioSettings,
    seed: int = 0,
) -> npt.NDArray[np.float32]:
    """Drive the filters with pulses and noise: the vocoder that needs no network.

    The excitation is cut into overlapping pieces, each is filtered by the filter of its moment, and what
    comes out is added up: each piece's filter is constant, so nothing can click or blow up.

    Args:
        frames: Filters and gains, F frames; any values are made stable.
        log_f0: Pitch, natural logarithm of Hz, (F,); read where it is voiced.
        voiced: Weight of the pulses, 0 to 1, (F,).
        settings: Frames and rates.
        seed: Seed of the noise.

    Returns:
        Samples, (F * hop,).
    """
    hop, count = settings.hop, len(frames)
    if not count:
        return np.zeros(0, np.float32)
    step = hop // SUBFRAMES if hop % SUBFRAMES == 0 else hop
    moments = np.arange(count * hop // step + 1) * step / hop
    lsf = rows_between(line_spectrum.settle(frames.lsf), moments)
    log_gain = np.nan_to_num(np.asarray(frames.log_gain, np.float64), nan=-20.0)
    gain = np.exp(np.interp(moments, np.arange(count), np.clip(log_gain, -20.0, 5.0)))
    driving = _excitation(log_f0, voiced, settings, seed)
    parts = windows(np.pad(driving, step), 2 * step, step)
    window = hann32(2 * step)
    size = max(1 << int(RESPONSE_S * settings.sample_rate).bit_length(), 4 * step)
    output = np.zeros(len(moments) * step + size, np.float32)
    for start in range(0, len(moments), BATCH):
        batch = slice(start, start + BATCH)
        whitening = line_spectrum.whitening_response(lsf[batch], size // 2 + 1)
        power = 1.0 / np.maximum(whitening.real**2 + whitening.imag**2, TINY**2)
        # The excitation has a variance of 1, so this is what comes out.
        loudness = np.sqrt(np.mean(power, axis=1))
        level = np.minimum(gain[batch], LOUDEST / loudness)
        # Single precision is enough from here on, and faster.
        filters = (np.conj(whitening) * (power * level[:, None])).astype(np.complex64)
        spectra = np.fft.rfft(parts[batch] * window, size, axis=1)
        pieces = np.fft.irfft(spectra * filters, size, axis=1)
        for number, piece in enumerate(pieces, start=start):
            output[number * step : number * step + size] += piece
    # Pieces are centred on their moments.
    return output[step : step + count * hop]


def _fit(autocorrelation: Array, settings: AudioSettings, order: int) -> LpcFrames:
    """Return the filters of signals with these lags from 0 on, (F, more than P)."""
    # Of a spectrum of n_fft frequencies only the first lags are known well.
    highest = min(64, settings.n_fft // 4)
    if not 2 <= order <= highest:
        raise ConfigError(f"the order of linear prediction must be 2 to {highest}, got: {order}")
    spread = 2 * np.pi * LAG_WINDOW_HZ / settings.sample_rate * np.arange(order + 1)
    lags = autocorrelation[:, : order + 1] * np.exp(-0.5 * spread**2)
    lags[:, 0] = lags[:, 0] * (1.0 + WHITE_NOISE) + QUIETEST**2
    predictor, _, error = levinson(lags)
    lsf = line_spectrum.settle(line_spectrum.from_predictor(predictor))
    log_gain = 0.5 * np.log(np.maximum(error, QUIETEST**2))
    return LpcFrames(lsf.astype(np.float32), log_gain.astype(np.float32))


def _excitation(
    log_f0: npt.NDArray[np.floating], voiced: npt.NDArray[np.floating], settings: AudioSettings, seed: int
) -> npt.NDArray[np.float32]:
    """Return pulses where it is voiced and low, noise elsewhere, with a variance of 1, (F * hop,)."""
    voicing = np.clip(np.nan_to_num(np.asarray(voiced, np.float64)), 0.0, 1.0)
    middle = 0.5 * np.log(settings.f0_min * settings.f0_max)
    pitch = np.nan_to_num(np.asarray(log_f0, np.float64), nan=middle)
    # Some notes beyond the range that was looked for are still a voice's.
    pitch = np.clip(pitch, np.log(settings.f0_min) - 0.35, np.log(settings.f0_max) + 0.35)
    hop, rate = settings.hop, settings.sample_rate
    pulses = excitation.pulse_train(pitch.astype(np.float32), voicing.astype(np.float32), hop, rate)
    times, frames = np.arange(len(pulses)) / hop, np.arange(len(pitch))
    # A harmonic each f0 Hz has the power of noise of variance 1 in that width.
    f0 = np.exp(np.interp(times, frames, pitch))
    pulses *= np.asarray(np.sqrt(4.0 * f0 / rate) / excitation.HARMONIC_AMPLITUDE, np.float32)
    noise = np.random.default_rng(seed).standard_normal(len(pulses), np.float32)
    size = 1 << len(pulses).bit_length()
    frequency = np.fft.rfftfreq(size, 1.0 / rate)
    low = 1.0 / (1.0 + np.exp((frequency - NOISE_FROM_HZ) / NOISE_SLOPE_HZ))
    pulse_filter, noise_filter = np.sqrt(low).astype(np.float32), np.sqrt(1.0 - low).astype(np.float32)
    high_noise = np.fft.irfft(np.fft.rfft(noise, size) * noise_filter)[: len(noise)]
    low_pulses = np.fft.irfft(np.fft.rfft(pulses, size) * pulse_filter)[: len(noise)]
    low_noise = (1.0 - np.interp(times, frames, voicing)) * (noise - high_noise)
    return np.asarray(low_pulses + high_noise + low_noise, np.float32)
