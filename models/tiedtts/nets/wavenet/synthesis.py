"""Samples from a WaveNet, one after the other.

`generate` keeps what every layer remembers in ring buffers, so that a sample costs one step of each layer
(Paine et al., "Fast WaveNet generation algorithm", 2016), in numpy, for several pieces at once.
`sample_naively` runs the whole net over its receptive field for each sample, and gives the same.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tiedtts.audio.lpc import LpcFrames
from tiedtts.nets.wavenet import conditioning as guides
from tiedtts.nets.wavenet import noise, residual
from tiedtts.nets.wavenet.conditioning import LIMIT
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.nets.wavenet.noise import Dice
from tiedtts.nets.wavenet.sampler import Steps

Array = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]
"""Told how many samples of how many are done."""

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
        seed: Of what is drawn.
        temperature: Above 0; below 1 voiced frames are drawn from sharper distributions, with less noise.
        pieces: How many at once; by default as the length asks for. One gives the same as `sample_naively`.
        progress: Told how far it is.

    Returns:
        (F * hop,), in [-1, 1].
    """
    assert isinstance(net, WaveNet)
    config = net.config
    known = guides.conditions(config, mel, filters, log_f0, voiced)
    frames = len(known.features)
    if not frames:
        return np.zeros(0, np.float32)
    count = max(1, min(32, frames // PIECE_FRAMES)) if pieces is None else max(1, min(pieces, frames))
    borders = _borders(np.asarray(mel, np.float64).mean(axis=1), count)
    lead = min(-(-config.receptive_field // config.hop) + 1, frames) if count > 1 else 0
    starts = [max(0, border - lead) for border in borders[:-1]]
    # A frame more than up to the next border, for the blend.
    length = max(min(end + 1, frames) - start for start, end in zip(starts, borders[1:], strict=True))
    told = [guides.guide(config, known, start, length) for start in starts]
    dice = [Dice.throw(config, seed, start * config.hop, length * config.hop) for start in starts]
    made = Steps(net, told, dice, temperature).run(progress)
    return _joined(made, starts, borders, config.hop)


@torch.no_grad()
def sample_naively(
    net: nn.Module,
    mel: Array,
    filters: LpcFrames | None,
    log_f0: npt.NDArray[np.floating],
    voiced: npt.NDArray[np.generic],
    *,
    seed: int = 0,
    temperature: float = 1.0,
    samples: int | None = None,
) -> Array:
    """Make the same as `generate` in one piece, running the net over its receptive field for each sample.

    Args:
        net: See `generate`, as all but the last.
        mel: (F, M).
        filters: Of F frames.
        log_f0: (F,).
        voiced: (F,).
        seed: Of what is drawn.
        temperature: Of voiced frames.
        samples: How many to make, S, at most F * hop; all by default.

    Returns:
        (S,), in [-1, 1].
    """
    assert isinstance(net, WaveNet)
    config = net.config
    known = guides.conditions(config, mel, filters, log_f0, voiced)
    frames = len(known.features)
    count = frames * config.hop if samples is None else min(samples, frames * config.hop)
    # What is read reaches back to before the beginning, where there is silence.
    lead = -(-guides.longest_lag(config) // config.hop)
    first = lead * config.hop
    told = guides.guide(config, known, -lead, lead + frames)
    order = told.predictor.shape[1]
    layers = net.upsample(torch.from_numpy(told.features[lead:])[None])
    dice = Dice.throw(config, seed, 0, count)
    sharpness = (1.0 + (temperature - 1.0) * told.voiced[first:]).astype(np.float32)
    left = np.zeros(first + frames * config.hop, np.float32)
    signal = np.zeros(order + len(left), np.float32)
    backwards = np.ascontiguousarray(told.predictor[:, ::-1])
    for moment in range(count):
        step = moment // config.step
        begin = max(0, (moment - config.receptive_field + 1) // config.step)
        window = slice(begin * config.step, first + (step + 1) * config.step)
        inputs = residual.observe(
            config,
            told.part(window.start, window.stop, config.step),
            left[window],
            signal[window.start : order + window.stop],
            first,
        )
        condition = [layer[..., begin : step + 1] for layer in layers]
        answers = net.respond(torch.from_numpy(inputs)[None], condition)[0]
        answer = answers[:, moment - window.start, None].T.numpy()
        now = slice(moment, moment + 1)
        drawn = noise.draw(
            config, np.ascontiguousarray(answer), dice.choice[now], dice.place[now], sharpness[now]
        )
        at = first + moment
        past = signal[at : at + order]
        predicted = np.einsum("bp,bp->b", past[None], backwards[at // config.step][None])
        made = (predicted + told.gain[at] * drawn).clip(-1.0, 1.0)
        signal[order + at] = made[0]
        left[at] = ((made - predicted) / told.gain[at]).clip(-LIMIT, LIMIT)[0]
    return signal[order + first :][:count]


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
