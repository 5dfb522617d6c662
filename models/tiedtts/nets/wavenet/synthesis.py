"""Samples from a WaveNet, one after the other.

`generate` keeps what every layer remembers in ring buffers, so that a sample costs one step of each layer
(Paine et al., "Fast WaveNet generation algorithm", 2016), in numpy, for several pieces at once.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from torch import nn

from tiedtts.audio.lpc import LpcFrames
from tiedtts.nets.wavenet.conditioning import clean_frames, conditioning
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.nets.wavenet.noise import Noise
from tiedtts.nets.wavenet.sampler import Sampler

Array = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Called with the number of samples done, and of all samples."""

PIECE_FRAMES = 32
"""Length of the pieces of a long utterance that are made at once, about."""


def generate(
    net: nn.Module,
    mel: Array,
    filters: LpcFrames | None,
    log_f0: npt.NDArray[np.floating],
    voiced: npt.NDArray[np.generic],
    *,
    seed: int = 0,
    temperature: float = 1.0,
    pieces: int | None = None,
    progress: Progress | None = None,
) -> Array:
    """Make the samples of F frames.

    A long utterance is cut where it is quiet into pieces that are made at once, each beginning a receptive
    field earlier and blended with the end of the one before.

    Args:
        net: A `WaveNet`, tied or not.
        mel: Natural logarithm of mel band amplitudes, (F, M).
        filters: All-pole filters; read by nets whose `condition` is `lpc`.
        log_f0: Natural logarithm of Hz, (F,).
        voiced: 0 to 1, (F,).
        seed: Seed of the samples that are drawn.
        temperature: Above 0; below 1 voiced frames are drawn from sharper distributions, with less noise.
        pieces: How many at once; by default as the length asks for. One gives the same as the net run
            over its receptive field for each sample.
        progress: Told how far it is.

    Returns:
        (F * hop,), in [-1, 1].
    """
    assert isinstance(net, WaveNet)
    config = net.config
    clean = clean_frames(config, mel, filters, log_f0, voiced)
    frames = len(clean.features)
    if not frames:
        return np.zeros(0, np.float32)
    count = max(1, min(32, frames // PIECE_FRAMES)) if pieces is None else max(1, min(pieces, frames))
    borders = _borders(np.asarray(mel, np.float64).mean(axis=1), count)
    lead = min(-(-config.receptive_field // config.hop) + 1, frames) if count > 1 else 0
    starts = [max(0, border - lead) for border in borders[:-1]]
    # A frame more than up to the next border, for the blend.
    length = max(min(end + 1, frames) - start for start, end in zip(starts, borders[1:], strict=True))
    conditionings = [conditioning(config, clean, start, length) for start in starts]
    noises = [Noise.draw(config, seed, start * config.hop, length * config.hop) for start in starts]
    made = Sampler(net, conditionings, noises, temperature).run(progress)
    return _joined(made, starts, borders, config.hop)


def _borders(loudness: npt.NDArray[np.float64], count: int) -> list[int]:
    """Cut frames into about even pieces, at the quietest frame near each even border."""
    frames = len(loudness)
    even = frames / count
    reach = int(even / 3)
    borders = [0]
    for number in range(1, count):
        middle = round(number * even)
        low, high = max(borders[-1] + 1, middle - reach), min(frames - 1, middle + reach)
        borders.append(low + int(np.argmin(loudness[low : high + 1])) if high >= low else borders[-1])
    return [*borders, frames]


def _joined(made: Array, starts: list[int], borders: list[int], hop: int) -> Array:
    """Put pieces, (B, S), one behind the other, each fading into the next one for a frame."""
    output = np.zeros(borders[-1] * hop, np.float32)
    rise = ((np.arange(hop) + 0.5) / hop).astype(np.float32)
    for number, (piece, start) in enumerate(zip(made, starts, strict=True)):
        begin, end = borders[number], borders[number + 1]
        stop = min(end + 1, borders[-1])
        part = piece[(begin - start) * hop : (stop - start) * hop].copy()
        if number:
            part[:hop] *= rise
        if stop > end:
            part[-hop:] *= 1.0 - rise
        output[begin * hop : stop * hop] += part
    return np.clip(output, -1.0, 1.0)
