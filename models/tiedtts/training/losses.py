"""Losses: distances between what a net predicts and what was recorded.

Each is a pair of sums, numerator and denominator, not a mean: so that several processes can add theirs up
and arrive at the loss one process would have had.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

RESOLUTIONS = (2048, 1024, 512, 256)
"""Windows of the multi-resolution spectral loss, samples."""
COMPLEX_WINDOW = 1024
"""Window of the losses that know phases, samples."""


class Ratio(NamedTuple):
    """A mean as a numerator and a denominator."""

    total: Tensor
    """Numerator, scalar, with a gradient."""
    size: Tensor
    """Denominator, scalar, without a gradient."""

    @property
    def value(self) -> Tensor:
        """The mean, scalar."""
        return self.total / self.size.clamp(min=1e-8)


class Totals:
    """Means over many batches, each a sum of numerators over a sum of denominators."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, float]] = {}

    def add(self, name: str, total: float, size: float) -> None:
        """Add to the numerator and the denominator of a mean."""
        old_total, old_size = self._sums.get(name, (0.0, 0.0))
        self._sums[name] = old_total + total, old_size + size

    def add_all(self, parts: Mapping[str, Ratio]) -> None:
        """Add the losses of a batch."""
        for name, ratio in parts.items():
            self.add(name, float(ratio.total), float(ratio.size))

    def means(self) -> dict[str, float]:
        """Return the means by name."""
        return {name: total / max(size, 1e-8) for name, (total, size) in self._sums.items()}


def masked(values: Tensor, mask: Tensor) -> Ratio:
    """Mean of the values where the mask is 1; both of one shape."""
    return Ratio((values * mask).sum(), mask.sum())


def mean(values: Tensor) -> Ratio:
    """Mean of all values."""
    return Ratio(values.sum(), torch.tensor(float(values.numel()), device=values.device))


def spectrum(signal: Tensor, window: int) -> Tensor:
    """Return complex spectra of a quarter-overlapped Hann window, (B, S) to (B, bins, frames)."""
    return torch.stft(
        signal,
        window,
        window // 4,
        window=torch.hann_window(window, device=signal.device),
        return_complex=True,
    )


def magnitude(spectra: Tensor) -> Tensor:
    """Return magnitudes whose gradient stays finite at zero."""
    return torch.sqrt(spectra.real**2 + spectra.imag**2 + 1e-8)


def judged_view(signal: Tensor, window: int) -> Tensor:
    """Return the log spectrogram that a discriminator sees, (B, S) to (B, frames, bins)."""
    size = magnitude(spectrum(signal, window)) / window**0.5
    return torch.log(size + 1e-4).transpose(1, 2) / 3 + 1


def multi_resolution(signal: Tensor, target: Tensor) -> dict[str, Ratio]:
    """Compare magnitudes at several resolutions: mean log distance, and distance relative to the target.

    Yamamoto et al., "Parallel WaveGAN", 2020, with absolute instead of squared distances in the second.

    Args:
        signal: (B, S).
        target: (B, S).
    """
    losses = {}
    for window in RESOLUTIONS:
        made, real = _magnitudes(signal, window), _magnitudes(target, window)
        losses[f"log{window}"] = mean(_log_distance(made, real))
        losses[f"convergence{window}"] = Ratio(_distance(made, real).sum(), real.sum())
    return losses


def spectral_energy(
    first: Tensor, second: Tensor, target: Tensor, repulsion: float = 1.0
) -> dict[str, Ratio]:
    """Compare two samples of the same random signal with the target, less the distance between the two.

    A distance alone asks for what lies in the middle of all that could have been recorded: steady harmonics
    where there was breath. The energy distance is smallest for what is as random as the recordings.
    Gritsenko et al., "A spectral energy distance for parallel speech synthesis", 2020, with the distances of
    `multi_resolution`.

    Args:
        first: (B, S).
        second: The same signal with other noise, (B, S).
        target: (B, S).
        repulsion: Weight of the distance between the two; 1 in the paper.
    """
    losses = {}
    for window in RESOLUTIONS:
        one, two, real = (_magnitudes(signal, window) for signal in (first, second, target))
        for name, distance in (("log", _log_distance), ("convergence", _distance)):
            total = 0.5 * (distance(one, real) + distance(two, real) - repulsion * distance(one, two))
            losses[f"{name}{window}"] = mean(total) if name == "log" else Ratio(total.sum(), real.sum())
    return losses


def _magnitudes(signal: Tensor, window: int) -> Tensor:
    scaled: Tensor = magnitude(spectrum(signal, window)) / window**0.5
    return scaled


def _log_distance(made: Tensor, real: Tensor) -> Tensor:
    return (torch.log(made + 1e-4) - torch.log(real + 1e-4)).abs()


def _distance(made: Tensor, real: Tensor) -> Tensor:
    return (made - real).abs()


def complex_spectral(
    harmonic: Tensor, target: Tensor, voiced: Tensor, hop: int, sample_rate: int, top_hz: float
) -> Ratio:
    """Compare the complex spectra of the harmonic part and of the recording where it is voiced.

    Magnitudes are compressed by the power 0.4, so that quiet harmonics count. It has a meaning only when
    the pulses behind `harmonic` are locked to the phase of the recording.

    Args:
        harmonic: (B, S).
        target: (B, S).
        voiced: (B, F).
        hop: Samples a frame.
        sample_rate: Hz.
        top_hz: Highest frequency that is compared, Hz.
    """
    top, frames = int(top_hz / sample_rate * COMPLEX_WINDOW), voiced.shape[1]

    def compressed(signal: Tensor) -> Tensor:
        spectra = _lowest_bins(signal, hop, top, frames)
        power = spectra.real**2 + spectra.imag**2
        return spectra * (power + 1e-4) ** -0.3

    made, real = compressed(harmonic), compressed(target)
    difference = made - real
    distance = (difference.real**2 + difference.imag**2) * voiced[:, None]
    size = (real.real**2 + real.imag**2) * voiced[:, None]
    return Ratio(distance.sum(), size.sum())


def harmonic_phase(
    harmonic: Tensor, target: Tensor, voiced: Tensor, hop: int, sample_rate: int, top_hz: float
) -> Ratio:
    """Compare the phases of the harmonic part and of the recording where it is voiced: one minus the cosine.

    Loud bins of the recording count more, by its magnitude to the power 0.8. How loud the harmonic part is
    does not matter: `complex_spectral` is smallest for silence wherever phases cannot be foretold, which
    leaves frequencies above 1 kHz to the noise. It, too, needs pulses that are locked to the recording.

    Args:
        harmonic: (B, S).
        target: (B, S).
        voiced: (B, F).
        hop: Samples a frame.
        sample_rate: Hz.
        top_hz: Highest frequency that is compared, Hz.
    """
    top, frames = int(top_hz / sample_rate * COMPLEX_WINDOW), voiced.shape[1]
    made, real = (_lowest_bins(signal, hop, top, frames) for signal in (harmonic, target))
    loudness = magnitude(real)
    cosine = (made.real * real.real + made.imag * real.imag) / (magnitude(made) * loudness)
    weight = loudness**0.8 * voiced[:, None]
    return Ratio((weight * (1 - cosine)).sum(), weight.sum())


def _lowest_bins(signal: Tensor, hop: int, top: int, frames: int) -> Tensor:
    """Return the lowest `top` bins above zero of one spectrum a frame, (B, top, F)."""
    window = torch.hann_window(COMPLEX_WINDOW, device=signal.device)
    spectra: Tensor = torch.stft(signal, COMPLEX_WINDOW, hop, window=window, return_complex=True)
    return spectra[:, 1 : top + 1, :frames]


def discriminator_loss(real: Tensor, made: Tensor) -> Ratio:
    """Least-squares loss of a discriminator's scores (Mao et al., 2017)."""
    return mean((real - 1) ** 2 + made**2)


def generator_loss(made: Tensor) -> Ratio:
    """Least-squares loss of a generator, from the discriminator's scores of its output."""
    return mean((made - 1) ** 2)


def feature_matching(real: list[Tensor], made: list[Tensor]) -> dict[str, Ratio]:
    """Distance of a discriminator's inner values, a layer at a time."""
    return {
        f"layer{index}": mean((r.detach() - m).abs())
        for index, (r, m) in enumerate(zip(real, made, strict=True))
    }


def voicing(logits: Tensor, voiced: Tensor, mask: Tensor) -> Ratio:
    """Binary cross-entropy of voicing decisions; all (B, F)."""
    loss = F.binary_cross_entropy_with_logits(logits, voiced, reduction="none")
    return masked(loss, mask)
