"""Quality: how far synthetic speech is from a recording of the same text in spectrum, pitch, timing, spread.

The frames of both are paired by dynamic time warping; everything is measured over the pairs whose
reference frame belongs to a phone, not to a silence or a pause. Both sides must have been analysed
in the same way, levels included.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tiedtts.corpus.features import Features
from tiedtts.measure import warping

ORDER = 24
"""Mel cepstral coefficients compared, besides the level."""
_DECIBELS = 10.0 / np.log(10.0) * np.sqrt(2.0)
_CENTS = 1200.0 / np.log(2.0)


def cepstra(log_mel: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Turn mel spectra into mel cepstra.

    Coefficient m is (2 / M) times the sum over the bands k of ln A_k cos(pi m (k + 1/2) / M), so
    that ln A_k = c_0 / 2 + sum of c_m cos(pi m (k + 1/2) / M): the scale of the cepstra that
    `distortion` is defined on.

    Args:
        log_mel: Natural logarithm of mel band amplitudes, (F, M), M > `ORDER`.

    Returns:
        Coefficients 0 to `ORDER`, (F, 25).
    """
    from scipy.fft import dct

    values: npt.NDArray[np.float64] = dct(log_mel.astype(np.float64), type=2, axis=1)
    scaled: npt.NDArray[np.float64] = values[:, : ORDER + 1] / log_mel.shape[1]
    return scaled


def distortion(first: npt.NDArray[np.float64], second: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mel-cepstral distortion of each pair of frames, dB, (P,).

    (10 / ln 10) sqrt(2 sum of squared differences of c_1 ... c_24), after Kubichek, "Mel-cepstral
    distance measure for objective speech quality assessment", 1993. It is the root-mean-square
    difference, over the mel scale, of two smoothed spectra in dB, level apart.

    Args:
        first: Mel cepstra, (P, 25).
        second: Mel cepstra, (P, 25).
    """
    squares = ((first - second)[:, 1:] ** 2).sum(1)
    distances: npt.NDArray[np.float64] = _DECIBELS * np.sqrt(squares)
    return distances


@dataclass(frozen=True)
class Comparison:
    """Distances between one reference and one other rendering of its text.

    Where two values stand together, the reference's is the first.
    """

    distortion_db: float
    """Mean mel-cepstral distortion of the pairs, dB."""
    log_f0: npt.NDArray[np.float64]
    """Natural logarithm of Hz in the pairs voiced on both sides, (2, P)."""
    voicing_error: float
    """Share of the pairs that are voiced on one side only."""
    speech_frames: tuple[int, int]
    """Frames within phones."""
    phone_frames: npt.NDArray[np.float64]
    """Frames of each phone, (2, T); the other's are carried over along the path."""
    log_f0_spread: tuple[float, float]
    """Standard deviation over time of log F0 in voiced frames; 0 with fewer than two."""
    mel_spread: tuple[float, float]
    """Standard deviation over time of log mel amplitudes, mean over bands."""


def compare(
    reference: Features,
    other: Features,
    durations: npt.NDArray[np.int64],
    speech: npt.NDArray[np.bool_],
) -> Comparison:
    """Measure how another rendering of a text differs from a reference.

    Args:
        reference: F frames.
        other: Any number of frames.
        durations: Frames of each phone and pause of the reference, (T,), F in all.
        speech: Which of them are phones rather than silences and pauses, (T,); at least one.
    """
    cepstra_here, cepstra_there = cepstra(reference.mel), cepstra(other.mel)
    path = warping.align(_with_level(cepstra_here), _with_level(cepstra_there))
    in_speech = np.repeat(speech, durations)
    rows, columns = (side[in_speech[path.rows]] for side in (path.rows, path.columns))
    voiced_here, voiced_there = reference.voiced[rows], other.voiced[columns]
    both = voiced_here & voiced_there
    spoken = np.zeros(other.frames, np.bool_)
    spoken[columns] = True
    return Comparison(
        distortion_db=float(distortion(cepstra_here[rows], cepstra_there[columns]).mean()),
        log_f0=np.stack([reference.log_f0[rows[both]], other.log_f0[columns[both]]], dtype=np.float64),
        voicing_error=float((voiced_here != voiced_there).mean()),
        speech_frames=(int(in_speech.sum()), int(spoken.sum())),
        phone_frames=np.stack([durations[speech], _carried(path, durations)[speech]]),
        log_f0_spread=(_pitch_spread(reference, in_speech), _pitch_spread(other, spoken)),
        mel_spread=(
            float(reference.mel[in_speech].std(0).mean()),
            float(other.mel[spoken].std(0).mean()),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Distances:
    """Many comparisons in a few numbers; None where nothing could be measured."""

    mel_cepstral_distortion_db: float
    """Mean over the comparisons, dB."""
    f0_error_cents: float | None
    """Root mean square over all pairs voiced on both sides, cents."""
    log_f0_correlation: float | None
    """Pearson's, over the same pairs, each recording's mean taken off."""
    voicing_error: float
    """Share of the pairs voiced on one side only, mean over the comparisons."""
    speaking_rate_ratio: float
    """Phones per second against the reference's, pauses left out: above 1 is faster."""
    phone_duration_correlation: float | None
    """Pearson's, of the logarithms of the durations, the other's carried over along the path."""
    log_f0_spread: float | None
    """Standard deviation of log F0 over time against the reference's; below 1 is flatter."""
    mel_spread: float | None
    """Standard deviation of mel bands over time against the reference's; below 1 is smoother."""


def summarise(comparisons: Sequence[Comparison]) -> Distances:
    """Average comparisons, at least one."""
    error, correlation = _pitch([c.log_f0 for c in comparisons if c.log_f0.size])
    frames_here, frames_there = np.sum([c.speech_frames for c in comparisons], axis=0)
    phones = np.concatenate([c.phone_frames for c in comparisons], axis=1)
    return Distances(
        mel_cepstral_distortion_db=float(np.mean([c.distortion_db for c in comparisons])),
        f0_error_cents=error,
        log_f0_correlation=correlation,
        voicing_error=float(np.mean([c.voicing_error for c in comparisons])),
        speaking_rate_ratio=float(frames_here / frames_there),
        phone_duration_correlation=_correlation(np.log(np.maximum(phones, 0.5))),
        log_f0_spread=_ratio([c.log_f0_spread for c in comparisons]),
        mel_spread=_ratio([c.mel_spread for c in comparisons]),
    )


def _pitch(pairs: Sequence[npt.NDArray[np.float64]]) -> tuple[float | None, float | None]:
    """Return the error in cents and the correlation of paired log F0, (2, P) a recording."""
    if not pairs:
        return None, None
    squares = np.concatenate([(other - reference) ** 2 for reference, other in pairs])
    centred = np.concatenate([p - p.mean(1, keepdims=True) for p in pairs], axis=1)
    return float(_CENTS * np.sqrt(squares.mean())), _correlation(centred)


def _correlation(pairs: npt.NDArray[np.float64]) -> float | None:
    """Return Pearson's correlation of two rows, (2, N); None where a row is constant."""
    centred = pairs - pairs.mean(1, keepdims=True)
    scale = float(np.sqrt(np.prod((centred**2).sum(1))))
    return float((centred[0] * centred[1]).sum() / scale) if scale > 0 else None


def _ratio(spreads: Sequence[tuple[float, float]]) -> float | None:
    """Return the sum of the second values over that of the first; None where that is nothing."""
    here, there = np.sum(spreads, axis=0)
    return float(there / here) if here > 0 else None


def _with_level(coefficients: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Scale the level, column 0, as it counts in a root-mean-square difference of whole spectra.

    The path follows the level too, or silence could pair with any sound of a similar colour.
    """
    return np.concatenate([coefficients[:, :1] / np.sqrt(2.0), coefficients[:, 1:]], axis=1)


def _carried(path: warping.Path, durations: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return how many frames of the other rendering each phone of the reference covers, (T,)."""
    where = np.searchsorted(path.rows, np.arange(1, durations.sum()))
    # A boundary lies between the last frame paired with what is before it and the first after it.
    inner = (path.columns[where - 1] + 1 + path.columns[where]) / 2
    clock = np.concatenate([[0.0], inner, [path.columns[-1] + 1.0]])
    carried: npt.NDArray[np.float64] = np.diff(clock[np.cumsum(durations)], prepend=0.0)
    return carried


def _pitch_spread(features: Features, frames: npt.NDArray[np.bool_]) -> float:
    """Return the standard deviation of log F0 over some frames' voiced ones."""
    voiced = features.log_f0[frames & features.voiced]
    return float(voiced.std()) if len(voiced) > 1 else 0.0
