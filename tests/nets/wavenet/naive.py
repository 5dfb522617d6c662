"""A WaveNet run over its receptive field for each sample: slow, and short enough to be checked by reading."""

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tiedtts.audio.lpc import LpcFrames
from tiedtts.nets.wavenet import noise, residual
from tiedtts.nets.wavenet.conditioning import LIMIT, clean_frames, conditioning, longest_lag
from tiedtts.nets.wavenet.net import WaveNet
from tiedtts.nets.wavenet.noise import Noise

Array = npt.NDArray[np.float32]


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
        filters: Filters of F frames.
        log_f0: (F,).
        voiced: (F,).
        seed: Seed of what is drawn.
        temperature: Temperature of voiced frames.
        samples: How many to make, S, at most F * hop; all by default.

    Returns:
        (S,), in [-1, 1].
    """
    assert isinstance(net, WaveNet)
    config = net.config
    clean = clean_frames(config, mel, filters, log_f0, voiced)
    frames = len(clean.features)
    count = frames * config.hop if samples is None else min(samples, frames * config.hop)
    # What is read reaches back to before the beginning, where there is silence.
    lead = -(-longest_lag(config) // config.hop)
    first = lead * config.hop
    given = conditioning(config, clean, -lead, lead + frames)
    order = given.predictor.shape[1]
    layers = net.upsample(torch.from_numpy(given.features[lead:])[None])
    chances = Noise.draw(config, seed, 0, count)
    sharpness = (1.0 + (temperature - 1.0) * given.voiced[first:]).astype(np.float32)
    left = np.zeros(first + frames * config.hop, np.float32)
    signal = np.zeros(order + len(left), np.float32)
    backwards = np.ascontiguousarray(given.predictor[:, ::-1])
    for moment in range(count):
        step = moment // config.step
        begin = max(0, (moment - config.receptive_field + 1) // config.step)
        window = slice(begin * config.step, first + (step + 1) * config.step)
        inputs = residual.net_inputs(
            config,
            given.part(window.start, window.stop, config.step),
            left[window],
            signal[window.start : order + window.stop],
            first,
        )
        condition = [layer[..., begin : step + 1] for layer in layers]
        answers = net.respond(torch.from_numpy(inputs)[None], condition)[0]
        answer = answers[:, moment - window.start, None].T.numpy()
        now = slice(moment, moment + 1)
        drawn = noise.draw_samples(
            config, np.ascontiguousarray(answer), chances.choice[now], chances.place[now], sharpness[now]
        )
        at = first + moment
        past = signal[at : at + order]
        predicted = np.einsum("bp,bp->b", past[None], backwards[at // config.step][None])
        made = (predicted + given.gain[at] * drawn).clip(-1.0, 1.0)
        signal[order + at] = made[0]
        left[at] = ((made - predicted) / given.gain[at]).clip(-LIMIT, LIMIT)[0]
    return signal[order + first :][:count]
